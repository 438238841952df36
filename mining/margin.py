"""Candidates for translations among two sets of embedded texts: by margin, or by cosine as published.

The margin is the ratio of a cosine to the mean cosine of the two texts' `k` nearest neighbours on the other
side (Artetxe and Schwenk 2019, "Margin-based parallel corpus mining with multilingual sentence embeddings",
variant `ratio`; LASER and CCMatrix mine with it). It makes up for texts that are close to everything, which
a threshold on the cosine cannot. With a single text on either side it is 1 and says nothing.

Every component is rounded to a multiple of 2^-11, so that all sums of products are exact in single precision:
equal rows have equal cosines, and the result depends neither on blocks nor on processors nor on cores. The
cosine moves by 2e-4 (one standard deviation), less than in half precision.

Cost: an exact search takes 2 n_a n_b d floating-point operations and holds one tile of `block` squared.
Measured at d = 256 on 2 cores that other work shared: 50,000 x 20,000 in 35 s. Beyond `max_exact_cells` a
FAISS graph (HNSW) answers in 1 ms a text: for 5,000 sentences among 40,000, of 112 languages, it found 0.94
of the 4 nearest, and 0.98 of the first ones of cosine 0.5 or more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mining.model_source import mining_library

Vectors = NDArray[np.float32]

_GRID = 2048.0
_MAX_NORM_ERROR = 0.01
_N_LINKS = 32
"""Neighbours that a row keeps in the graph of a FAISS index."""
_N_VISITED = 256
"""Candidates that a search of the graph keeps."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidate pairs of rows, sorted by `index_a`, then `index_b`; arrays of shape `(n_candidates,)`."""

    index_a: NDArray[np.int64]
    index_b: NDArray[np.int64]
    cosine: NDArray[np.float32]
    margin: NDArray[np.float32]
    mutual: NDArray[np.bool_]
    """Each row is the other's best."""

    def __len__(self) -> int:
        return len(self.index_a)

    def where(self, mask: NDArray[np.bool_]) -> "Candidates":
        """Return the candidates where `mask`, of shape `(n_candidates,)`, is true."""
        return Candidates(
            self.index_a[mask], self.index_b[mask], self.cosine[mask], self.margin[mask], self.mutual[mask]
        )


def margin_candidates(
    a: Vectors, b: Vectors, *, k: int = 4, block: int = 2048, max_exact_cells: int = 4 * 10**10
) -> Candidates:
    """Return for each row of either side the one of its `k` nearest that it has the largest margin with.

    `a` and `b` have shapes `(n_a, d)` and `(n_b, d)` and rows of length 1, or 0 for a text that the model
    knows nothing of. Cosines below zero count as zero in the means, and make no candidate. Of equal margins
    the one of the larger cosine is taken, then the lower index. Raises ConfigError where FAISS is needed and
    absent.
    """
    return _candidates(*_neighbours(a, b, k=k, block=block, max_exact_cells=max_exact_cells), by_margin=True)


def published_candidates(
    a: Vectors,
    b: Vectors,
    *,
    min_cosine: float = 0.9,
    k: int = 4,
    block: int = 2048,
    max_exact_cells: int = 4 * 10**10,
) -> Candidates:
    """Return the pairs of rows that are each other's nearest and have a cosine of at least `min_cosine`.

    The rule published with WebFAQ 2.0, for comparison; the margin over `k` neighbours is told, not used.
    Everything else is as in `margin_candidates`.
    """
    nearest = _neighbours(a, b, k=k, block=block, max_exact_cells=max_exact_cells)
    found = _candidates(*nearest, by_margin=False)
    return found.where(found.mutual & (found.cosine >= min_cosine))


class _Nearest:
    """The `k` largest cosines of each row and the rows they are with, largest first, then lowest index."""

    def __init__(self, n_rows: int, k: int) -> None:
        self.cosines = np.full((n_rows, k), -np.inf, dtype=np.float32)
        self.indices = np.zeros((n_rows, k), dtype=np.int64)

    def offer(self, tile: Vectors, *, first_row: int, first_index: int) -> None:
        """Take in further cosines, `(n_rows, n_indices)`, in the order of indices."""
        k = self.cosines.shape[1]
        least = self.cosines[first_row : first_row + len(tile), -1]
        rows = np.flatnonzero(tile.max(axis=1) > least)
        part, places, held = np.ascontiguousarray(tile[rows]), np.arange(len(rows)), rows + first_row
        cosines, indices = [self.cosines[held]], [self.indices[held]]
        for _ in range(min(k, tile.shape[1])):
            largest = part.argmax(axis=1)
            cosines.append(part[places, largest, None])
            indices.append(largest[:, None] + first_index)
            part[places, largest] = -np.inf
        self._keep(held, np.concatenate(cosines, axis=1), np.concatenate(indices, axis=1))

    def _keep(self, held: NDArray[np.int64], cosines: Vectors, indices: NDArray[np.int64]) -> None:
        order = np.argsort(-cosines, axis=1, kind="stable")[:, : self.cosines.shape[1]]
        self.cosines[held] = np.take_along_axis(cosines, order, axis=1)
        self.indices[held] = np.take_along_axis(indices, order, axis=1)

    @staticmethod
    def searched(queries: Vectors, rows: Vectors, k: int) -> "_Nearest":
        """Return what a graph of neighbours over `rows` finds (Malkov and Yashunin 2016)."""
        faiss = mining_library("faiss")
        index = faiss.IndexHNSWFlat(rows.shape[1], _N_LINKS, faiss.METRIC_INNER_PRODUCT)
        n_threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)  # several would build another graph each time
        index.add(rows)
        faiss.omp_set_num_threads(n_threads)
        index.hnsw.efSearch = _N_VISITED
        cosines, indices = index.search(queries, k)
        found = _Nearest(len(queries), k)
        cosines[indices < 0] = -np.inf
        by_index = np.argsort(indices, axis=1)
        cosines, indices = (np.take_along_axis(x, by_index, axis=1) for x in (cosines, indices))
        found._keep(np.arange(len(queries)), cosines, np.maximum(indices, 0))
        return found

    def means(self) -> NDArray[np.float64]:
        """Return each row's mean cosine with its neighbours, none below zero."""
        means: NDArray[np.float64] = np.maximum(self.cosines, 0).mean(axis=1, dtype=np.float64)
        return means

    def margins(self, means: NDArray[np.float64], means_of_others: NDArray[np.float64]) -> Vectors:
        """Return the margin of each row and each of its neighbours, 0 where the cosine is not positive."""
        between = (means[:, None] + means_of_others[self.indices]) / 2
        positive = self.cosines > 0
        ratios: Vectors = np.divide(
            self.cosines, between, out=np.zeros_like(self.cosines), where=positive, casting="same_kind"
        )
        return ratios


def _neighbours(
    a: Vectors, b: Vectors, *, k: int, block: int, max_exact_cells: int
) -> tuple[_Nearest, _Nearest]:
    """Return the nearest rows of `b` for each of `a`, and the other way round."""
    a, b = _on_grid(a), _on_grid(b)
    if len(a) * len(b) > max_exact_cells:
        return _Nearest.searched(a, b, min(k, len(b))), _Nearest.searched(b, a, min(k, len(a)))
    from_a, from_b = _Nearest(len(a), min(k, len(b))), _Nearest(len(b), min(k, len(a)))
    for i in range(0, len(a), block):
        for j in range(0, len(b), block):
            tile = a[i : i + block] @ b[j : j + block].T
            from_a.offer(tile, first_row=i, first_index=j)
            from_b.offer(tile.T, first_row=j, first_index=i)
    return from_a, from_b


def _on_grid(rows: Vectors) -> Vectors:
    """Return the rows with components that are multiples of 2^-11."""
    norms = np.linalg.norm(rows, axis=1)
    if not np.all((norms == 0) | (np.abs(norms - 1) <= _MAX_NORM_ERROR)):
        raise ValueError("rows of embeddings must have length 1, or 0")
    on_grid = np.rint(rows * np.float32(_GRID)) / np.float32(_GRID)
    return np.ascontiguousarray(on_grid, dtype=np.float32)


def _candidates(from_a: _Nearest, from_b: _Nearest, *, by_margin: bool) -> Candidates:
    """Join each row's best neighbour by margin, or by cosine, from both sides."""
    n_a, n_b = len(from_a.cosines), len(from_b.cosines)
    if not n_a or not n_b:
        empty = np.empty(0)
        places, scores = empty.astype(np.int64), empty.astype(np.float32)
        return Candidates(places, places, scores, scores, empty.astype(np.bool_))
    means_a, means_b = from_a.means(), from_b.means()
    keys, cosines, margins = [], [], []
    for side, own, others in ((from_a, means_a, means_b), (from_b, means_b, means_a)):
        ratios, rows = side.margins(own, others), np.arange(len(own))
        best = ratios.argmax(axis=1) if by_margin else np.zeros(len(own), dtype=np.int64)
        found, index = ratios[rows, best] > 0, side.indices[rows, best]
        keys.append((rows * n_b + index if side is from_a else index * n_b + rows)[found])
        cosines.append(side.cosines[rows, best][found])
        margins.append(ratios[rows, best][found])
    distinct, first, n_sides = np.unique(np.concatenate(keys), return_index=True, return_counts=True)
    cosine, margin = np.concatenate(cosines)[first], np.concatenate(margins)[first]
    return Candidates(distinct // n_b, distinct % n_b, cosine, margin, n_sides == 2)
