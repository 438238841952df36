"""What may repeat among all cleaned rows, found in one pass before anything is sorted or joined.

What grows: four filters (`mining.bloom`), with the number of rows up to MAX_BITS, which bands reach at 5
million rows and the others at 17. A task that builds them holds some 80 bytes a row, up to 1.1 GB; what all
of them found meets in a shuffle, slice by slice; the driver and every later task hold 10 bytes a row, up to
0.13 GB. Beyond that ever more rows pass as repeating, and only time is lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mining.bloom import CountingFilter, FilterBuilder, holds, n_bits_for
from pipeline.core.records import Cleaned
from pipeline.core.table import arrow_schema
from pipeline.jobs.frames import LOCATED, MAX_TASKS, Part, ddl, held, part_rows, read_cleaned

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

ROW_KEYS = ("id", "answer_key", "template_key")

_SLOTS_PER_KEY = 8
_SLOTS_PER_BAND = 2
_SLICE_BYTES = 1 << 18
"""Of a plane, that a row of the shuffle holds."""
_PLANES = ("seen", "twice", "new")
_FILTERS = "key string, slice long, seen binary, twice binary, new binary"
_COMPARABLE = ("rank", "origin", *ROW_KEYS)
_OF_BAND = ("rank", "fact_key", "answer_key")
_BANDED = pa.schema([*LOCATED, *((name, pa.int64()) for name in (*_OF_BAND, "band"))])

Planes = Mapping[str, NDArray[np.uint8]]
"""For each kind of key the plane of those that repeat; of bands, of those that a new row has among others."""


def repeating_keys(
    spark: "SparkSession", parts: Sequence[Part], *, n_rows: int, n_bands: int
) -> "Broadcast[Planes]":
    """Return which keys may occur on more than one row; `n_bands` is the number of bands of a row."""
    n_bits = dict.fromkeys(ROW_KEYS, n_bits_for(n_rows, slots_per_key=_SLOTS_PER_KEY))
    if n_bands:
        n_bits["bands"] = n_bits_for(n_rows * n_bands, slots_per_key=_SLOTS_PER_BAND)
    tasks = part_rows(spark, parts, max_tasks=spark.sparkContext.defaultParallelism)
    filters = tasks.mapInArrow(partial(_filters, n_bits=n_bits), _FILTERS)
    n_slices = sum(-(-(1 << n) // (8 * _SLICE_BYTES)) for n in n_bits.values())
    by_slice = filters.repartition(min(n_slices, MAX_TASKS), "key", "slice")
    slices = by_slice.mapInArrow(_repeating, "key string, slice long, plane binary").collect()
    whole = {key: b"".join(plane for of, _, plane in sorted(slices) if of == key) for key in n_bits}
    planes = {key: np.frombuffer(plane, dtype=np.uint8) for key, plane in whole.items()}
    return spark.sparkContext.broadcast(planes)


def comparable_rows(spark: "SparkSession", parts: Sequence[Part], planes: "Broadcast[Planes]") -> "DataFrame":
    """Return what the decisions on the cleaned rows that no rule dropped rest on: keys, rank and site.

    Beside each of ROW_KEYS `..._repeats` tells whether another row may have it, too.
    """
    from pyspark.sql import functions as sf

    fields = [arrow_schema(Cleaned).field(name) for name in _COMPARABLE]
    schema = pa.schema([*LOCATED, *fields, *((f"{key}_repeats", pa.bool_()) for key in ROW_KEYS)])
    rows = part_rows(spark, parts).mapInArrow(partial(_comparable, planes=planes, schema=schema), ddl(schema))
    site = sf.xxhash64(sf.substring_index("origin", ".", -2)).alias("site")
    return held(rows.select("*", site).drop("origin"))


def repeating_bands(spark: "SparkSession", parts: Sequence[Part], planes: "Broadcast[Planes]") -> "DataFrame":
    """Return the rows that may share a band with another, a new one among them: one for each such `band`."""
    return part_rows(spark, parts).mapInArrow(partial(_banded, planes=planes), ddl(_BANDED))


def _filters(batches: Iterator[pa.RecordBatch], *, n_bits: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    builders = {key: FilterBuilder(n) for key, n in n_bits.items()}
    for part, rows in read_cleaned(batches, list(n_bits)):
        for key in n_bits:
            builders[key].add(_keys(rows, key), is_new=part.is_new)
    for key in n_bits:
        packed = builders.pop(key).packed()
        planes = [memoryview(getattr(packed, name)) for name in _PLANES]
        for no, at in enumerate(range(0, len(planes[0]), _SLICE_BYTES)):
            columns = ([bytes(plane[at : at + _SLICE_BYTES])] for plane in planes)
            yield pa.RecordBatch.from_arrays(
                [pa.array(c) for c in ([key], [no], *columns)], names=["key", "slice", *_PLANES]
            )


def _repeating(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Bring together what the tasks found: of each slice, the plane of the keys that repeat."""
    found: dict[tuple[str, int], CountingFilter] = {}
    for batch in batches:
        for row in batch.to_pylist():
            of_task = CountingFilter(*(np.frombuffer(row[name], dtype=np.uint8) for name in _PLANES))
            place = row["key"], row["slice"]
            found[place] = found[place] | of_task if place in found else of_task
    for (key, no), of in found.items():
        plane = of.twice & of.new if key == "bands" else of.twice
        yield pa.RecordBatch.from_pydict({"key": [key], "slice": [no], "plane": [plane.tobytes()]})


def _comparable(
    batches: Iterator[pa.RecordBatch], *, planes: "Broadcast[Planes]", schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for _, rows in read_cleaned(batches, _COMPARABLE):
        repeat = (pa.array(holds(planes.value[key], _keys(rows, key))) for key in ROW_KEYS)
        yield pa.RecordBatch.from_arrays([*rows.columns, *repeat], schema=schema)


def _banded(batches: Iterator[pa.RecordBatch], *, planes: "Broadcast[Planes]") -> Iterator[pa.RecordBatch]:
    for _, rows in read_cleaned(batches, (*_OF_BAND, "bands")):
        bands = _keys(rows, "bands")
        repeat = holds(planes.value["bands"], bands)
        of_band = pc.list_parent_indices(rows["bands"]).filter(pa.array(repeat))
        columns = rows.drop_columns("bands").take(of_band).columns
        yield pa.RecordBatch.from_arrays([*columns, pa.array(bands[repeat])], schema=_BANDED)


def _keys(rows: pa.RecordBatch, key: str) -> NDArray[np.int64]:
    """Return a column as 64-bit keys: numbers as they are, ids (md5 in hex) by their last 16 digits."""
    if key == "id":
        digits = bytes.fromhex("".join(rows["id"].to_pylist()))
        return np.frombuffer(digits, dtype=">i8")[1::2].astype(np.int64)
    column = pc.list_flatten(rows[key]) if key == "bands" else rows[key]
    return np.asarray(column, dtype=np.int64)
