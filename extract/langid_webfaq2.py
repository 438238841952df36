"""Language identification of profile webfaq2: the rules published with WebFAQ 2.0.

fastText reads question, answer, title and description, and gives ten languages. Where a folder of the URL
hints at one of them, it needs a probability of 0.12 only, otherwise the first needs 0.25. Source:
src/webfaq/cli/ extract.py of github.com/padas-lab-de/webfaq, commit 0e74bca. One difference: the score of a
pair with a hint is the hinted language's, where the published `confidence` is that of the last of the ten.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import langcodes
from langcodes.tag_parser import LanguageTagError

from extract.langid_codes import UNKNOWN
from extract.langid_model import Predictor
from extract.langid_records import Language, LanguageRule, PageEvidence, Source
from extract.langid_script import dominant_script, script_shares

MIN_SCORE = 0.25
MIN_HINT_SCORE = 0.12
N_CANDIDATES = 10

_TABLE = Path(__file__).with_suffix(".toml")
_FIRST_FOLDER = re.compile(r"https?://[^/]+/([^/]+)")
_SECOND_FOLDER = re.compile(r"https?://[^/]+/[^/]+/([^/]+)")
_NOT_IN_ISO639 = frozenset({"bh", "in", "iw", "ji", "jw", "mo"})
"""Two-letter codes that ISO 639 has withdrawn."""


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """What the published rules know by heart."""

    languages: Mapping[str, Sequence[str]]
    """ISO 3166-1 code of a country -> ISO 639-3 codes of its languages, in the order they are tried."""
    origins: Mapping[str, str]
    """Scheme and host of a site -> ISO 639-3 code of all its pairs."""


@cache
def published_table() -> PublishedTable:
    """Read langid_webfaq2.toml."""
    return PublishedTable(**tomllib.loads(_TABLE.read_text(encoding="utf-8")))


@cache
def iso639_3(code: str) -> str | None:
    """Return the ISO 639-3 code of a two-letter code (`no` is nor, `sh` hbs), three letters as they are."""
    if len(code) == 3:
        return code
    if code in _NOT_IN_ISO639:
        return None
    try:
        return langcodes.Language.get(code, normalize=False).to_alpha3()
    except (LanguageTagError, LookupError):
        return None


def url_hints(url: str) -> list[str]:
    """Return the languages that the URL's first folder hints at, else its second one, the likeliest first."""
    for folder in (_FIRST_FOLDER, _SECOND_FOLDER):
        match = folder.match(url)
        hints = _folder_hints(match.group(1).lower()) if match else []
        if hints:
            return hints
    return []


def _folder_hints(name: str) -> list[str]:
    if re.fullmatch(r"[a-z]{2}-[a-z]{2}", name):
        codes: Sequence[str | None] = [iso639_3(name[:2])]
    elif re.fullmatch(r"[a-z]{3}(-[a-z]{2})?", name):
        codes = [name[:3]]
    elif re.fullmatch(r"[a-z]{2}", name):
        codes = [*published_table().languages.get(name.upper(), []), iso639_3(name)]
    else:
        codes = []
    return list(dict.fromkeys(code for code in codes if code))


class Webfaq2Identifier:
    """Identifies languages by the published rules. Pairs of a page do not matter to each other."""

    def __init__(self, predictor: Predictor) -> None:
        self._predict = predictor.predict

    def identify_page(
        self, page: PageEvidence, pairs: Sequence[tuple[str, str, str | None]]
    ) -> list[Language]:
        """See LanguageIdentifier."""
        context = "".join(f" # {part}" for part in (page.title, page.description) if part)
        fixed = published_table().origins.get("/".join(page.url.split("/")[:3]))
        hints = url_hints(page.url)
        return [
            self._fixed(fixed, f"{question} {answer}")
            if fixed
            else self._identify(f"{question} {answer}{context}", f"{question} {answer}", hints)
            for question, answer, _ in pairs
        ]

    def identify_text(self, text: str) -> Language:
        """See LanguageIdentifier."""
        return self._identify(text, text, [])

    def _fixed(self, code: str, pair: str) -> Language:
        return Language(code, dominant_script(script_shares(pair)), 1.0, Source.HINT)

    def _identify(self, text: str, pair: str, hints: Sequence[str]) -> Language:
        line = text.replace("\n", " ").strip().encode("utf-8", "ignore").decode()
        script = dominant_script(script_shares(pair))
        if not line:
            return Language(UNKNOWN, script, 0.0, Source.NONE, LanguageRule.LANGUAGE_UNCERTAIN)
        labels, probabilities = self._predict(line, k=N_CANDIDATES)
        codes = [iso639_3(label.removeprefix("__label__").partition("_")[0]) for label in labels]
        scores = dict(zip(codes, map(float, probabilities), strict=True))
        hinted = next((code for code in hints if scores.get(code, 0.0) >= MIN_HINT_SCORE), None)
        code, source = (hinted, Source.HINT) if hinted else (codes[0], Source.TEXT)
        score = min(1.0, scores[code])
        certain = code is not None and (hinted is not None or score >= MIN_SCORE)
        dropped_by = None if certain else LanguageRule.LANGUAGE_UNCERTAIN
        return Language(code or UNKNOWN, script, score, source, dropped_by)
