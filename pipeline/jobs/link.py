"""Table `links`: which different pairs have almost the same text, found by MinHash bands, compared in full.

Pairs that share a band meet in a bucket. Within a bucket, ordered by facts and rank, each pair is compared
with the few before it, with the first of the same facts and with the first of all: in small buckets
everyone with everyone, in large ones (a template of a million pages) a number of comparisons that grows
linearly.

What grows: bands that repeat (`pipeline.jobs.repeats`), with the number of near-duplicates, sorted by Spark,
which spills to disk; links, with the number of near-duplicates. Only buckets that a new pair falls
into are looked at, and old pairs are never compared with each other again.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from mining.dedup import compare
from pipeline.core.config import DedupConfig
from pipeline.jobs.frames import Part, held, spread, with_texts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

N_BEFORE = 3
"""Pairs before it in its bucket that a pair is compared with."""

COMPARED = "location_a long, location_b long, id_a string, id_b string, jaccard double, same_facts boolean"
_SCHEMA = pa.schema(
    [
        pa.field("location_a", pa.int64()),
        pa.field("location_b", pa.int64()),
        pa.field("id_a", pa.string()),
        pa.field("id_b", pa.string()),
        pa.field("jaccard", pa.float64()),
        pa.field("same_facts", pa.bool_()),
    ]
)


def find_links(banded: "DataFrame", parts: Sequence[Part], *, config: DedupConfig) -> "DataFrame":
    """Return the links (`COMPARED`) in which at least one pair is new.

    `banded` has location, is_new, fact_key, rank and band of the rows that stand for their ids: at least all
    bands that a new one has in common with another.
    """
    return compared(_candidates(banded), parts, config=config)


def compared(candidates: "DataFrame", parts: Sequence[Part], *, config: DedupConfig) -> "DataFrame":
    """Compare the texts at `location_a` and `location_b`; return those that are similar enough."""
    from pyspark.sql import functions as sf

    candidates = held(candidates)
    ends = candidates.select(sf.explode(sf.array("location_a", "location_b")).alias("location"))
    texts = held(with_texts(ends.distinct(), parts))
    for side in ("a", "b"):
        named = texts.select(*(sf.col(name).alias(f"{name}_{side}") for name in texts.columns))
        candidates = spread(candidates, f"location_{side}").join(named, f"location_{side}")
    return candidates.mapInArrow(
        partial(_compare, ngram=config.ngram, min_jaccard=config.min_jaccard), COMPARED
    )


def _candidates(banded: "DataFrame") -> "DataFrame":
    """Return the distinct (location_a, location_b) that buckets suggest, the smaller location first."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    order = ("rank", "location")
    bucket = Window.partitionBy("band").orderBy("fact_key", *order)
    of_same_facts = Window.partitionBy("band", "fact_key").orderBy(*order)
    member = sf.struct("location", "is_new")
    first = Window.unboundedPreceding, Window.currentRow
    others = [
        sf.first(member).over(bucket.rowsBetween(*first)),
        sf.first(member).over(of_same_facts.rowsBetween(*first)),
        *(sf.lag(member, n).over(bucket) for n in range(1, N_BEFORE + 1)),
    ]
    n_rows = sf.count("*").over(bucket.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing))
    shared = banded.withColumn("n_rows", n_rows).where("n_rows > 1")
    return (
        shared.select(
            "location", "is_new", sf.array_distinct(sf.array_compact(sf.array(*others))).alias("others")
        )
        .select("location", "is_new", sf.explode("others").alias("other"))
        .where("location != other.location and (is_new or other.is_new)")
        .select(
            sf.least("location", "other.location").alias("location_a"),
            sf.greatest("location", "other.location").alias("location_b"),
        )
        .distinct()
    )


def _compare(
    batches: Iterator[pa.RecordBatch], *, ngram: int, min_jaccard: float
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = []
        for row in batch.to_pylist():
            found = compare(
                (row["question_a"], row["answer_a"]), (row["question_b"], row["answer_b"]), ngram=ngram
            )
            if found.jaccard >= min_jaccard:
                rows.append({**row, "jaccard": found.jaccard, "same_facts": found.same_facts})
        yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)
