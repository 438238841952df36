"""What becomes of each cleaned row: boilerplate, a duplicate, or the pair that stands for its duplicates.

Everything is a shuffle of longs and ids. What grows: the rows, with the number of cleaned ones (60 bytes
each, on the executors' disks), which are read but not sorted; what is sorted and joined, with the number of
rows that share a key. The driver holds the list of parts.
"""

from typing import TYPE_CHECKING

from pipeline.jobs.frames import MAX_SENT_ROWS, ROW_BITS, held, sent_if_small

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def boilerplate_answers(rows: "DataFrame", *, max_sites: int | None) -> "DataFrame":
    """Return the `answer_key` of answers that stand on more than `max_sites` sites; of none without a bound.

    A site is what the last two labels of the host name: the branches of one company count once.
    """
    from pyspark.sql import functions as sf

    if max_sites is None:
        return sent_if_small(rows.sparkSession.createDataFrame([], "answer_key long"))
    repeated = rows.where("answer_key_repeats and answer_key != 0").groupBy("answer_key")
    n_sites = sf.size(sf.collect_set("site"))  # one shuffle; a count of distinct ones takes two
    frequent = repeated.agg(n_sites.alias("n_sites")).where(f"n_sites > {max_sites}")
    return sent_if_small(held(frequent.select("answer_key")))


def sightings(rows: "DataFrame") -> "DataFrame":
    """Return the rows that may share their id, with what those of an id have in common.

    `n_sightings` is their number, `all_new` whether they all are, `is_first` marks the smallest rank.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    same = Window.partitionBy("id")
    ranked = rows.where("id_repeats").withColumn(
        "place", sf.row_number().over(same.orderBy("rank", "location"))
    )
    all_of_id = same.orderBy("rank", "location").rowsBetween(
        Window.unboundedPreceding, Window.unboundedFollowing
    )
    return held(
        ranked.select(
            *rows.columns,
            (sf.col("place") == 1).alias("is_first"),
            sf.count("*").over(all_of_id).alias("n_sightings"),
            sf.bool_and("is_new").over(all_of_id).alias("all_new"),
        )
    )


def distinct_pairs(rows: "DataFrame", seen: "DataFrame") -> "DataFrame":
    """Return one row for each id, that of the smallest rank; `seen` are the `sightings` of the rows."""
    from pyspark.sql import functions as sf

    single = rows.where("not id_repeats").withColumn("n_sightings", sf.lit(1).cast("long"))
    return single.unionByName(seen.where("is_first").select(*single.columns))


def of_distinct(rows: "DataFrame", seen: "DataFrame") -> "DataFrame":
    """Leave out rows that are not the first of their id; what has an old row of its id is not `is_new`."""
    from pyspark.sql import functions as sf

    copies = held(seen.where("n_sightings > 1").select("location", "is_first", "all_new"))
    return (
        rows.join(sent_if_small(copies), "location", "left")
        .where("is_first is null or is_first")
        .withColumn("is_new", sf.coalesce("all_new", "is_new"))
        .drop("is_first", "all_new")
    )


def involved(distinct: "DataFrame", links: "DataFrame") -> "DataFrame":
    """Return the rows of `distinct` that anything is to be said of: all but those that are simply kept.

    Those with links, with exact duplicates, and with siblings of the same `template_key`.
    """
    from pyspark.sql import functions as sf

    linked = links.select(sf.explode(sf.array("id_a", "id_b")).alias("id")).distinct()
    linked = linked.withColumn("is_linked", sf.lit(True))
    if 2 * links.count() <= MAX_SENT_ROWS:
        linked = sf.broadcast(linked)
    framed = distinct.where("template_key_repeats and template_key != 0").groupBy("template_key").count()
    marked = distinct.join(linked, "id", "left").join(
        sent_if_small(held(framed.where("count > 1"))).withColumnRenamed("count", "n_framed"),
        "template_key",
        "left",
    )
    return sent_if_small(held(marked.where("is_linked or n_framed is not null or n_sightings > 1")))


def decisions(seen: "DataFrame", groups: "DataFrame", dropped: "DataFrame") -> "DataFrame":
    """Return what is to be said of the rows of all groups and of dropped ones: see `pipeline.jobs.pairs`.

    `seen` are the `sightings`, so that all rows of an id with more than one are among them; `dropped` are the
    rows with boilerplate answers.
    """
    from pyspark.sql import functions as sf

    single = groups.where("n_sightings = 1").withColumn("location", sf.col("first"))
    several = seen.select("id", "location").join(groups.where("n_sightings > 1"), "id")
    kind = (
        sf.when(sf.col("id") != sf.col("kept_id"), "near")
        .when(sf.col("location") != sf.col("first"), "exact")
        .otherwise("kept")
    )
    grouped = single.unionByName(several).select(
        "location",
        kind.alias("kind"),
        "kept_id",
        "n_sightings",
        "cluster_size",
        "template_id",
        sf.coalesce("template_size", sf.lit(1)).alias("template_size"),
    )
    boilerplate = dropped.select("location", sf.lit("boilerplate").alias("kind"))
    return grouped.unionByName(boilerplate, allowMissingColumns=True)


def by_part(frame: "DataFrame") -> "DataFrame":
    """Split the location into the part's number `no` and the `row` in it."""
    from pyspark.sql import functions as sf

    return frame.select(
        sf.shiftright("location", ROW_BITS).alias("no"),
        sf.col("location").bitwiseAND((1 << ROW_BITS) - 1).alias("row"),
        *(name for name in frame.columns if name != "location"),
    )
