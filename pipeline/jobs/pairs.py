"""Write one part of tables `pairs`, `duplicates`, `rejects` and `counts` from a part of `cleaned`.

A decision names a row of the part and what becomes of it; a row without a decision is kept, alone, unless a
rule dropped it. A worker holds the decisions of one part and one batch of its rows.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from pipeline.core import storage
from pipeline.core.manifest import Commit, Shard, write_commit
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Duplicate, Pair, Reject, StepCount
from pipeline.core.stages import DEDUP
from pipeline.core.table import Record, arrow_schema

ROWS_PER_BATCH = 10_000

BOILERPLATE, EXACT, NEAR = "boilerplate", "exact_duplicate", "near_duplicate"
"""The steps of the funnel that follow the cleaning rules."""

DECISION = pa.schema(
    [
        pa.field("row", pa.int64()),
        pa.field("kind", pa.string()),
        pa.field("kept_id", pa.string()),
        pa.field("n_sightings", pa.int64()),
        pa.field("cluster_size", pa.int64()),
        pa.field("template_id", pa.string()),
        pa.field("template_size", pa.int64()),
    ]
)
"""kind: kept, exact, near, boilerplate (then the rest is null)."""

_STEP_OF_KIND = {"exact": EXACT, "near": NEAR, "boilerplate": BOILERPLATE}


def digest(decisions: pa.Table) -> str:
    """Return 32 hex digits that tell whether any decision of a part (sorted by row) has changed."""
    state = xxhash.xxh3_128()
    for column in decisions.combine_chunks().columns:
        state.update(repr(column.to_pylist()).encode())
    return state.hexdigest()


def write_pairs(
    shard: Shard,
    decisions: pa.Table,
    *,
    work: str,
    max_rejects_per_rule: int,
) -> Commit:
    """Write the parts of one shard, whose input is a part of `cleaned`, and its commit record.

    Raises AssertionError where rows would be lost or doubled.
    """
    counts = _Counts()
    rejects = _Sample(max_rejects_per_rule)
    with ExitStack() as stack:
        pairs, duplicates, rejected, counted = (
            stack.enter_context(open_part(work, record, shard.id)) for record in DEDUP.writes
        )
        stream = stack.enter_context(storage.open_read(storage.join(work, shard.input)))
        for batch in _decided(pq.ParquetFile(stream), decisions):
            kept = pc.is_null(batch["step"])
            pairs.add_batch(_rows(batch.filter(kept), Pair))
            doubled = pc.is_in(batch["step"], pa.array([EXACT, NEAR]))
            duplicates.add_batch(_rows(batch.filter(doubled), Duplicate))
            rejects.add(batch.filter(pc.invert(pc.or_(kept, doubled))))
            counts.add(batch)
        for example in rejects.rows():
            rejected.add_batch(example)
        for row in counts.rows():
            counted.add(row)
        n_dropped = sum(n for (_, step), n in counts.by_step.items() if step not in (None, EXACT, NEAR))
        assert counts.n_rows == pairs.n_rows + duplicates.n_rows + n_dropped, f"rows lost in {shard.input}"
    rows = {
        Pair.TABLE: pairs.n_rows,
        Duplicate.TABLE: duplicates.n_rows,
        Reject.TABLE: rejected.n_rows,
        StepCount.TABLE: counted.n_rows,
    }
    commit = Commit(shard, ShardOutcome.READ, rows)
    write_commit(work, DEDUP.name, commit)
    return commit


def _decided(part: pq.ParquetFile, decisions: pa.Table) -> Iterator[pa.RecordBatch]:
    """Yield the part's rows with the columns of their decisions, and `step`, what dropped them or null."""
    rows = decisions["row"].to_numpy()
    assert (np.diff(rows) > 0).all(), "two decisions on one row"
    first = 0
    names = [name for name in part.schema_arrow.names if name != "bands"]
    for batch in part.iter_batches(batch_size=ROWS_PER_BATCH, columns=names):
        here = slice(*np.searchsorted(rows, (first, first + batch.num_rows)))
        index = np.full(batch.num_rows, -1)
        index[rows[here] - first] = np.arange(here.start, here.stop)
        taken = decisions.take(pa.array(index, mask=index < 0))
        step = pc.coalesce(
            batch["dropped_by"],
            *(pc.if_else(pc.equal(taken["kind"], kind), step, None) for kind, step in _STEP_OF_KIND.items()),
        )
        columns = {
            **{name: batch[name] for name in batch.schema.names},
            **{name: taken[name] for name in ("kind", "kept_id", "template_id")},
            "n_sightings": pc.coalesce(taken["n_sightings"], 1),
            "cluster_id": batch["id"],
            "cluster_size": pc.coalesce(taken["cluster_size"], 1),
            "template_size": pc.coalesce(taken["template_size"], 1),
            "step": step,
        }
        yield pa.table(columns).combine_chunks().to_batches()[0]
        first += batch.num_rows
    assert not len(rows) or rows[-1] < first, "a decision on a row that the part does not have"


def _rows(batch: pa.RecordBatch, record: type[Record]) -> pa.RecordBatch:
    schema = arrow_schema(record)
    return pa.RecordBatch.from_arrays(
        [batch[name].cast(schema.field(name).type) for name in schema.names], schema=schema
    )


@dataclass(slots=True)
class _Sample:
    """Keeps one row of each of the smallest raw ids, for each reason."""

    n_each: int
    held: dict[str, pa.Table] = field(default_factory=dict)

    def add(self, dropped: pa.RecordBatch) -> None:
        for reason in pc.unique(dropped["step"]).to_pylist():
            rows = dropped.filter(pc.equal(dropped["step"], reason))
            named = rows.append_column("reason", rows["step"])
            found = pa.Table.from_batches([_rows(named, Reject)])
            both = pa.concat_tables([self.held[reason], found]) if reason in self.held else found
            ordered = both.sort_by([(name, "ascending") for name in ("raw_id", "page_id", "position")])
            ids = ordered["raw_id"].to_numpy()
            self.held[reason] = ordered.take(np.unique(ids, return_index=True)[1][: self.n_each])

    def rows(self) -> Iterator[pa.RecordBatch]:
        for _, table in sorted(self.held.items()):
            yield from table.combine_chunks().to_batches()


@dataclass(slots=True)
class _Counts:
    """Counts what the funnel shows."""

    n_rows: int = 0
    by_step: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    """(language, step that dropped the row, None for the kept)."""
    by_change: Counter[tuple[str, str | None]] = field(default_factory=Counter)

    def add(self, batch: pa.RecordBatch) -> None:
        self.n_rows += batch.num_rows
        self.by_step.update(_counted(batch["language"], batch["step"]))
        parents = pc.list_parent_indices(batch["changes"])
        self.by_change.update(_counted(batch["language"].take(parents), pc.list_flatten(batch["changes"])))

    def rows(self) -> Iterator[StepCount]:
        """Yield a row for each language and step that did anything."""
        for key in sorted({*self.by_step, *self.by_change}, key=str):
            yield StepCount(*key, self.by_step[key], self.by_change[key])


def _counted(first: pa.Array, second: pa.Array) -> dict[tuple[Any, Any], int]:
    table = pa.table({"a": first, "b": second}).group_by(["a", "b"]).aggregate([([], "count_all")])
    return {(row["a"], row["b"]): row["count_all"] for row in table.to_pylist()}
