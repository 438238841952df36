"""Connected components of a graph that no single machine could hold; small ones in a single task."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from mining.components import components
from pipeline.jobs.frames import held

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MAX_EDGES_OF_A_TASK = 300_000
"""Edges that one task takes on, to save the rounds: some 100 MB and half a second."""


def connected_components(edges: "DataFrame") -> "DataFrame":
    """Return `node` and `root`, the smallest node of its component, for every node that an edge names.

    `edges` has two columns `a` and `b` of longs. Alternates large-star and small-star steps (Kiveris et al.,
    Connected Components in MapReduce and Beyond, SoCC 2014): a logarithmic number of rounds in practice. Each
    round shuffles every edge once or twice; nothing is held by the driver but a count and a checksum. A graph
    of at most MAX_EDGES_OF_A_TASK edges is held by one task instead.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    def smallest_neighbour() -> "sf.Column":  # type: ignore[name-defined]
        return sf.min("v").over(Window.partitionBy("u"))

    edges = (
        edges.select(sf.greatest("a", "b").alias("u"), sf.least("a", "b").alias("v"))
        .where("u > v")
        .distinct()
    )
    edges = held(edges)
    if edges.count() <= MAX_EDGES_OF_A_TASK:
        return held(edges.coalesce(1).mapInArrow(_components, "node long, root long"))
    before = None
    while (now := _checksum(edges)) != before:
        before = now
        both_ways = edges.unionByName(edges.select(sf.col("u").alias("v"), sf.col("v").alias("u")))
        large = (
            both_ways.withColumn("least", sf.least("u", smallest_neighbour()))
            .where("v > u")
            .select(sf.col("v").alias("u"), sf.col("least").alias("v"))
            .distinct()
        )
        starred = large.withColumn("least", smallest_neighbour())
        edges = held(
            starred.where("v > least")
            .select(sf.col("v").alias("u"), sf.col("least").alias("v"))
            .unionByName(starred.select("u", sf.col("least").alias("v")))
            .distinct()
        )
    roots = edges.select(sf.col("v").alias("node"), sf.col("v").alias("root")).distinct()
    return edges.select(sf.col("u").alias("node"), sf.col("v").alias("root")).unionByName(roots)


def _components(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the components of all edges together."""
    edges = (edge for batch in batches for edge in zip(*(c.to_pylist() for c in batch.columns), strict=True))
    roots = components(edges)
    yield pa.RecordBatch.from_arrays(
        [pa.array(roots.keys(), pa.int64()), pa.array(roots.values(), pa.int64())], names=["node", "root"]
    )


def _checksum(edges: "DataFrame") -> tuple[int, int]:
    from pyspark.sql import functions as sf

    row = edges.agg(sf.count("*").alias("n"), sf.bit_xor(sf.xxhash64("u", "v")).alias("hash")).first()
    assert row is not None
    return row["n"], row["hash"]
