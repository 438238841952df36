"""Run a stage's shards as Spark tasks, and tell which of them are finished."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.manifest import Commit, Shard, read_commits, read_manifest
from pipeline.core.stages import Stage

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ATTEMPTS = 3
"""Times a task tries an input that is out of reach, with growing pauses, before the next run's turn."""

_RESULT = pa.schema([pa.field("shard_id", pa.string()), pa.field("error", pa.string())])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do: all shards that the tables will consist of, and which of them are done."""

    done: list[Commit]
    todo: list[Shard]
    n_outdated: int
    """Shards among `todo` that an earlier run did with other settings."""


def finished_shards(work: str, stage: Stage) -> dict[str, Commit]:
    """Return the stage's finished shards by id: those in each of its manifests, and those not yet published.

    Raises ConfigError where a table has another schema version than this code.
    """
    manifests = [read_manifest(work, record.TABLE) for record in stage.writes]
    for manifest, record in zip(manifests, stage.writes, strict=True):
        if manifest and manifest.schema_version != record.SCHEMA_VERSION:
            raise ConfigError(
                f"{work} holds table {record.TABLE} of schema version {manifest.schema_version}, this is "
                f"version {record.SCHEMA_VERSION}; use a new --work folder."
            )
    published = [{c.shard.id: c for c in m.commits} if m else {} for m in manifests]
    everywhere = set.intersection(*(set(p) for p in published))
    finished = {shard_id: published[0][shard_id] for shard_id in everywhere}
    return finished | {c.shard.id: c for c in read_commits(work, stage.name)}


def run_shards(
    spark: "SparkSession",
    shards: Sequence[Shard],
    do: Callable[[Shard], object],
    *,
    report: Callable[[int], None] = lambda _: None,
) -> dict[str, str]:
    """Call `do` on each shard in a Spark task of its own; it must write the shard's parts and its commit.

    `report` hears the number of finished shards. Returns the reason by shard id for those out of reach.
    """
    from pipeline.jobs.session import collect_with_progress, one_row_a_task

    frame = one_row_a_task(spark, [json.dumps(asdict(shard)) for shard in shards])
    results = collect_with_progress(
        frame.mapInArrow(partial(_do_batches, do=do), "shard_id string, error string"), report
    )
    return {row.shard_id: row.error for row in results if row.error}


def _do_batches(
    batches: Iterator[pa.RecordBatch], *, do: Callable[[Shard], object]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for text in batch.column("row").to_pylist():
            shard = Shard(**json.loads(text))
            error = with_patience(partial(do, shard))
            yield pa.RecordBatch.from_pylist([{"shard_id": shard.id, "error": error}], schema=_RESULT)


def with_patience(attempt: Callable[[], object]) -> str | None:
    """Try several times what may be out of reach; return the last reason, or None after success."""
    for pause_s in (*(5.0 * 4**i for i in range(ATTEMPTS - 1)), None):
        try:
            attempt()
        except TransientError as reason:
            if pause_s is None:
                return str(reason)
            time.sleep(pause_s)
        else:
            return None
    raise AssertionError("unreachable")
