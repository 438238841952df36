"""Whole tables read batch by batch, and the accumulators that keep of them only what the report shows."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.core.manifest import Manifest, part_files, read_manifest
from pipeline.core.storage_errors import first_line
from pipeline.core.table import Record

ROWS_PER_BATCH = 8192
"""Rows looked at a time; beside them one row group of the file is held."""


def open_table(work: str, record: type[Record]) -> Manifest | None:
    """Return the table's manifest; None where there is no such table.

    Raises ConfigError for a table of another schema version.
    """
    manifest = read_manifest(work, record.TABLE)
    if manifest and manifest.schema_version != record.SCHEMA_VERSION:
        raise ConfigError(
            f"{work} holds table {record.TABLE} of schema version {manifest.schema_version}, this is "
            f"version {record.SCHEMA_VERSION}; use a new --work folder."
        )
    return manifest


def batches(
    work: str, manifest: Manifest, *, record: type[Record], columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Yield the table's rows in batches of at most `ROWS_PER_BATCH`, with the given columns.

    Raises ConfigError where a file that the manifest names is missing or is no Parquet.
    """
    for path in part_files(work, manifest):
        try:
            with storage.open_read(path, called=f"Table {record.TABLE} of {work}") as stream:
                part = pq.ParquetFile(stream)
                for batch in part.iter_batches(batch_size=ROWS_PER_BATCH, columns=list(columns)):
                    yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError) as error:
            raise ConfigError(
                f"Table {record.TABLE} of {work} is damaged ({first_line(error)}); make it again in a new "
                "--work folder."
            ) from None


class Counts:
    """How often each value was seen; grows with the number of different values, so for short closed lists."""

    def __init__(self) -> None:
        self.n: Counter[str] = Counter()

    def add(self, column: Any) -> None:
        """Count a column of strings, or every element of a column of lists; nulls are left out."""
        if pa.types.is_list(column.type):
            column = pc.list_flatten(column)
        for entry in pc.value_counts(column).to_pylist():
            if entry["values"] is not None:
                self.n[entry["values"]] += entry["counts"]

    def add_counts(self, column: Any) -> None:
        """Add up a column of lists of `records.Count`."""
        flat = pc.list_flatten(column)
        table = pa.table({"name": pc.struct_field(flat, "name"), "n": pc.struct_field(flat, "n")})
        for row in table.group_by("name").aggregate([("n", "sum")]).to_pylist():
            self.n[row["name"]] += row["n_sum"]

    def ranked(self, n: int | None = None) -> list[tuple[str, int]]:
        """Return values and counts, the largest count first, equal ones by name; the first `n` if given."""
        return heapq.nsmallest(
            len(self.n) if n is None else n, self.n.items(), key=lambda item: (-item[1], item[0])
        )


class HeavyHitters(Counts):
    """The most frequent of any number of names, in memory bounded by `max_names` names.

    Counts are exact until more than `max_names` different names were seen; then the rarer half is forgotten,
    and every count may be too low by at most `max_error`.
    """

    def __init__(self, max_names: int) -> None:
        super().__init__()
        self._max_names = max_names
        self.max_error = 0

    def add(self, column: Any) -> None:
        """Count a column of strings."""
        super().add(column)
        if len(self.n) > self._max_names:
            kept = self._max_names // 2
            *leading, (_, largest_forgotten) = self.ranked(kept + 1)
            self.max_error += largest_forgotten
            self.n = Counter(dict(leading))


class Lengths:
    """The exact distribution of lengths, in characters, up to `MAX`; longer ones count as `MAX`."""

    MAX = 1 << 18

    def __init__(self) -> None:
        self._n = np.zeros(self.MAX + 1, dtype=np.int64)

    def add(self, texts: Any) -> None:
        """Count the lengths of a column of strings."""
        lengths = np.minimum(pc.utf8_length(texts).to_numpy(), self.MAX)
        self._n += np.bincount(lengths, minlength=self.MAX + 1)

    def quantile(self, share: float) -> int:
        """Return the least length that at least `share` of the texts do not exceed; 0 without texts."""
        return int(np.searchsorted(np.cumsum(self._n), share * self._n.sum()))

    def between(self, edges: Sequence[int]) -> list[int]:
        """Return how many lengths lie from each edge up to below the next; the last is open."""
        starts = np.minimum(np.asarray(edges), self.MAX)
        return [int(part.sum()) for part in np.split(self._n, starts)[1:]]


class First:
    """The first `k` rows of each group in a given order, whatever the order in which rows come.

    `groups` further bounds the number of groups: only those whose first rows come first stay. Texts are cut
    to `max_chars` + 1 characters, which tells a cut text from a whole one.
    """

    def __init__(
        self,
        k: int,
        *,
        order: Sequence[tuple[str, str]],
        group: str | None = None,
        groups: int | None = None,
        max_chars: int = 600,
    ) -> None:
        self._k = k
        self._order = list(order)
        self._group = group
        self._groups = groups
        self._max_chars = max_chars
        self._held: pa.Table | None = None

    def add(self, rows: pa.Table) -> None:
        """Look at a batch."""
        chosen = self._select(rows)
        cut = [_cut(chosen[name], self._max_chars + 1) for name in chosen.column_names]
        chosen = pa.table(cut, names=chosen.column_names)
        self._held = chosen if self._held is None else self._select(pa.concat_tables([self._held, chosen]))

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows held, in order."""
        return self._held.to_pylist() if self._held is not None else []

    def _select(self, rows: pa.Table) -> pa.Table:
        ranked = pc.sort_indices(rows, sort_keys=self._order)
        if self._group is None:
            return rows.take(ranked[: self._k])
        seen: Counter[str] = Counter()
        places = []
        names = rows[self._group].to_pylist()
        for place in ranked.to_pylist():
            name = names[place]
            if seen[name] < self._k and (name in seen or len(seen) != self._groups):
                seen[name] += 1
                places.append(place)
        return rows.take(pa.array(places, type=pa.int64()))


def _cut(column: Any, n_chars: int) -> Any:
    if pa.types.is_string(column.type):
        return pc.utf8_slice_codeunits(column, 0, n_chars)
    return column
