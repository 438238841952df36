"""The search of `mining.bm25`, compiled by Numba: a batch of queries walks the index block by block.

A block has so few documents that one 16-bit sum for each stays in the first-level cache, and its postings in
the second while all queries of a batch pass. Impacts are rounded up to 8 bits, so that no sum is too small: a
document is among the k best only if its sum is not below the k-th best sum less what rounding may have added
(the query's slack). Those documents are kept, and scored exactly in the end.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mining.bm25_vectors import (
    CHUNK,
    LANES,
    add_rows,
    equal,
    prefetch,
    reaching_0,
    reaching_1,
    reaching_2,
    reaching_3,
    reaching_4,
    trailing_zeros,
)

BLOCK = 12_288
"""Documents of a block: 24 KB of sums."""

WEIGHT_BITS = 4
"""Binary places of the weight of a query's term."""

DENSE = -1
"""Number of postings of a term that has a row instead, with one impact for each document of the block."""

OVERFLOW = 1 << 16
"""Threshold of a query that has kept more documents than there is room for."""

_ONE = 1 << WEIGHT_BITS
_MAX_DENSE = 64
_FEW_POSTINGS = 512
"""Postings of a query in a block up to which each is looked up again, rather than all sums of the block."""
_AHEAD = 8
"""Documents whose terms are fetched before they are asked for."""

compiled = njit(nogil=True, cache=True, boundscheck=False, error_model="numpy")


class Postings(NamedTuple):
    """The blocks of an index (`mining.bm25_index`)."""

    block_offsets: NDArray[np.int64]
    """`(n_blocks + 1,)` into the next three."""
    block_terms: NDArray[np.int32]
    """The terms of each block, ascending."""
    starts: NDArray[np.int64]
    """Where a term's postings begin, or its row."""
    counts: NDArray[np.int32]
    """How many postings it has; DENSE for one with a row."""
    documents: NDArray[np.uint16]
    """Numbers within the block."""
    impacts: NDArray[np.uint8]
    rows: NDArray[np.uint8]
    """Rows of BLOCK impacts."""


class Kept(NamedTuple):
    """Room for the documents that may be among the k best of each query."""

    documents: NDArray[np.int32]
    """`(n_queries, room)`."""
    sums: NDArray[np.uint16]
    """`(n_queries, room)`."""
    n: NDArray[np.int64]
    """How many of them count."""
    thresholds: NDArray[np.int64]
    """What a sum must reach; OVERFLOW where the room was too small."""
    slacks: NDArray[np.int64]


@compiled
def walk(postings, kept, k, terms, term_rows, weights, offsets):
    """Fill `kept` with the documents of all blocks that may be among the k best of each query.

    `terms` ascend; `term_rows` and `weights` (in fixed point) are those of the queries, CSR by `offsets`.
    """
    sums = np.zeros(BLOCK, np.uint16)
    histogram = np.zeros(1 << 16, np.int32)
    where = np.empty(len(terms), np.int64)
    places = np.empty(len(terms), np.int64)
    rows = np.empty(_MAX_DENSE, np.int64)
    for block in range(len(postings.block_offsets) - 1):
        _find_terms(postings, block, terms, where)
        for query in range(len(offsets) - 1):
            if kept.thresholds[query] == OVERFLOW:
                continue
            n_places = 0
            for i in range(offsets[query], offsets[query + 1]):
                places[n_places] = where[term_rows[i]]
                n_places += 1
            n_rows, n_postings = _add_up(postings, sums, places, n_places, weights, offsets[query], rows)
            if n_rows == 0 and n_postings <= _FEW_POSTINGS:
                _look_up(postings, sums, places, n_places, block, query, kept, k, histogram)
            else:
                _scan(postings, sums, rows, n_rows, block, query, kept, k, histogram)
    for query in range(len(offsets) - 1):
        _tighten(query, kept, kept.n[query], kept.thresholds[query], k, histogram)


@compiled
def _find_terms(postings, block, terms, where):
    """Write where each term stands among those of a block, or -1; both ascend."""
    first = postings.block_offsets[block]
    present = postings.block_terms[first : postings.block_offsets[block + 1]]
    j = 0
    for i in range(len(terms)):
        if len(terms) * 16 < len(present):  # few queries: most of the block's terms need not be seen
            j = np.searchsorted(present, terms[i])
        while j < len(present) and present[j] < terms[i]:
            j += 1
        where[i] = first + j if j < len(present) and present[j] == terms[i] else -1


@compiled
def _add_up(postings, sums, places, n_places, weights, first, rows):
    """Add a query's postings in a block to the sums; return how many `rows` are left to add, and postings.

    A term that the query has twice is a row added twice.
    """
    n_rows = n_postings = 0
    for i in range(n_places):
        if places[i] < 0:
            continue
        start, n, weight = postings.starts[places[i]], postings.counts[places[i]], weights[first + i]
        if n == DENSE and weight % _ONE == 0 and n_rows + weight // _ONE <= _MAX_DENSE:
            for _ in range(weight // _ONE):
                rows[n_rows] = start
                n_rows += 1
        elif n == DENSE:
            n_postings += BLOCK
            for d in range(BLOCK):
                sums[d] += (postings.rows[start + d] * weight + (_ONE - 1)) >> WEIGHT_BITS
        elif weight == _ONE:
            n_postings += n
            for p in range(start, start + n):
                sums[postings.documents[p]] += postings.impacts[p]
        else:
            n_postings += n
            for p in range(start, start + n):
                sums[postings.documents[p]] += (postings.impacts[p] * weight + (_ONE - 1)) >> WEIGHT_BITS
    return n_rows, n_postings


@compiled
def _look_up(postings, sums, places, n_places, block, query, kept, k, histogram):
    """Keep what reaches the threshold among the documents of few postings, and set their sums to 0."""
    n, threshold = kept.n[query], kept.thresholds[query]
    for i in range(n_places):
        if places[i] < 0:
            continue
        start = postings.starts[places[i]]
        for p in range(start, start + postings.counts[places[i]]):
            document = postings.documents[p]
            total = np.int64(sums[document])
            sums[document] = 0
            if total >= threshold:
                if n == kept.documents.shape[1]:
                    n, threshold = _make_room(query, kept, threshold, k, histogram)
                if total >= threshold:
                    kept.documents[query, n], kept.sums[query, n] = block * BLOCK + document, total
                    n += 1
    kept.n[query], kept.thresholds[query] = n, threshold


@compiled
def _scan(postings, sums, rows, n_rows, block, query, kept, k, histogram):
    """Add the rows, keep what reaches the threshold among all documents of a block, and set the sums to 0."""
    n, threshold = kept.n[query], kept.thresholds[query]
    while n_rows > 4:
        n_rows -= 4
        a, b, c, d = rows[n_rows], rows[n_rows + 1], rows[n_rows + 2], rows[n_rows + 3]
        for at in range(0, BLOCK, CHUNK):
            add_rows(sums, postings.rows, at, a, b, c, d)
    for at in range(0, BLOCK, CHUNK):
        bits = _reaching(sums, postings.rows, at, min(threshold, OVERFLOW - 1), rows, n_rows)
        while bits:
            document = np.int64(at + trailing_zeros(bits))
            bits &= bits - np.uint64(1)
            total = np.int64(sums[document])
            for i in range(n_rows):
                total += postings.rows[rows[i] + document]
            if n == kept.documents.shape[1]:
                n, threshold = _make_room(query, kept, threshold, k, histogram)
            if total >= threshold:
                kept.documents[query, n], kept.sums[query, n] = block * BLOCK + document, total
                n += 1
        for document in range(at, at + CHUNK):
            sums[document] = 0
    kept.n[query], kept.thresholds[query] = n, threshold


@compiled
def _reaching(sums, all_rows, at, bound, rows, n_rows):
    """Say in bits which of the sums from `at` on, with up to four rows added, reach the bound."""
    a, b, c, d = rows[0], rows[1], rows[2], rows[3]
    if n_rows == 0:
        return reaching_0(sums, all_rows, at, bound, a, b, c, d)
    if n_rows == 1:
        return reaching_1(sums, all_rows, at, bound, a, b, c, d)
    if n_rows == 2:
        return reaching_2(sums, all_rows, at, bound, a, b, c, d)
    if n_rows == 3:
        return reaching_3(sums, all_rows, at, bound, a, b, c, d)
    return reaching_4(sums, all_rows, at, bound, a, b, c, d)


@compiled
def _make_room(query, kept, threshold, k, histogram):
    """Tighten a query whose room is full; return how many documents are left, and its new threshold."""
    room = kept.documents.shape[1]
    n, threshold = _tighten(query, kept, room, threshold, k, histogram)
    return (n, threshold) if 4 * n <= 3 * room else (0, OVERFLOW)


@compiled
def _tighten(query, kept, n, threshold, k, histogram):
    """Raise a query's threshold to what its k-th best sum allows, and keep what reaches it."""
    documents, sums = kept.documents[query], kept.sums[query]
    if n >= k:
        threshold = max(threshold, _kth_largest(sums, n, k, histogram) - kept.slacks[query])
    n_left = 0
    for i in range(n):
        if sums[i] >= threshold:
            documents[n_left], sums[n_left] = documents[i], sums[i]
            n_left += 1
    kept.n[query], kept.thresholds[query] = n_left, threshold
    return n_left, threshold


@compiled
def _kth_largest(values, n, k, histogram):
    """Return the k-th largest of the first n values; the histogram is zero before and after."""
    low = high = np.int64(values[0])
    for i in range(n):
        low, high = min(low, np.int64(values[i])), max(high, np.int64(values[i]))
        histogram[values[i]] += 1
    kth, n_above = high, histogram[high]
    while n_above < k:
        kth -= 1
        n_above += histogram[kth]
    histogram[low : high + 1] = 0
    return kth


@compiled
def rescore(forward, forward_offsets, terms, weights, offsets, documents, n, keys):
    """Write the sort keys of the documents kept, `(n_queries, room)`, by their exact scores."""
    for query in range(len(n)):
        for j in range(n[query]):
            if j + 2 * _AHEAD < n[query]:
                prefetch(forward_offsets, documents[query, j + 2 * _AHEAD])
            if j + _AHEAD < n[query]:
                later = documents[query, j + _AHEAD]
                for at in range(2 * forward_offsets[later], 2 * forward_offsets[later + 1], LANES):
                    prefetch(forward, at)
            document = documents[query, j]
            first, last = offsets[query], offsets[query + 1]
            score = _exact(forward, forward_offsets, document, terms[first:last], weights[first:last])
            keys[query, j] = _key(score, document)


@compiled
def score_all(forward, forward_offsets, terms, weights, keys):
    """Write the sort keys of all documents for one query; return how many have any of its terms."""
    n = 0
    for document in range(len(forward_offsets) - 1):
        score = _exact(forward, forward_offsets, document, terms, weights)
        if score > 0:
            keys[n] = _key(score, document)
            n += 1
    return n


@compiled
def _exact(forward, forward_offsets, document, terms, weights):
    """Return a document's score, as float32: the sum over the query's ascending terms, in float64."""
    start, n = 2 * forward_offsets[document], forward_offsets[document + 1] - forward_offsets[document]
    total = 0.0
    for i in range(len(terms)):
        for at in range(0, n, LANES):
            bits = equal(forward, start + at, terms[i])
            if n - at < LANES:  # what follows is no term of this document
                bits &= (np.uint64(1) << np.uint64(n - at)) - np.uint64(1)
            if bits:
                impact = np.int32(forward[start + n + at + trailing_zeros(bits)]).view(np.float32)
                total += weights[i] * np.float64(impact)
                break
    return np.float32(total)


@compiled
def _key(score, document):
    """Return what sorts as score, descending, then document, ascending; scores are not negative."""
    return np.uint64(np.uint32(~np.float32(score).view(np.uint32))) << np.uint64(32) | np.uint64(document)
