"""Table `links`: which different pairs have almost the same text, found by MinHash bands, compared in full.

Pairs that share a band meet in a bucket, where `mining.dedup_candidates` says who is compared with whom.

What grows: bands that repeat (`pipeline.jobs.repeats`), with the number of near-duplicates, sorted by Spark,
which spills to disk; links, with the number of near-duplicates. Only buckets that a new pair falls
into are looked at, and old pairs are never compared with each other again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from mining.dedup import compare
from mining.dedup_candidates import BandRows, Suggestions
from pipeline.core.config import DedupConfig
from pipeline.jobs.frames import Part, held, spread, with_texts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PAIR = ("question", "answer")
ANSWER = ("answer",)
"""Columns that are compared."""

MAX_SENT_TEXTS = 50_000
"""Pairs whose texts every task may hold: 50 MB at 1 kB each."""

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


def find_links(
    banded: "DataFrame", parts: Sequence[Part], *, config: DedupConfig, texts: Sequence[str] = PAIR
) -> "DataFrame":
    """Return the links (`COMPARED`) in which at least one pair is new.

    `banded` has location, is_new, fact_key, rank and band of the rows that stand for their ids: at least all
    bands that a new one has in common with another.
    """
    return compared(_candidates(banded), parts, config=config, texts=texts)


def compared(
    candidates: "DataFrame", parts: Sequence[Part], *, config: DedupConfig, texts: Sequence[str] = PAIR
) -> "DataFrame":
    """Compare the texts at `location_a` and `location_b`; return those that are similar enough.

    `texts` names the columns that count: PAIR, or ANSWER alone.
    """
    from pyspark.sql import functions as sf

    candidates = held(candidates)
    ends = candidates.select(sf.explode(sf.array("location_a", "location_b")).alias("location"))
    read = held(with_texts(ends.distinct(), parts, columns=("id", *texts)))
    is_few = read.count() <= MAX_SENT_TEXTS
    candidates = spread(candidates, "location_a")
    for side in ("a", "b"):
        named = read.select(*(sf.col(name).alias(f"{name}_{side}") for name in read.columns))
        if is_few:
            candidates = candidates.join(sf.broadcast(named), f"location_{side}")
        else:
            candidates = spread(candidates, f"location_{side}").join(named, f"location_{side}")
    return candidates.mapInArrow(
        partial(_compare, ngram=config.ngram, min_jaccard=config.min_jaccard), COMPARED
    )


def _candidates(banded: "DataFrame") -> "DataFrame":
    """Return the distinct (location_a, location_b) that buckets suggest, the smaller location first."""
    rows = banded.select("band", "fact_key", "location", "is_new", "rank")
    buckets = spread(rows, "band").sortWithinPartitions("band", "fact_key", "rank", "location")
    return buckets.mapInArrow(_suggest, "location_a long, location_b long").distinct()


def _suggest(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    suggestions = Suggestions()
    names = [field.name for field in fields(BandRows)]
    for batch in batches:
        columns = (batch[name].to_numpy(zero_copy_only=False) for name in names)
        ends = suggestions.of(BandRows(*columns))
        yield pa.RecordBatch.from_arrays([pa.array(end) for end in ends], names=["location_a", "location_b"])


def _compare(
    batches: Iterator[pa.RecordBatch], *, ngram: int, min_jaccard: float
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = []
        for row in batch.to_pylist():
            a, b = ((row.get(f"question_{side}", ""), row[f"answer_{side}"]) for side in ("a", "b"))
            found = compare(a, b, ngram=ngram)
            if found.jaccard >= min_jaccard:
                rows.append({**row, "jaccard": found.jaccard, "same_facts": found.same_facts})
        yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)
