"""Loops of building an index (`mining.bm25_index`), compiled by Numba."""

import numpy as np

from mining.bm25_kernel import BLOCK, DENSE, compiled


@compiled
def term_counts(ids, offsets):
    """Return the distinct terms of each text, ascending, how often each occurs, and where a text's begin."""
    terms = np.empty(len(ids), np.int32)
    counts = np.empty(len(ids), np.int32)
    starts = np.empty(len(offsets), np.int64)
    starts[0] = n = 0
    for text in range(len(offsets) - 1):
        first = n
        for token in np.sort(ids[offsets[text] : offsets[text + 1]]):
            if n > first and terms[n - 1] == token:
                counts[n - 1] += 1
            else:
                terms[n], counts[n] = token, 1
                n += 1
        starts[text + 1] = n
    return terms[:n].copy(), counts[:n].copy(), starts


@compiled
def interleaved(terms, values, starts):
    """Return for each text its terms, then their values: what is asked for together stands together."""
    out = np.empty(2 * len(terms), np.int32)
    for text in range(len(starts) - 1):
        first, n = starts[text], starts[text + 1] - starts[text]
        out[2 * first : 2 * first + n] = terms[first : first + n]
        out[2 * first + n : 2 * first + 2 * n] = values[first : first + n]
    return out


@compiled
def apart(forward, starts):
    """Return the terms and the values that `interleaved` has brought together."""
    n_all = starts[-1] - starts[0]
    terms, values = np.empty(n_all, np.int32), np.empty(n_all, np.int32)
    for text in range(len(starts) - 1):
        first, n = starts[text] - starts[0], starts[text + 1] - starts[text]
        terms[first : first + n] = forward[2 * first : 2 * first + n]
        values[first : first + n] = forward[2 * first + n : 2 * first + 2 * n]
    return terms, values


@compiled
def invert(terms, levels, starts, n_terms, min_dense):
    """Return the postings of a block: its terms, start and count of each, documents, impacts, dense rows.

    A term of `min_dense` documents or more has no postings but a row of BLOCK impacts: its count is DENSE,
    and its start is where the row begins among all rows of the block.
    """
    n_with = np.zeros(n_terms, np.int32)
    for p in range(len(terms)):
        n_with[terms[p]] += 1
    present = np.nonzero(n_with)[0].astype(np.int32)
    place = np.empty(len(present), np.int64)
    counts = np.empty(len(present), np.int32)
    n_postings = n_rows = 0
    for i in range(len(present)):
        n = n_with[present[i]]
        if n >= min_dense:
            place[i], counts[i] = n_rows * BLOCK, DENSE
            n_rows += 1
        else:
            place[i], counts[i] = n_postings, n
            n_postings += n
        n_with[present[i]] = i
    documents = np.empty(n_postings, np.uint16)
    impacts = np.empty(n_postings, np.uint8)
    rows = np.zeros(n_rows * BLOCK, np.uint8)
    cursor = place.copy()
    for document in range(len(starts) - 1):
        for p in range(starts[document] - starts[0], starts[document + 1] - starts[0]):
            i = n_with[terms[p]]
            if counts[i] == DENSE:
                rows[place[i] + document] = levels[p]
            else:
                documents[cursor[i]], impacts[cursor[i]] = document, levels[p]
                cursor[i] += 1
    return present, place, counts, documents, impacts, rows


@compiled
def count_levels(terms, levels, slots, histograms):
    """Count the impacts of each term that has a slot, `(n_slots, 256)`."""
    for p in range(len(terms)):
        if slots[terms[p]] >= 0:
            histograms[slots[terms[p]], levels[p]] += 1
