"""The model that embeds queries and documents for dense retrieval: loaded, or trained on the corpus itself.

Any sentence-transformers encoder will do. A model is loaded once a process and kept; the libraries belong to
the extra `mining` and are imported inside functions. What is held: a model's weights in each process, a batch
and its activations, and the texts and rows of one call: callers pass some thousands of texts at a time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mining.bootstrap import MIN_PAIRS, Recipe, TooFewPairsError, TrainingPair, TrainingStats, train_bootstrap
from mining.margin import on_grid
from mining.model_source import ModelSource
from mining.sentence_models import load_errors, load_model, prompt_text
from mining.token_batches import token_batches, token_counts
from pipeline.core.errors import ConfigError

_QUERY_PROMPTS = ("query",)
_DOCUMENT_PROMPTS = ("document", "passage", "corpus")
_TRIAL = ["Why?", "Because these are two texts of different lengths."]
"""Embedded once after loading, so that a model that cannot be used is found before the work begins."""

_RECIPE = Recipe()

Vectors = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Reading:
    """How and where a dense model reads texts."""

    max_tokens: int = 512
    device: str = "auto"
    tokens_per_batch: int = 16_384
    query_prompt: str | None = None
    """Name of one of the model's prompts, or text that ends in a space; the model's own `query` if None."""
    document_prompt: str | None = None
    """Likewise; the model's own `document`, `passage` or `corpus` if None."""


class DenseModel:
    """Turns queries and documents into rows that compare by their products."""

    def __init__(self, model: Any, *, query_prompt: str, document_prompt: str, reading: Reading) -> None:
        self._model = model
        self._query_prompt = query_prompt
        self._document_prompt = document_prompt
        self._reading = reading

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Return rows of length 1 on the grid of `mining.margin`, `(n_texts, n_dimensions)`.

        A row is 0 where a text has no direction: a static model knows no word of it, or a model's numbers
        overflow.
        """
        return self._embedded(self._model.encode_query, texts, self._query_prompt)

    def documents(self, texts: Sequence[str]) -> Vectors:
        """Return rows like those of `queries`."""
        return self._embedded(self._model.encode_document, texts, self._document_prompt)

    def _embedded(self, encode: Callable[..., Any], texts: Sequence[str], prompt: str) -> Vectors:
        lengths = token_counts(self._model.tokenizer, texts, max_tokens=self._reading.max_tokens)
        rows = np.zeros((len(texts), self._model.get_embedding_dimension()), dtype=np.float16)
        for batch in token_batches(lengths, budget=self._reading.tokens_per_batch):
            some = [texts[i] for i in batch]
            found = encode(some, prompt=prompt, batch_size=len(some), show_progress_bar=False)
            rows[batch] = on_grid(_unit(found.astype(np.float32)))
        return rows


@cache
def load_dense_model(source: ModelSource, reading: Reading, *, key: str = "dense_model") -> DenseModel:
    """Load the model; half precision on CUDA, single elsewhere. Errors name the setting `mining.KEY`.

    Raises ConfigError for what is no such model, ModelOutOfReachError for what cannot be fetched.
    """
    model = load_model(
        source, max_tokens=reading.max_tokens, device=reading.device, section="mining", key=key
    )
    prompts = {key: text for key, text in model.prompts.items() if text}
    dense = DenseModel(
        model,
        query_prompt=prompt_text(reading.query_prompt, _QUERY_PROMPTS, prompts, key="mining.query_prompt"),
        document_prompt=prompt_text(
            reading.document_prompt, _DOCUMENT_PROMPTS, prompts, key="mining.document_prompt"
        ),
        reading=reading,
    )
    with load_errors(source):
        dense.queries(_TRIAL)
        dense.documents(_TRIAL)
    return dense


def train_dense_model(
    pairs: Iterable[tuple[str, str, str, str]], *, out: Path, recipe: Recipe = _RECIPE
) -> TrainingStats:
    """Train a static model on questions and answers, and save it in folder `out`.

    Each pair is question, answer, language and site, of the training split alone. The model is that of
    `mining.bootstrap`, to which the two sides are texts of one language. Raises ConfigError where there is
    too little to learn from.

    Measured on the sample crawl, 1392 pairs in 30 languages, questions of sites that it was not trained on
    (three folds): mean reciprocal rank 0.47 among the answers of the language, recall 0.76 in the first 10
    and 0.96 in the first 50; to count questions and answers as two languages changes nothing.
    """
    training = (
        TrainingPair(question, answer, language, language, site) for question, answer, language, site in pairs
    )
    try:
        return train_bootstrap(training, out=out, recipe=recipe)
    except TooFewPairsError as error:
        raise ConfigError(
            f"There are {error.n_pairs} questions with answers to train the dense model on, fewer than "
            f"{MIN_PAIRS}; name a model with mining.dense_model, or mine without one."
        ) from None


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of length 1; zeros for those that have no length or overflow."""
    rows[~np.isfinite(rows).all(axis=1)] = 0
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit
