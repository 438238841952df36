"""Which rows to compare, of buckets of rows that share a MinHash band: a number that grows linearly.

In order of facts and rank, each row of a bucket is compared with the few before it, with the first of the
same facts and with the first of all: in small buckets everyone with everyone, in large ones (a template of a
million pages) with enough to find what stands for it.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

N_BEFORE = 3
"""Rows before it in its bucket that a row is compared with."""

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BandRows:
    """Rows `(n,)`, ordered by band, facts, rank and location."""

    band: Longs
    fact_key: Longs
    location: Longs
    is_new: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.band)

    def at(self, index: "Longs | slice | list[int]") -> Self:
        """Return some of the rows."""
        return type(self)(*(getattr(self, field.name)[index] for field in fields(self)))

    def followed_by(self, other: Self) -> Self:
        """Return these rows, then the others."""
        both = zip(*([getattr(rows, f.name) for f in fields(rows)] for rows in (self, other)), strict=True)
        return type(self)(*(np.concatenate(columns) for columns in both))


class Suggestions:
    """Reads rows batch by batch and suggests pairs; keeps five rows of a bucket that may go on."""

    def __init__(self) -> None:
        self._kept: BandRows | None = None

    def of(self, batch: BandRows) -> tuple[Longs, Longs]:
        """Return the locations, the smaller first, of distinct pairs of which one is new."""
        if not len(batch):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        n_kept = len(self._kept) if self._kept else 0
        rows = self._kept.followed_by(batch) if self._kept else batch
        index = np.arange(len(rows))
        of_band = _first(rows.band[1:] != rows.band[:-1])
        of_facts = np.maximum(_first(rows.fact_key[1:] != rows.fact_key[:-1]), of_band)
        before = (index - n for n in range(1, N_BEFORE + 1))
        others = np.concatenate([of_band, of_facts, *(np.maximum(earlier, of_band) for earlier in before)])
        mine = np.tile(index, N_BEFORE + 2)
        last = len(rows) - 1
        self._kept = rows.at(
            np.unique(
                [of_band[last], of_facts[last], *range(max(of_band[last], last - N_BEFORE + 1), last + 1)]
            )
        )
        wanted = (mine >= n_kept) & (others < mine) & (rows.is_new[mine] | rows.is_new[others])
        ends = np.sort(np.column_stack([rows.location[mine[wanted]], rows.location[others[wanted]]]), axis=1)
        ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
        return ends[:, 0], ends[:, 1]


def _first(changes: NDArray[np.bool_]) -> Longs:
    """Return for each row the index of the first one of its run; `changes` tells where a new run begins."""
    starts = np.concatenate([[True], changes])
    return np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))
