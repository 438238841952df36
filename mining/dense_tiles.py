"""Exact nearest documents of embedded queries: all products, a tile at a time, on processor or GPU.

Components are multiples of 2^-11 (`mining.margin.on_grid`), kept as 16-bit integers. Every product and every
sum of them is then exact in single precision, so that scores depend neither on tiles nor on cores nor on the
device, and a document's score and number fit one 64-bit key: the order of keys is the order of the ranking,
and no two are equal.

What is held: a tile of scores, 4 bytes a query and document of it, and 16 bytes a query and place; the
documents' vectors are mapped.
"""

from importlib import import_module

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.int16]
"""Vectors in units of 2^-11, `(n, n_dimensions)`."""
Keys = NDArray[np.int64]

UNIT = 2048
"""Components are multiples of `1 / UNIT`, and scores of `1 / UNIT**2`."""

_MAX_DOCUMENTS = 1 << 32
NO_DOCUMENT = np.iinfo(np.int64).min
"""A key below all others."""
_QUERIES = 1024
_DOCUMENTS = 8192
"""A tile of so many on a processor: 32 MB of scores."""
_QUERIES_ON_GPU = 8192
_DOCUMENTS_ON_GPU = 32_768
"""1 GB of scores, and 2 GB of keys."""


def as_grid(vectors: NDArray[np.floating]) -> Grid:
    """Return vectors whose components are multiples of 2^-11 as integers; ValueError for others."""
    scaled = np.asarray(vectors, dtype=np.float32) * np.float32(UNIT)
    grid: Grid = np.rint(scaled).astype(np.int16)
    if not np.array_equal(grid, scaled):
        raise ValueError("components of vectors must be multiples of 2^-11 (mining.margin.on_grid)")
    return grid


def keys_of(scores: NDArray[np.float32], documents: NDArray[np.int64]) -> Keys:
    """Return a number for each score and document, larger for a better score, then for a lower document."""
    units = (scores * np.float32(UNIT**2)).astype(np.int64)
    return units * _MAX_DOCUMENTS + (_MAX_DOCUMENTS - 1 - documents)


def read_keys(keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the documents and the scores that keys stand for, in their shape."""
    units, rest = np.divmod(keys, _MAX_DOCUMENTS)
    return _MAX_DOCUMENTS - 1 - rest, units.astype(np.float32) / np.float32(UNIT**2)


def best_keys(keys: Keys, k: int) -> Keys:
    """Return the `k` largest keys of each row, `(n_rows, n_keys)`, largest first."""
    if keys.shape[1] > k:
        keys = np.partition(keys, keys.shape[1] - k, axis=1)[:, -k:]
    return np.sort(keys, axis=1)[:, ::-1]


def nearest_keys(queries: Grid, documents: Grid, *, k: int) -> Keys:
    """Return the keys of the `k` nearest documents of each query, best first: `(n_queries, k)`.

    There must be at least `k` documents.
    """
    found = np.empty((len(queries), k), dtype=np.int64)
    for first in range(0, len(queries), _QUERIES):
        block = queries[first : first + _QUERIES].astype(np.float32) / np.float32(UNIT)
        found[first : first + _QUERIES] = _nearest_of_block(block, documents, k)
    return found


def _nearest_of_block(queries: NDArray[np.float32], documents: Grid, k: int) -> Keys:
    """Return `nearest_keys` of queries whose scores with a tile of documents can be held.

    Beyond the first tile only what is better than a query's k-th best is looked at. It is set aside, and
    merged when there is as much of it as of what is held, since sorting costs more than comparing.
    """
    size = max(_DOCUMENTS, k)
    best = best_keys(_tile_keys(queries, documents[:size], 0), k)
    aside: list[tuple[NDArray[np.int64], Keys]] = []
    n_aside = 0
    least = read_keys(best[:, -1])[1]
    for first in range(size, len(documents), size):
        scores = _tile_scores(queries, documents[first : first + size])
        rows, columns = divmod(np.flatnonzero(scores > least[:, None]), scores.shape[1])
        aside.append((rows, keys_of(scores[rows, columns], columns + first)))
        n_aside += len(rows)
        if n_aside >= best.size:
            best = _merged(best, aside)
            aside, n_aside = [], 0
            least = read_keys(best[:, -1])[1]
    return _merged(best, aside)


def _tile_scores(queries: NDArray[np.float32], documents: Grid) -> NDArray[np.float32]:
    return queries @ (documents.astype(np.float32) / np.float32(UNIT)).T


def _tile_keys(queries: NDArray[np.float32], documents: Grid, first: int) -> Keys:
    return keys_of(_tile_scores(queries, documents), np.arange(first, first + len(documents))[None, :])


def _merged(best: Keys, aside: list[tuple[NDArray[np.int64], Keys]]) -> Keys:
    """Return the best of what is held, `(n_queries, k)`, and of further keys with their rows."""
    n_rows, k = best.shape
    rows = np.concatenate([np.repeat(np.arange(n_rows), k), *(rows for rows, _ in aside)])
    keys = np.concatenate([best.ravel(), *(keys for _, keys in aside)])
    order = np.lexsort((-keys, rows))
    starts = np.searchsorted(rows[order], np.arange(n_rows))
    merged: Keys = keys[order][starts[:, None] + np.arange(k)]
    return merged


def nearest_keys_by_torch(
    queries: Grid,
    documents: Grid,
    *,
    k: int,
    device: str,
    n_queries: int = _QUERIES_ON_GPU,
    n_documents: int = _DOCUMENTS_ON_GPU,
) -> Keys:
    """Return `nearest_keys`, computed by torch on a device in tiles of `n_queries` by `n_documents`.

    Products are of single precision, which torch does not round to TF32 unless it is told to.
    """
    torch = import_module("torch")
    found = np.empty((len(queries), k), dtype=np.int64)
    for first in range(0, len(queries), n_queries):
        block = torch.from_numpy(queries[first : first + n_queries]).to(device).float() / UNIT
        best = torch.full((len(block), k), NO_DOCUMENT, dtype=torch.int64, device=device)
        for start in range(0, len(documents), n_documents):
            tile = torch.from_numpy(np.array(documents[start : start + n_documents])).to(device)
            numbers = torch.arange(start, start + len(tile), device=device)
            units = (block @ (tile.float() / UNIT).T * UNIT**2).long()
            keys = units * _MAX_DOCUMENTS + (_MAX_DOCUMENTS - 1 - numbers)
            best = torch.cat([best, keys], dim=1).topk(k, dim=1).values
        found[first : first + n_queries] = best.cpu().numpy()
    return found
