"""Dense retrieval: the documents whose vectors are nearest to a query's.

Up to `flat_below` documents, and on a GPU at any size, the search is exact (`mining.dense_tiles`). Beyond, on
processors, a product quantiser of 4 bits names candidates, and these are scored exactly (Jegou, Douze and
Schmid 2011; FAISS scans the codes as Andre, Kermarrec and Le Scouarnec 2015 do). Vectors are turned at random
before they are quantised, so that all codes have as much to tell. How many candidates it takes is not assumed
but measured: on a sample of the queries the exact search tells what should be found, and the number is raised
until the share found is `min_recall`. Both stand in the index's description.

Scores are exact products of the vectors as stored, whatever found the document. Equal scores are in the order
of document numbers. The same vectors and sample give the same index on one kind of processor, whatever the
number of cores.

What is held, for n documents of d dimensions: the vectors, 2 n d bytes, mapped from the folder; the codes,
n d / 8 bytes, in each process; while the quantiser is trained, 65,536 vectors in single precision. 5 million
documents of 768 dimensions are 7.7 GB on disk and 480 MB in memory.

Measured at d = 256 and k = 200 with other work beside, queries per core-second: exact 730 to 840 at 200,000
documents and 190 to 220 at a million. By codes at a million: clustered vectors 427 at recall 0.988, sums of
words by Zipf's law, which took the finer codes, 259 at 0.992; building took 17 and 38 core-seconds, and the
process held 1.3 GB with what it had mapped.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mining.dense_tiles import (
    NO_DOCUMENT,
    UNIT,
    Grid,
    Keys,
    as_grid,
    best_keys,
    keys_of,
    nearest_keys,
    nearest_keys_by_torch,
    read_keys,
)
from mining.model_source import mining_library
from mining.ranking import Ranking

_VECTORS = "vectors.npy"
_CODES = "codes.faiss"
_DESCRIPTION = "description.json"

_TRAINING_ROWS = 65_536
_CENTROIDS = 16
"""Of a code of 4 bits: fewer documents cannot be quantised, and need not."""
_DIMENSIONS_A_CODE = (4, 2)
"""Tried in this order: half as many dimensions find more, and take twice the time."""
_SEED = 5
_FIRST_CANDIDATES = 4
"""For each document wanted: what is tried first, then half as many more."""
_MOST_CANDIDATES = 14
"""Beyond which finer codes cost less, where there are some."""
_ROWS_AT_ONCE = 65_536
_QUERIES_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """When an index is exact, and how much of the exact result it must else find."""

    flat_below: int = 200_000
    k: int = 200
    """Documents a query for which recall is measured, and the most that can be asked for."""
    min_recall: float = 0.98
    n_sample: int = 256
    """Queries on which it is measured."""


@dataclass(frozen=True, slots=True)
class Description:
    """What an index is, and what it was measured to find."""

    n_documents: int
    n_dimensions: int
    is_exact: bool
    n_candidates: int
    """Documents a query that the quantiser names, to be scored exactly; 0 for an exact index."""
    k: int
    """Documents a query that recall was measured for."""
    recall: float
    """Share of the exact first `k` that is found, mean over the sample; 1 for an exact index."""
    n_sample: int


def build(
    vectors: NDArray[np.float16],
    folder: Path,
    *,
    queries: NDArray[np.float16],
    settings: IndexSettings = IndexSettings(),
    is_exact: bool | None = None,
) -> Description:
    """Write an index of documents, `(n_documents, n_dimensions)`, which may be mapped, into a folder.

    `queries`, `(n_queries, n_dimensions)`, are those that will be asked, or some of them, for measuring.
    `is_exact` overrules `settings.flat_below`: for an index that a GPU will search. The description is
    written last: a folder without it is no index. ValueError for components that are no multiples of 2^-11.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _DESCRIPTION).unlink(missing_ok=True)
    _store(vectors, folder)
    n, d = vectors.shape
    if n < max(settings.flat_below, _CENTROIDS) if is_exact is None else is_exact:
        description = Description(n, d, True, 0, settings.k, 1.0, 0)
    else:
        sample = as_grid(_evenly(queries, settings.n_sample))
        codes, description = _fine_enough(_mapped(folder), sample, settings)
        mining_library("faiss").write_index(codes, str(folder / _CODES))
    temporary = folder / f"{_DESCRIPTION}.tmp"
    temporary.write_text(json.dumps(asdict(description), indent=1) + "\n")
    temporary.replace(folder / _DESCRIPTION)
    return description


def open_index(folder: Path, *, device: str = "cpu") -> "DenseIndex":
    """Return the index in a folder, mapped; on a CUDA device it is searched exactly, however it was built."""
    description = Description(**json.loads((folder / _DESCRIPTION).read_text()))
    by_codes = not description.is_exact and not device.startswith("cuda")
    codes = mining_library("faiss").read_index(str(folder / _CODES)) if by_codes else None
    return DenseIndex(description, _mapped(folder), codes, device)


class DenseIndex:
    """An index that is open for search."""

    def __init__(self, description: Description, documents: Grid, codes: Any, device: str) -> None:
        self.description = description
        self._documents = documents
        self._codes = codes
        self._device = device

    def search(self, queries: NDArray[np.floating], k: int) -> Ranking:
        """Return the `k` nearest documents of each query, `(n_queries, n_dimensions)`, or all if fewer.

        A query without a direction, all zeros, has no nearest documents: its list is empty. ValueError for
        components that are no multiples of 2^-11, or more documents than a quantised index is measured for.
        """
        grid = as_grid(queries)
        k = min(k, len(self._documents))
        known = grid.any(axis=1)
        documents = np.full((len(grid), k), -1, dtype=np.int64)
        scores = np.zeros((len(grid), k), dtype=np.float32)
        if k and known.any():
            documents[known], scores[known] = read_keys(self._nearest(grid[known], k))
        return Ranking.of_table(documents, scores)

    def _nearest(self, grid: Grid, k: int) -> Keys:
        if self._device.startswith("cuda"):
            return nearest_keys_by_torch(grid, self._documents, k=k, device=self._device)
        if self._codes is None:
            return nearest_keys(grid, self._documents, k=k)
        if k > self.description.k:
            raise ValueError(f"recall was measured for {self.description.k} documents, fewer than {k}")
        n_candidates = self.description.n_candidates
        return _nearest_by_codes(self._codes, self._documents, grid, k=k, n_candidates=n_candidates)


def _store(vectors: NDArray[np.float16], folder: Path) -> None:
    out = np.lib.format.open_memmap(folder / _VECTORS, mode="w+", dtype=np.int16, shape=vectors.shape)
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        out[first : first + _ROWS_AT_ONCE] = as_grid(vectors[first : first + _ROWS_AT_ONCE])
    out.flush()


def _mapped(folder: Path) -> Grid:
    mapped = np.load(folder / _VECTORS, mmap_mode="r")
    grid: Grid = np.asarray(mapped)  # plain indexing is faster than the mapped array's own
    return grid


def _evenly(rows: NDArray[Any], n: int) -> NDArray[Any]:
    """Return at most `n` rows, in even steps: ids are hashes, so that this is a random choice."""
    return np.asarray(rows[np.linspace(0, len(rows) - 1, min(n, len(rows)), dtype=np.int64)])


def _floats(grid: Grid) -> NDArray[np.float32]:
    return grid.astype(np.float32) / np.float32(UNIT)


def _quantised(documents: Grid, dimensions_a_code: int) -> Any:
    """Return the trained quantiser with the codes of all documents.

    The turn makes up for dimensions that differ in variance: measured on 200,000 clustered vectors with a
    decaying spectrum, 1000 candidates hold 0.96 of the first 200 instead of 0.77; OPQ, which learns the turn,
    no more. Trained on one thread, since sums of several come in another order.
    """
    faiss = mining_library("faiss")
    n_codes = 2 * -(-documents.shape[1] // (2 * dimensions_a_code))  # FAISS scans codes in twos
    turned = n_codes * dimensions_a_code
    quantiser = faiss.IndexPQFastScan(turned, n_codes, 4, faiss.METRIC_INNER_PRODUCT)
    quantiser.pq.cp.max_points_per_centroid = _TRAINING_ROWS
    turn = faiss.RandomRotationMatrix(documents.shape[1], turned)
    turn.init(_SEED)
    codes = faiss.IndexPreTransform(turn, quantiser)
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        codes.train(_floats(_evenly(documents, _TRAINING_ROWS)))
        for first in range(0, len(documents), _ROWS_AT_ONCE):
            codes.add(_floats(documents[first : first + _ROWS_AT_ONCE]))
    finally:
        faiss.omp_set_num_threads(n_threads)
    return codes


def _nearest_by_codes(codes: Any, documents: Grid, queries: Grid, *, k: int, n_candidates: int) -> Keys:
    """Return the keys of the `k` best by exact product of the candidates that the codes name.

    FAISS may name fewer, -1 for the rest: it leaves out documents whose coarse scores are the least that it
    can tell. A query that lacks some is searched exactly.
    """
    found = np.empty((len(queries), k), dtype=np.int64)
    for first in range(0, len(queries), _QUERIES_AT_ONCE):
        block = _floats(queries[first : first + _QUERIES_AT_ONCE])
        _, candidates = codes.search(block, n_candidates)
        candidates.sort(axis=1)  # neighbours in the file are read together
        for i, (query, numbers) in enumerate(zip(block, candidates, strict=True), start=first):
            scores = documents[numbers].astype(np.float32) @ (query / np.float32(UNIT))
            keys = np.where(numbers < 0, NO_DOCUMENT, keys_of(scores, numbers))
            found[i] = best_keys(keys[None, :], k)[0]
    lacks_some = found[:, -1] == NO_DOCUMENT
    if lacks_some.any():
        found[lacks_some] = nearest_keys(queries[lacks_some], documents, k=k)
    return found


def _fine_enough(documents: Grid, queries: Grid, settings: IndexSettings) -> tuple[Any, Description]:
    """Return the coarsest codes that find enough among few candidates, or the finest."""
    queries = queries[queries.any(axis=1)]
    n, d = documents.shape
    k = min(settings.k, n)
    expected = nearest_keys(queries, documents, k=k)
    for dimensions in _DIMENSIONS_A_CODE:
        is_last = dimensions == _DIMENSIONS_A_CODE[-1]
        most = n if is_last else min(_MOST_CANDIDATES * k, n)
        codes = _quantised(documents, dimensions)
        n_candidates, recall = _candidates_needed(
            codes, documents, queries, expected=expected, most=most, min_recall=settings.min_recall
        )
        if recall >= settings.min_recall or is_last:
            break
    return codes, Description(n, d, False, n_candidates, k, recall, len(queries))


def _candidates_needed(
    codes: Any, documents: Grid, queries: Grid, *, expected: Keys, most: int, min_recall: float
) -> tuple[int, float]:
    """Return the least number of candidates, of those tried, that finds enough, and what it finds."""
    k = expected.shape[1]
    n_candidates = min(_FIRST_CANDIDATES * k, most)
    while True:
        found = _nearest_by_codes(codes, documents, queries, k=k, n_candidates=n_candidates)
        recall = _share_found(found, expected)
        if recall >= min_recall or n_candidates == most:
            return n_candidates, recall
        n_candidates = min(n_candidates * 3 // 2 + 1, most)


def _share_found(found: Keys, expected: Keys) -> float:
    """Return the share of the expected keys that were found, mean over the queries; 1 without any query."""
    if not expected.size:
        return 1.0
    hits = sum(len(np.intersect1d(a, b, assume_unique=True)) for a, b in zip(found, expected, strict=True))
    return hits / expected.size
