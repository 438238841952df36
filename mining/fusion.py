"""Candidates of a block of queries: what BM25 and dense retrieval found, in one list.

Lists are fused by reciprocal ranks (Cormack, Clarke and Buettcher 2009): a document's score is the sum of
`1 / (constant + rank)` over the lists that name it. Raw scores are of different scales and kept beside it.

What is held: some 120 bytes a listed document while sorting, 45 a candidate returned. A block of 10,000
queries with two lists of 200 documents is half a GB at most.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mining.ranking import Indices, Ranking, Scores

RRF_CONSTANT = 60
"""Of the paper; the ranking hardly depends on it."""


@dataclass(frozen=True, slots=True)
class Fused:
    """Candidates in the order of queries, then of fused rank; arrays of shape `(n_candidates,)`."""

    query: Indices
    """Row of the query in the block."""
    document: Indices
    rank: NDArray[np.int32]
    """In the fused list, from 1; positives have a rank like others."""
    score: NDArray[np.float64]
    """Sum of reciprocal ranks."""
    bm25_rank: NDArray[np.int32]
    """From 1; 0 where BM25 did not list the document."""
    bm25_score: Scores
    """NaN where BM25 did not list the document."""
    dense_rank: NDArray[np.int32]
    dense_score: Scores
    is_positive: NDArray[np.bool_]


def fuse(
    bm25: Ranking | None,
    dense: Ranking | None,
    *,
    positive_query: Indices,
    positive_document: Indices,
    depth: int,
    constant: float = RRF_CONSTANT,
) -> Fused:
    """Return the first `depth` candidates of each query that are no positives, and all positives listed.

    Positives, `(n_positives,)`, are flagged and not counted, so that `depth` remain when they are taken out;
    lists should be longer by the most positives of a query. Of equal fused scores the lower document comes
    first. ValueError without any ranking, or for rankings of different numbers of queries.
    """
    n_queries = {len(ranking) for ranking in (bm25, dense) if ranking is not None}
    if len(n_queries) != 1:
        raise ValueError("fusion needs one ranking, or two of the same queries")
    pairs = _Pairs.of(bm25 or _nothing(*n_queries), dense or _nothing(*n_queries))
    bm25_rank, bm25_score = pairs.places(bm25)
    dense_rank, dense_score = pairs.places(dense)
    score = _reciprocal(bm25_rank, constant) + _reciprocal(dense_rank, constant)
    is_positive = pairs.among(positive_query, positive_document)
    order = _best_first(pairs.query, score, n_queries=max(n_queries))
    rank, kept = _ranked(pairs.query, is_positive[order], depth)
    order = order[kept]
    return Fused(
        query=pairs.query[order],
        document=pairs.document[order],
        rank=rank[kept],
        score=score[order],
        bm25_rank=bm25_rank[order],
        bm25_score=bm25_score[order],
        dense_rank=dense_rank[order],
        dense_score=dense_score[order],
        is_positive=is_positive[order],
    )


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Distinct pairs of a query and a document, sorted, `(n_pairs,)`."""

    query: Indices
    document: Indices
    n_documents: int
    keys: Indices

    @staticmethod
    def of(*lists: Ranking) -> "_Pairs":
        n_documents = 1 + max(int(ranking.documents.max(initial=-1)) for ranking in lists)
        keys = np.unique(
            np.concatenate([ranking.queries * n_documents + ranking.documents for ranking in lists])
        )
        return _Pairs(*np.divmod(keys, max(n_documents, 1)), n_documents, keys)

    def places(self, ranking: Ranking | None) -> tuple[NDArray[np.int32], Scores]:
        """Return for each pair its rank and raw score in a list, 0 and NaN where it is not listed."""
        ranks = np.zeros(len(self.keys), dtype=np.int32)
        scores = np.full(len(self.keys), np.nan, dtype=np.float32)
        if ranking is not None:
            at = np.searchsorted(self.keys, ranking.queries * self.n_documents + ranking.documents)
            ranks[at], scores[at] = ranking.ranks, ranking.scores
        return ranks, scores

    def among(self, query: Indices, document: Indices) -> NDArray[np.bool_]:
        """Tell which pairs are among those given."""
        near = document < self.n_documents
        wanted = query[near] * self.n_documents + document[near]
        at = np.searchsorted(self.keys, wanted)
        found = np.zeros(len(self.keys) + 1, dtype=np.bool_)
        found[at[np.append(self.keys, -1)[at] == wanted]] = True
        return found[:-1]


def _best_first(query: Indices, score: NDArray[np.float64], *, n_queries: int) -> Indices:
    """Return the order by query, then by score; rows of equal score stay as they are.

    Two stable sorts: the second, of small numbers, is a radix sort, and takes a tenth of a sort by two keys.
    """
    by_score = np.argsort(-score, kind="stable")
    kind = np.uint16 if n_queries <= 1 << 16 else np.int64
    return by_score[np.argsort(query[by_score].astype(kind), kind="stable")]


def _nothing(n_queries: int) -> Ranking:
    return Ranking(np.zeros(n_queries + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


def _reciprocal(rank: NDArray[np.int32], constant: float) -> NDArray[np.float64]:
    return np.where(rank > 0, 1 / (constant + rank), 0.0)


def _ranked(
    query: Indices, is_positive: NDArray[np.bool_], depth: int
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return each candidate's rank within its query, and whether it is kept."""
    firsts = np.searchsorted(query, query)
    before: Indices = np.cumsum(~is_positive) - ~is_positive  # candidates that count, above in the block
    kept = is_positive | (before - before[firsts] < depth)
    return (np.arange(len(query)) - firsts + 1).astype(np.int32), kept
