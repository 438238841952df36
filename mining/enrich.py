"""Scores of question-answer pairs by models: texts in, scores out.

Models are seen through two small protocols, so that the arithmetic here needs neither torch nor a model;
`mining.enrich_models` puts real ones behind them. Texts go to a model in batches of about one length, longest
first, since a batch costs as much as its longest text; scores come back in the order of the input. What is
held: the embeddings of one call, up to 40 bytes a dimension and pair; callers pass some thousands at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Label:
    """A classifier's most probable label and its probability."""

    name: str
    score: float


class Encoder(Protocol):
    """Turns texts into embeddings, one row a text; the two sides may differ in prompt or in model."""

    def encode_questions(self, texts: list[str]) -> Embeddings:
        """Return an array of shape `(n_texts, n_dimensions)`."""

    def encode_answers(self, texts: list[str]) -> Embeddings:
        """Return an array of shape `(n_texts, n_dimensions)`."""


class Classifier(Protocol):
    """Names the most probable label of each text."""

    def classify(self, texts: list[str]) -> list[Label]:
        """Return one label a text."""


def semantic_similarities(
    questions: Sequence[str], answers: Sequence[str], *, encoder: Encoder, batch_size: int
) -> list[float | None]:
    """Return the cosine of each question's embedding and its answer's, in [-1, 1]; None where undefined.

    It is undefined where an embedding has no direction: it is zero (a static model that knows no word of the
    text) or not finite (a model whose numbers overflow in half precision).
    """
    if len(questions) != len(answers):
        raise ValueError(f"{len(questions)} questions but {len(answers)} answers")
    if not questions:
        return []
    left = _in_batches(questions, encoder.encode_questions, batch_size=batch_size)
    right = _in_batches(answers, encoder.encode_answers, batch_size=batch_size)
    return cosines(np.stack(left), np.stack(right))


def cosines(left: Embeddings, right: Embeddings) -> list[float | None]:
    """Return the cosine of each pair of rows of arrays of shape `(n, n_dimensions)`; None if undefined."""
    a, b = _directions(left), _directions(right)
    products = np.clip(np.einsum("ij,ij->i", a, b), -1.0, 1.0)
    return [float(value) if np.isfinite(value) else None for value in products]


def top_labels(texts: Sequence[str], *, classifier: Classifier, batch_size: int) -> list[Label]:
    """Return each text's most probable label."""
    return _in_batches(texts, classifier.classify, batch_size=batch_size)


def batches_by_length(texts: Sequence[str], batch_size: int) -> Iterator[list[int]]:
    """Yield the indices of the texts in batches, longest texts first, equal lengths in their order."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def _in_batches(texts: Sequence[str], score: Any, *, batch_size: int) -> list[Any]:
    results: list[Any] = [None] * len(texts)
    for batch in batches_by_length(texts, batch_size):
        for index, result in zip(batch, score([texts[i] for i in batch]), strict=True):
            results[index] = result
    return results


def _directions(rows: Embeddings) -> npt.NDArray[np.float64]:
    """Return rows of length 1; those without a direction become NaN."""
    wide = rows.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = np.abs(wide).max(axis=1, keepdims=True)
        wide = wide / scale  # so that squares neither overflow nor vanish
        return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), dtype=np.float64)
