"""What becomes of each cleaned row: boilerplate, a duplicate, or the pair that stands for its duplicates.

Everything is a shuffle of longs and ids. What grows: `rows` and `distinct`, with the number of cleaned rows
(60 bytes each, on the executors' disks); the rest with the number of duplicates. The driver holds the list
of parts.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.core.config import DedupConfig
from pipeline.jobs.components import connected_components
from pipeline.jobs.frames import ROW_BITS, Part, cleaned_frame, held, sent_if_small
from pipeline.jobs.link import compared

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def comparable_rows(spark: "SparkSession", parts: Sequence[Part]) -> "DataFrame":
    """Return what the decisions on the cleaned rows that no rule dropped rest on: keys, rank and site."""
    from pyspark.sql import functions as sf

    rows = cleaned_frame(spark, parts, ("id", "rank", "answer_key", "template_key", "origin"))
    site = sf.xxhash64(sf.substring_index("origin", ".", -2)).alias("site")
    return held(rows.select("location", "is_new", "id", "rank", "answer_key", "template_key", site))


def boilerplate_answers(rows: "DataFrame", *, config: DedupConfig) -> "DataFrame":
    """Return the `answer_key` of answers that stand on more than `max_sites_per_answer` sites.

    A site is what the last two labels of the host name: the branches of one company count once.
    """
    more = f"count > {config.max_sites_per_answer}"
    answers = rows.where("answer_key != 0").select("answer_key", "site")
    frequent = held(answers.groupBy("answer_key").count().where(more).select("answer_key"))
    sites = answers.join(sent_if_small(frequent), "answer_key").distinct()
    return sites.groupBy("answer_key").count().where(more).select("answer_key")


def distinct_pairs(rows: "DataFrame") -> "DataFrame":
    """Return one row for each id: the location of the smallest rank, that rank, sightings, and is_new."""
    from pyspark.sql import functions as sf

    return held(
        rows.groupBy("id")
        .agg(
            sf.min(sf.struct("rank", "location", "template_key")).alias("first"),
            sf.count("*").alias("n_sightings"),
            sf.bool_and("is_new").alias("is_new"),
        )
        .select("id", "first.*", "n_sightings", "is_new")
    )


def involved(distinct: "DataFrame", links: "DataFrame") -> "DataFrame":
    """Return the rows of `distinct` that anything is to be said of: all but those that are simply kept.

    Those with links, with exact duplicates, and with siblings of the same `template_key`.
    """
    from pyspark.sql import functions as sf

    linked = held(links.select(sf.explode(sf.array("id_a", "id_b")).alias("id")).distinct())
    framed = distinct.where("template_key != 0").groupBy("template_key").count().where("count > 1")
    marked = distinct.join(sent_if_small(linked).withColumn("is_linked", sf.lit(True)), "id", "left").join(
        sent_if_small(held(framed)).withColumnRenamed("count", "n_framed"), "template_key", "left"
    )
    return sent_if_small(held(marked.where("is_linked or n_framed is not null or n_sightings > 1")))


def clusters(
    links: "DataFrame", distinct: "DataFrame", parts: Sequence[Part], *, config: DedupConfig
) -> "DataFrame":
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
        similar = compared(unknown, parts, config=config).where("same_facts").select(*both)
        followers = held(followers.join(same.unionByName(similar), both, "left_semi"))
    followers = followers.select("location", "kept")
    return followers.unionByName(followers.select(sf.col("kept").alias("location"), "kept").distinct())


def templates(links: "DataFrame", kept: "DataFrame", distinct: "DataFrame") -> "DataFrame":
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


def decisions(
    rows: "DataFrame",
    distinct: "DataFrame",
    *,
    kept: "DataFrame | None",
    template: "DataFrame | None",
) -> "DataFrame":
    """Return what is to be said of the rows that are not simply kept alone: see `pipeline.jobs.pairs`."""
    from pyspark.sql import functions as sf

    spark = rows.sparkSession
    kept = kept if kept is not None else spark.createDataFrame([], "location long, kept long")
    template = template if template is not None else spark.createDataFrame([], "location long, template long")
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
    of_ids = sent_if_small(held(of_ids.withColumnRenamed("location", "first")))
    kind = (
        sf.when(sf.col("id") != sf.col("kept_id"), "near")
        .when(sf.col("location") != sf.col("first"), "exact")
        .otherwise("kept")
    )
    return (
        rows.select("id", "location")
        .join(of_ids, "id")
        .select(
            "location",
            kind.alias("kind"),
            "kept_id",
            "n_sightings",
            "cluster_size",
            "template_id",
            sf.coalesce("template_size", sf.lit(1)).alias("template_size"),
        )
    )


def by_part(frame: "DataFrame") -> "DataFrame":
    """Split the location into the part's number `no` and the `row` in it."""
    from pyspark.sql import functions as sf

    return frame.select(
        sf.shiftright("location", ROW_BITS).alias("no"),
        sf.col("location").bitwiseAND((1 << ROW_BITS) - 1).alias("row"),
        *(name for name in frame.columns if name != "location"),
    )
