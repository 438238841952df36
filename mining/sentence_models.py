"""Load sentence-transformers models: what scoring pairs and aligning them have in common.

A model is loaded once a process and kept. The libraries belong to the extra `mining` and are imported inside
functions. What is held: a model's weights, in each process that embeds; a batch of texts and its activations.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mining.model_source import ModelSource, fetch, first_line, mining_library
from pipeline.core.errors import ConfigError

_SYMMETRIC_PROMPTS = ("BitextMining", "STS", "query")
"""Prompts for texts that are compared with their like: names of MTEB's tasks; `query` is E5's advice."""
_TRIAL = ["Why?", "Because these are two texts of different lengths."]
"""Embedded once after loading, so that a model that cannot be used is found before the work begins."""


class TextEmbedder:
    """Turns texts into rows that compare by their products, whatever language they are in."""

    def __init__(self, model: Any, prompt: str, batch_size: int) -> None:
        self._model = model
        self._prompt = prompt
        self._batch_size = batch_size

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows of length 1, `(n_texts, n_dimensions)`.

        A row is 0 where a text has no direction: a static model knows no word of it, or a model's numbers
        overflow.
        """
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension()), dtype=np.float32)
        rows = self._model.encode(
            list(texts), prompt=self._prompt, batch_size=self._batch_size, show_progress_bar=False
        ).astype(np.float32)
        rows[~np.isfinite(rows).all(axis=1)] = 0
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
        return unit


@cache
def load_embedder(
    source: ModelSource, *, max_tokens: int, device: str, batch_size: int, prompt: str | None = None
) -> TextEmbedder:
    """Load the model that aligns texts; the prompt is the model's own for such a task, or the text given.

    Raises ConfigError for what is no such model, ModelOutOfReachError for what cannot be fetched.
    """
    model = load_model(source, max_tokens=max_tokens, device=device, section="align", key="embedder")
    if prompt is None:
        prompt = next((model.prompts[p] for p in _SYMMETRIC_PROMPTS if model.prompts.get(p)), "")
    embedder = TextEmbedder(model, prompt, batch_size)
    with load_errors(source):
        embedder.embed(_TRIAL)
    return embedder


def load_model(source: ModelSource, *, max_tokens: int, device: str, section: str, key: str) -> Any:
    """Return a SentenceTransformer; half precision on CUDA, single elsewhere.

    `section` and `key` name the setting in errors. Raises as `load_embedder` does.
    """
    folder = fetch(source)
    if not (folder / "modules.json").is_file():
        raise ConfigError(
            f"Model {source.name} is no sentence-transformers model: it has no modules.json. Choose another "
            f"{section}.{key}."
        )
    kind = read_json(folder / "config_sentence_transformers.json").get("model_type", "SentenceTransformer")
    if kind != "SentenceTransformer":
        raise ConfigError(f"Model {source.name} is a {kind}; {section}.{key} must be an encoder.")
    library, where = mining_library("sentence_transformers"), device_of(device, section=section)
    silence_progress()
    with load_errors(source):
        model = library.SentenceTransformer(
            str(folder), device=where, local_files_only=True, model_kwargs={"dtype": dtype_on(where)}
        )
        model.eval()
        limit = model.max_seq_length
        if limit is None or max_tokens < limit < float("inf"):  # infinite: a static model
            model.max_seq_length = max_tokens
    return model


def silence_progress() -> None:
    """Keep the libraries' bars and reports on loading out of the terminal; faults still raise."""
    logging = import_module("transformers").utils.logging
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def device_of(wanted: str, *, section: str) -> str:
    """Return where to run; ConfigError for a CUDA device that torch does not find."""
    torch = mining_library("torch")
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(f"{section}.device={wanted}: torch finds no CUDA device; use auto or cpu.")
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def dtype_on(device: str) -> Any:
    """Return half precision on CUDA, single elsewhere."""
    torch = import_module("torch")
    return torch.float16 if device.startswith("cuda") else torch.float32


@contextmanager
def load_errors(source: ModelSource) -> Iterator[None]:
    """Turn whatever goes wrong inside a model's own code into one sentence; models fail in every way."""
    try:
        yield
    except Exception as error:
        raise ConfigError(f"Model {source.name} cannot be loaded: {first_line(error)}.") from error


def prompt_text(wanted: str | None, usual: tuple[str, ...], prompts: dict[str, str], *, key: str) -> str:
    """Return what goes before each input: of a model's `prompts` the one named, or the first usual one.

    Text that ends in a space is taken as it is. The library itself would take an empty `document` for a
    model that defines `passage` alone. ConfigError, which names the setting `key`, for an undefined prompt.
    """
    if wanted is None:
        return next((prompts[name] for name in usual if name in prompts), "")
    if wanted.endswith(" "):
        return wanted
    if wanted not in prompts:
        known = f"it defines {', '.join(sorted(prompts))}" if prompts else "it defines none"
        raise ConfigError(
            f"{key}={wanted}: the model defines no such prompt ({known}). Name one of its own, or write text "
            f"that ends in a space, in quotes, such as '\"{wanted.rstrip(': ')}: \"'."
        )
    return prompts[wanted]


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file, empty where there is none; ConfigError for what is no JSON."""
    try:
        tree = json.loads(path.read_bytes()) if path.is_file() else {}
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}.") from None
    return tree if isinstance(tree, dict) else {}
