"""Exact top-k search by BM25: an index built once and mapped, batches of queries that share the walk over it.

The postings' rounded impacts choose a few hundred documents a query, with a bound below which none of the
best can be; these are scored exactly (`mining.bm25_kernel`). A query that keeps too many, as where thousands
of documents are alike, is asked again with more room, in the end for all documents.

What grows: 14 bytes of room a query and document kept, for BATCH queries a thread: 30 MB at k = 200.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mining.bm25_build import term_counts
from mining.bm25_impact import VARIANTS
from mining.bm25_index import MAX_LEVEL, SEED_RANKS, Bm25Index
from mining.bm25_kernel import OVERFLOW, WEIGHT_BITS, Kept, rescore, score_all, walk
from mining.token_ids import TokenIds

BATCH = 2048
"""Queries that walk the index together: the more, the less a block's way into the cache costs each."""

NO_DOCUMENT = -1

_MIN_ROOM = 1024
_MORE_ROOM = 8
_ONE = 1 << WEIGHT_BITS
_MAX_SUM = OVERFLOW - 1
_NOTHING = np.uint64(0xFFFFFFFF_FFFFFFFF)


@dataclass(frozen=True, slots=True)
class _Queries:
    """Different terms of each query, ascending, with their weights."""

    terms: NDArray[np.int32]
    weights: NDArray[np.float64]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def of(self) -> NDArray[np.int64]:
        """Return the query of each term."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def fixed(self) -> NDArray[np.int64]:
        """Return the weights in fixed point, rounded up."""
        return np.ceil(self.weights * _ONE).astype(np.int64)

    def at(self, rows: NDArray[np.int64]) -> "_Queries":
        """Return some of the queries."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return _Queries(self.terms[places], self.weights[places], offsets)


def search(
    index: Bm25Index, queries: TokenIds, k: int, *, n_threads: int = 1
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the k best documents of each query and their scores, both `(n_queries, k)`.

    In order of score, then of document number; documents without any of the query's terms are not among
    them: NO_DOCUMENT and score 0 fill up. Terms that the index does not know count nothing. The result does
    not depend on batches or threads.
    """
    starts = range(0, len(queries), BATCH)
    batches = [queries.part(first, min(first + BATCH, len(queries))) for first in starts]
    with ThreadPoolExecutor(n_threads) as pool:
        keys = list(pool.map(lambda batch: _search_batch(index, batch, k), batches))
    return _unpacked(np.concatenate([np.empty((0, k), np.uint64), *keys]))


def _search_batch(index: Bm25Index, tokens: TokenIds, k: int) -> NDArray[np.uint64]:
    """Return the sort keys of the k best, `(n_queries, k)`."""
    terms, counts, offsets = term_counts(*tokens.below(index.n_terms))
    queries = _Queries(terms, VARIANTS[index.form.variant].query_weight(counts.astype(np.float64)), offsets)
    keys = np.full((len(queries), k), _NOTHING)
    fits = _fits(queries)
    room = max(_MIN_ROOM, 4 * k)
    n_together = BATCH
    rows = np.flatnonzero(fits)
    while len(rows):
        again = []
        for first in range(0, len(rows), n_together):
            some = rows[first : first + n_together]
            keys[some], is_overflow = _walk(index, queries.at(some), k, room)
            again.append(some[is_overflow])
        rows = np.concatenate(again)
        room, n_together = room * _MORE_ROOM, max(1, n_together // _MORE_ROOM)
        if room > index.n_documents:
            break
    for row in np.concatenate([rows, np.flatnonzero(~fits)]):
        keys[row] = _search_all(index, queries.at(np.array([row])), k)
    return keys


def _fits(queries: _Queries) -> NDArray[np.bool_]:
    """Tell the queries of which no product and no sum exceeds 16 bits."""
    largest = queries.fixed * MAX_LEVEL
    sums = np.bincount(queries.of, weights=_whole(largest), minlength=len(queries))
    n_heavy = np.bincount(queries.of, weights=largest > _MAX_SUM, minlength=len(queries))
    fits: NDArray[np.bool_] = (sums <= _MAX_SUM) & (n_heavy == 0)
    return fits


def _whole(fixed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers in fixed point rounded up, as the kernel does."""
    return (fixed + _ONE - 1) >> WEIGHT_BITS


def _walk(
    index: Bm25Index, queries: _Queries, k: int, room: int
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the keys of the k best, and for which queries there was too little room."""
    terms, term_rows = np.unique(queries.terms, return_inverse=True)
    slacks, thresholds = _bounds(index, queries, k)
    shape = len(queries), room
    kept = Kept(
        documents=np.empty(shape, np.int32),
        sums=np.empty(shape, np.uint16),
        n=np.zeros(len(queries), np.int64),
        thresholds=thresholds,
        slacks=slacks,
    )
    walk(index.postings, kept, k, terms, term_rows, queries.fixed, queries.offsets)
    keys = np.full((len(queries), max(k, int(kept.n.max(initial=0)))), _NOTHING)
    exact = queries.terms, queries.weights, queries.offsets
    rescore(index.forward, index.forward_offsets, *exact, kept.documents, kept.n, keys)
    keys.sort(axis=1)
    return keys[:, :k], kept.thresholds == OVERFLOW


def _bounds(index: Bm25Index, queries: _Queries, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what rounding may add to each query's sums, and what a sum must reach to be among its k best.

    Rounding an impact up adds less than 1 times the weight; a weight that is rounded, too, adds less than a
    sixteenth of 255, and its product less than 1.
    """
    fixed = queries.fixed
    is_rounded = fixed != queries.weights * _ONE
    rounding = queries.weights + is_rounded * (MAX_LEVEL / _ONE + 1)
    slacks = np.ceil(np.bincount(queries.of, weights=rounding, minlength=len(queries))).astype(np.int64)
    reached = np.zeros(len(queries), np.int64)
    rank = next((place for place, rank in enumerate(SEED_RANKS) if rank >= k), None)
    if rank is not None:
        seeds = index.seeds[rank * index.n_terms :][queries.terms].astype(np.int64)
        np.maximum.at(reached, queries.of, _whole(seeds * fixed))
    return slacks, np.maximum(reached - slacks, 1)


def _search_all(index: Bm25Index, query: _Queries, k: int) -> NDArray[np.uint64]:
    """Return the keys of the k best of one query, of which every document is scored."""
    keys = np.full(max(index.n_documents, k), _NOTHING)
    score_all(index.forward, index.forward_offsets, query.terms, query.weights, keys)
    keys.sort()
    return keys[:k]


def _unpacked(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    is_found = keys != _NOTHING
    documents = np.where(is_found, keys & np.uint64(0xFFFFFFFF), 0).astype(np.int32)
    scores = (~(keys >> np.uint64(32)).astype(np.uint32)).view(np.float32)
    return np.where(is_found, documents, NO_DOCUMENT), np.where(is_found, scores, np.float32(0))
