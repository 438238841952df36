"""What one occurrence of a term in a document is worth: the variants of BM25, a few lines each.

A document's score is the sum, over the query's terms that it has, of the term's weight in the query times its
impact in the document.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
VariantName = Literal["lucene", "robertson", "atire", "bm25+", "rankevolve"]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Terms in documents, one element each, `(n,)`, and the corpus that they are from."""

    frequency: Floats
    """How often the term occurs in the document."""
    n_with: Floats
    """Documents that have the term."""
    n_documents: int
    length: Floats
    """The document's number of tokens over the mean."""
    n_distinct: Floats
    """The document's number of different terms over the mean."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One form of BM25."""

    impact: Callable[[Occurrences, float, float], Floats]
    """Of occurrences, k1 and b; never negative."""
    query_weight: Callable[[Floats], Floats]
    """Of how often a term occurs in the query."""


def _saturated(of: Occurrences, k1: float, b: float) -> Floats:
    return of.frequency / (of.frequency + k1 * (1 - b + b * of.length))


def _idf(of: Occurrences) -> Floats:
    return np.log1p((of.n_documents - of.n_with + 0.5) / (of.n_with + 0.5))


def lucene(of: Occurrences, k1: float, b: float) -> Floats:
    """Lucene 8 and later: without the factor k1 + 1, which changes no ranking."""
    return _idf(of) * _saturated(of, k1, b)


def robertson(of: Occurrences, k1: float, b: float) -> Floats:
    """Robertson and others (1995); terms of more than half of all documents count nothing, not less."""
    idf = np.log((of.n_documents - of.n_with + 0.5) / (of.n_with + 0.5))
    return np.maximum(idf, 0) * (k1 + 1) * _saturated(of, k1, b)


def atire(of: Occurrences, k1: float, b: float) -> Floats:
    """Trotman, Jia and Crane (2012)."""
    return np.log(of.n_documents / of.n_with) * (k1 + 1) * _saturated(of, k1, b)


def bm25_plus(of: Occurrences, k1: float, b: float) -> Floats:
    """Lv and Zhai (2011), with delta = 1: an occurrence counts, however long the document is."""
    return np.log((of.n_documents + 1) / of.n_with) * ((k1 + 1) * _saturated(of, k1, b) + 1)


def rankevolve(of: Occurrences, k1: float, b: float) -> Floats:
    """RankEvolve's form of BM25: lengths are half tokens, half different terms."""
    norm = 1 - b + b * (of.length + of.n_distinct) / 2
    return _idf(of) ** 1.3 * (of.frequency * (k1 + 1) / (of.frequency + k1 * norm) + 0.5)


def _as_often(frequency: Floats) -> Floats:
    return frequency


def _log_often(frequency: Floats) -> Floats:
    return 1 + np.log(frequency)


VARIANTS: dict[VariantName, Variant] = {
    "lucene": Variant(lucene, _as_often),
    "robertson": Variant(robertson, _as_often),
    "atire": Variant(atire, _as_often),
    "bm25+": Variant(bm25_plus, _as_often),
    "rankevolve": Variant(rankevolve, _log_often),
}
