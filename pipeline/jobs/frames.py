"""Parts of a table as Spark frames, read through the same storage layer as everything else.

A row's `location` names it within a run: the part's number, then the row's index within the part.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core import storage
from pipeline.core.manifest import Commit, part_path
from pipeline.core.records import Cleaned, Pair
from pipeline.core.table import Record, arrow_schema
from pipeline.jobs.session import PARTITIONS, one_row_a_task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MAX_TASKS = 4096
"""Tasks of one pass over a table: beyond so many parts, a task reads several."""

ROW_BITS = 32
"""Bits of a location that number the row: 4 billion rows a part, 2 billion parts."""

MAX_SENT_ROWS = 300_000
"""Rows that every task may hold for a join: with an id in text and a few numbers 50 MB."""

ROWS_PER_BATCH = 10_000

LOCATED = (pa.field("location", pa.int64()), pa.field("is_new", pa.bool_()))
"""What stands before the columns of `cleaned` that a task reads."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part file of a table, by its place in the manifest."""

    no: int
    path: str
    is_new: bool
    """Whether no earlier run has compared the part's pairs."""


def parts_of(
    work: str, record: type[Record], commits: Sequence[Commit], *, new: Collection[str] = ()
) -> list[Part]:
    """Return the parts of a table; `new` holds the shard ids of the new ones."""
    return [
        Part(no, part_path(work, record.TABLE, c.shard.id), c.shard.id in new) for no, c in enumerate(commits)
    ]


def located_frame(
    spark: "SparkSession", parts: Sequence[Part], record: type[Record], columns: Sequence[str]
) -> "DataFrame":
    """Return location and the named columns of all rows of a table."""
    schema = pa.schema(
        [pa.field("location", pa.int64()), *(arrow_schema(record).field(name) for name in columns)]
    )
    return part_rows(spark, parts).mapInArrow(partial(read_located, schema=schema), ddl(schema))


def table_frame(spark: "SparkSession", parts: Sequence[Part], record: type[Record]) -> "DataFrame":
    """Return all columns and rows of a table."""
    schema = arrow_schema(record)
    return part_rows(spark, parts).mapInArrow(partial(_read_table, schema=schema), ddl(schema))


def with_texts(
    locations: "DataFrame", parts: Sequence[Part], *, columns: Sequence[str] = ("id", "question", "answer")
) -> "DataFrame":
    """Return location and columns of the rows of `cleaned` (or `pairs`) at the given (distinct) locations.

    Each part is read once, by one task; of its rows the locations alone are held.
    """
    fields = [arrow_schema(Cleaned).field(name) for name in columns]
    schema = pa.schema([pa.field("location", pa.int64()), *fields])
    return with_parts(locations, parts).mapInArrow(partial(_read_texts, schema=schema), ddl(schema))


def with_pair_texts(
    bitexts: "DataFrame", pairs: Sequence[Part], *, columns: Sequence[str] = ("question", "answer", "url")
) -> "DataFrame":
    """Add the named columns of table `pairs`, with _a and _b after their names, by id_a and id_b."""
    from pyspark.sql import functions as sf

    ids = bitexts.select(sf.explode(sf.array("id_a", "id_b")).alias("id")).distinct()
    locations = located_frame(bitexts.sparkSession, pairs, Pair, ("id",))
    wanted = locations.join(ids, "id", "left_semi").select("location")
    texts = held(with_texts(wanted, pairs, columns=("id", *columns)).drop("location"))
    for side in ("a", "b"):
        named = texts.select(*(sf.col(name).alias(f"{name}_{side}") for name in texts.columns))
        bitexts = bitexts.join(named, f"id_{side}")
    return bitexts


def with_parts(locations: "DataFrame", parts: Sequence[Part]) -> "DataFrame":
    """Return location, no and path of the part: those of a part together in one partition and in order."""
    from pyspark.sql import functions as sf

    paths = locations.sparkSession.createDataFrame([(p.no, p.path) for p in parts], "no long, path string")
    n_tasks = max(1, min(len(parts), MAX_TASKS))
    return (
        locations.select("location", sf.shiftright("location", ROW_BITS).alias("no"))
        .join(sf.broadcast(paths), "no")
        .repartitionById(n_tasks, sf.pmod("no", sf.lit(n_tasks)).cast("int"))
        .sortWithinPartitions("location")
    )


def held(frame: "DataFrame") -> "DataFrame":
    """Compute a frame now and keep it on the executors' disks, as more than one thing follows from it."""
    from pyspark import StorageLevel

    return frame.localCheckpoint(storageLevel=StorageLevel.DISK_ONLY)


def sent_if_small(frame: "DataFrame") -> "DataFrame":
    """Let a held frame of few rows be sent to every task, so that what it is joined with is not shuffled."""
    from pyspark.sql import functions as sf

    return sf.broadcast(frame) if frame.count() <= MAX_SENT_ROWS else frame


def spread(frame: "DataFrame", *columns: str) -> "DataFrame":
    """Deal rows to tasks by the given columns, as many as keep all cores busy.

    For what costs more to work on than its bytes tell: by these Spark would put it all into one task.
    """
    spark = frame.sparkSession
    n_tasks = max(int(str(spark.conf.get(PARTITIONS))), 2 * spark.sparkContext.defaultParallelism)
    return frame.repartition(n_tasks, *columns)


def part_rows(spark: "SparkSession", parts: Sequence[Part], *, max_tasks: int = MAX_TASKS) -> "DataFrame":
    """Return a frame whose rows name parts, a few a task: what a function that reads them is mapped over."""
    n_tasks = min(len(parts), max_tasks)
    return one_row_a_task(
        spark, [json.dumps([asdict(p) for p in parts[task::n_tasks]]) for task in range(n_tasks)]
    )


def ddl(schema: pa.Schema) -> Any:
    """Return an Arrow schema as Spark's."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def read_parts(batches: Iterator[pa.RecordBatch]) -> Iterator[Part]:
    """Yield the parts that the rows of `part_rows` name."""
    for batch in batches:
        for text in batch.column("row").to_pylist():
            yield from (Part(**tree) for tree in json.loads(text))


def read_cleaned(
    batches: Iterator[pa.RecordBatch], columns: Sequence[str]
) -> Iterator[tuple[Part, pa.RecordBatch]]:
    """Yield LOCATED and the named columns of the rows of `cleaned` that no rule dropped, with their part."""
    for part in read_parts(batches):
        for first, rows in _batches(part.path, [*columns, "dropped_by"]):
            location = pa.array(np.arange(first, first + rows.num_rows) + (part.no << ROW_BITS))
            is_new = pa.array(np.full(rows.num_rows, part.is_new))
            arrays = [location, is_new, *(rows.column(name) for name in columns)]
            named = pa.RecordBatch.from_arrays(arrays, names=[*(f.name for f in LOCATED), *columns])
            yield part, named.filter(rows.column("dropped_by").is_null())


def read_located(batches: Iterator[pa.RecordBatch], *, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the parts that `part_rows` names: location, then the other columns of `schema`."""
    for part in read_parts(batches):
        for first, rows in _batches(part.path, schema.names[1:]):
            location = pa.array(np.arange(first, first + rows.num_rows) + (part.no << ROW_BITS))
            yield pa.RecordBatch.from_arrays([location, *rows.columns], names=schema.names)


def _read_table(batches: Iterator[pa.RecordBatch], *, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in read_parts(batches):
        for _, rows in _batches(part.path, schema.names):
            yield rows


def _read_texts(batches: Iterator[pa.RecordBatch], *, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    wanted = (
        (path, location)
        for batch in batches
        for path, location in zip(
            batch.column("path").to_pylist(), batch.column("location").to_pylist(), strict=True
        )
    )
    for path, members in groupby(wanted, key=lambda pair: pair[0]):
        locations = np.array([location for _, location in members])
        indices = locations & ((1 << ROW_BITS) - 1)
        for first, rows in _batches(path, schema.names[1:]):
            here = slice(*np.searchsorted(indices, (first, first + rows.num_rows)))
            if here.start < here.stop:
                found = rows.take(pa.array(indices[here] - first))
                yield pa.RecordBatch.from_arrays(
                    [pa.array(locations[here]), *found.columns], names=schema.names
                )


def _batches(path: str, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the index of each batch's first row, and the batch."""
    with storage.open_read(path) as stream:
        first = 0
        for batch in pq.ParquetFile(stream).iter_batches(batch_size=ROWS_PER_BATCH, columns=list(columns)):
            yield first, batch.select(list(columns))
            first += batch.num_rows
