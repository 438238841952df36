"""Clusters of near-duplicates and templates among the distinct pairs that anything is to be said of.

What grows: the pairs, with the number of those that are linked, repeated or of a template. Up to
MAX_PAIRS_OF_A_PROCESS the driver holds them (100 MB) and decides without a further job; more are joined on
Spark, by shuffles of longs and ids, to the same end.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mining.dedup_groups import DistinctPair, Ends, Grouped, grouped
from pipeline.core.config import DedupConfig
from pipeline.jobs.components import connected_components
from pipeline.jobs.frames import Part, held, sent_if_small
from pipeline.jobs.link import PAIR, compared

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    _Compare = Callable[[DataFrame], DataFrame]

MAX_PAIRS_OF_A_PROCESS = 300_000
"""Pairs, and as many links, that the driver decides on by itself: 2.5 s less, of 11 (16,000 pairs) as of 35
(1.1 million)."""

_GROUPED = pa.schema(
    [
        ("id", pa.string()),
        ("first", pa.int64()),
        ("kept_id", pa.string()),
        ("n_sightings", pa.int64()),
        ("cluster_size", pa.int64()),
        ("template_id", pa.string()),
        ("template_size", pa.int64()),
    ]
)


def groups(
    distinct: "DataFrame",
    links: "DataFrame",
    parts: Sequence[Part],
    *,
    config: DedupConfig,
    texts: Sequence[str] = PAIR,
) -> "DataFrame":
    """Return the groups (`mining.dedup_groups.Grouped`) of those pairs that are not simply kept alone.

    `distinct` has the columns of `DistinctPair`, `links` id_a, id_b and same_facts; both are held. `texts`
    names the columns that count, as in `compared`.
    """
    compare = partial(compared, parts=parts, config=config, texts=texts)
    if max(distinct.count(), links.count()) > MAX_PAIRS_OF_A_PROCESS:
        return _groups_on_spark(distinct, links, compare)
    spark = distinct.sparkSession

    def similar(unknown: Collection[Ends]) -> list[Ends]:
        frame = spark.createDataFrame(sorted(unknown), "location_a long, location_b long")
        alike = compare(frame).where("same_facts").select("location_a", "location_b")
        return [(row[0], row[1]) for row in alike.collect()]

    rows = _columns(distinct.select(*DistinctPair._fields))
    ends = _columns(links.select("id_a", "id_b", "same_facts"))
    found = grouped([DistinctPair(*row) for row in rows], ends, similar=similar)
    columns = list(zip(*found, strict=True)) or [()] * len(_GROUPED)
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, _GROUPED, strict=True)], schema=_GROUPED)
    return sent_if_small(held(spark.createDataFrame(table)))


def _groups_on_spark(distinct: "DataFrame", links: "DataFrame", compare: "_Compare") -> "DataFrame":
    links = _located(links, distinct)
    kept = sent_if_small(held(_clusters(links, distinct, compare)))
    template = sent_if_small(held(_templates(links, kept, distinct)))
    return _named(distinct, kept, template)


def _located(links: "DataFrame", distinct: "DataFrame") -> "DataFrame":
    """Return the links with the locations of their pairs, the smaller first, where both still exist."""
    from pyspark.sql import functions as sf

    for side in ("a", "b"):
        places = distinct.select(sf.col("id").alias(f"id_{side}"), sf.col("location").alias(f"at_{side}"))
        links = links.join(places, f"id_{side}")
    ordered = links.select(
        sf.least("at_a", "at_b").alias("location_a"),
        sf.greatest("at_a", "at_b").alias("location_b"),
        "same_facts",
    )
    return held(ordered)


def _clusters(links: "DataFrame", distinct: "DataFrame", compare: "_Compare") -> "DataFrame":
    """Return `location` and `kept`, the location of the pair that stands for it, of all in clusters.

    Candidates are the connected components of the links between pairs of the same facts; the smallest rank of
    a component stands for those members that are similar to itself, as compared directly: the others stay.
    """
    from pyspark.sql import functions as sf

    same = links.where("same_facts").select("location_a", "location_b")
    members = connected_components(same.toDF("a", "b")).withColumnRenamed("node", "location")
    ranked = held(distinct.select("location", "rank").join(members, "location"))
    first = ranked.groupBy("root").agg(sf.min(sf.struct("rank", "location")).alias("first"))
    followers = held(
        ranked.join(first, "root")
        .select("location", sf.col("first.location").alias("kept"))
        .where("location != kept")
        .withColumn("location_a", sf.least("location", "kept"))
        .withColumn("location_b", sf.greatest("location", "kept"))
    )
    both = ["location_a", "location_b"]
    unknown = held(followers.join(same, both, "left_anti").select(*both))
    if not unknown.isEmpty():
        similar = compare(unknown).where("same_facts").select(*both)
        followers = held(followers.join(same.unionByName(similar), both, "left_semi"))
    followers = followers.select("location", "kept")
    return followers.unionByName(followers.select(sf.col("kept").alias("location"), "kept").distinct())


def _templates(links: "DataFrame", kept: "DataFrame", distinct: "DataFrame") -> "DataFrame":
    """Return `location` and `template` (the root's) of kept pairs that have siblings.

    Siblings are linked pairs whose facts differ, and pairs of one `template_key`.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    first = sf.min("location").over(Window.partitionBy("template_key")).alias("location_b")
    framed = distinct.where("template_key != 0").select(sf.col("location").alias("location_a"), first)
    framed = framed.where("location_a != location_b")
    ends = links.where("not same_facts").select("location_a", "location_b").unionByName(framed)
    for side in ("a", "b"):
        of_side = kept.select(
            sf.col("location").alias(f"location_{side}"), sf.col("kept").alias(f"kept_{side}")
        )
        ends = ends.join(of_side, f"location_{side}", "left")
    siblings = ends.select(
        sf.coalesce("kept_a", "location_a").alias("a"), sf.coalesce("kept_b", "location_b").alias("b")
    )
    return connected_components(siblings).toDF("location", "template")


def _named(distinct: "DataFrame", kept: "DataFrame", template: "DataFrame") -> "DataFrame":
    from pyspark.sql import functions as sf

    named = distinct.join(kept, "location", "left").join(template, "location", "left")
    clustered = named.where("kept is not null or template is not null or n_sightings > 1").withColumn(
        "kept", sf.coalesce("kept", "location")
    )
    sizes = clustered.groupBy("kept").agg(
        sf.sum("n_sightings").alias("cluster_size"),
        sf.max(sf.when(sf.col("location") == sf.col("kept"), sf.col("id"))).alias("kept_id"),
    )
    named_templates = (
        clustered.where("template is not null")
        .groupBy("template")
        .agg(sf.min("id").alias("template_id"), sf.count("*").alias("template_size"))
    )
    of_ids = clustered.join(sizes, "kept").join(named_templates, "template", "left")
    return sent_if_small(held(of_ids.withColumnRenamed("location", "first").select(*Grouped._fields)))


def _columns(frame: "DataFrame") -> "zip[tuple[Any, ...]]":
    return zip(*(column.to_pylist() for column in frame.toArrow().columns), strict=True)
