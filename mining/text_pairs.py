"""Pairs of a query and a document as texts: each distinct pair of a block once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Pairs of texts to be scored: rows of `query` and `document`, `(n_pairs,)`, index the two lists."""

    queries: list[str]
    documents: list[str]
    query: Indices
    document: Indices

    def __len__(self) -> int:
        return len(self.query)

    @staticmethod
    def distinct(
        query: Indices, document: Indices, *, queries: Sequence[str], documents: Sequence[str]
    ) -> "tuple[TextPairs, Indices]":
        """Return the distinct pairs of texts, and for each pair given, `(n_given,)`, its place among them.

        Their order, and with it the batches that a model reads, follows from the block alone.
        """
        query_texts, of_query = _numbered(query, queries)
        document_texts, of_document = _numbered(document, documents)
        keys, places = np.unique(of_query * len(document_texts) + of_document, return_inverse=True)
        rows = np.divmod(keys, max(len(document_texts), 1))
        return TextPairs(query_texts, document_texts, *rows), places


def _numbered(index: Indices, texts: Sequence[str]) -> tuple[list[str], Indices]:
    """Return the distinct texts that are indexed, and for each index the number of its text."""
    used, inverse = np.unique(index, return_inverse=True)
    numbers: dict[str, int] = {}
    of_used = np.fromiter((numbers.setdefault(texts[i], len(numbers)) for i in used), np.int64, len(used))
    return list(numbers), of_used[inverse]
