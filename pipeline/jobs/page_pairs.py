"""Which pages may be translations of each other, by hreflang links and by addresses that differ in language.

Both are joins over addresses, never over a whole site, so that no site is too big. What grows: hreflang links
and page pairs, with the number of pages times their languages.
"""

from typing import TYPE_CHECKING

from pipeline.jobs.frames import held

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MAX_TRANSLATIONS = 300
"""More pages that share a key, or that one page is linked with, are no translations: no site has as many
languages. So a home page that every page names as its translation costs nothing, nor does a list of lies."""

MAX_SWAPPED = 100_000
"""Page pairs of the swap test: enough for a share of 0.1 % in a language pair of one in a hundred."""


def page_pairs(pages: "DataFrame") -> "DataFrame":
    """Return the page pairs that have pairs in two languages.

    Columns: location_a and location_b, the smaller first, their languages_a and languages_b, hashes of their
    URLs, url_a and url_b; site; hreflang and same_path, what speaks for the two.
    """
    from pyspark.sql import functions as sf

    found = (
        _linked(pages)
        .unionByName(_of_same_path(pages))
        .groupBy("location_a", "location_b", "site")
        .agg(sf.bool_or("hreflang").alias("hreflang"), sf.bool_or("same_path").alias("same_path"))
    )
    for side in ("a", "b"):
        languages = pages.select(
            *(sf.col(name).alias(f"{name}_{side}") for name in ("location", "languages", "url"))
        )
        found = found.join(languages, f"location_{side}")
    several = sf.size(sf.array_union("languages_a", "languages_b")) > 1
    return held(found.where(several))


def swapped(met: "DataFrame", pages: "DataFrame") -> "DataFrame":
    """Return page pairs that are no translations: of each, the second page is exchanged for the next one.

    The next page is of the same site and languages, in the order of hashed URLs, and it is no page pair with
    the first. At most MAX_SWAPPED, by hash.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    order = Window.partitionBy("site", "languages").orderBy("url")
    whole = order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    following = pages.select(
        sf.col("location").alias("replaced"),
        sf.coalesce(sf.lead("location").over(order), sf.first("location").over(whole)).alias("next"),
    )
    in_order = sf.col("url_a") < sf.col("url_b")  # by URL: locations depend on how the pages are stored
    sides = {name: (f"{name}_a", f"{name}_b") for name in ("location", "languages")}
    kept = {name: sf.when(in_order, sf.col(a)).otherwise(sf.col(b)) for name, (a, b) in sides.items()}
    replaced = {name: sf.when(in_order, sf.col(b)).otherwise(sf.col(a)) for name, (a, b) in sides.items()}
    exchanged = (
        met.withColumn("replaced", replaced["location"])
        .join(following, "replaced")
        .select(
            kept["location"].alias("location_a"),
            sf.col("next").alias("location_b"),
            kept["languages"].alias("languages_a"),
            replaced["languages"].alias("languages_b"),
            "site",
            "hreflang",
            "same_path",
            sf.xxhash64(sf.least("url_a", "url_b"), sf.greatest("url_a", "url_b")).alias("order"),
        )
    )
    known = met.select("location_a", "location_b")
    known = known.unionAll(met.select("location_b", "location_a"))
    wrong = exchanged.where("location_a != location_b").join(known, ["location_a", "location_b"], "left_anti")
    return held(wrong.orderBy("order").limit(MAX_SWAPPED).drop("order"))


def _linked(pages: "DataFrame") -> "DataFrame":
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    links = pages.select(sf.col("location").alias("from"), "site", sf.explode("alternates").alias("url"))
    targets = pages.select(sf.col("location").alias("to"), sf.col("site").alias("other_site"), "url")
    met = links.join(targets, "url").where("site = other_site and from != to")
    for end in ("from", "to"):
        n_linked = sf.count("*").over(Window.partitionBy(end))
        met = met.withColumn("n_linked", n_linked).where(f"n_linked <= {MAX_TRANSLATIONS}")
    return _ordered(met).select(
        "location_a", "location_b", "site", sf.lit(True).alias("hreflang"), sf.lit(False).alias("same_path")
    )


def _of_same_path(pages: "DataFrame") -> "DataFrame":
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    counted = pages.withColumn("n_pages", sf.count("*").over(Window.partitionBy("key")))
    groups = counted.where(f"n_pages between 2 and {MAX_TRANSLATIONS}").select("location", "site", "key")
    others = groups.select(sf.col("location").alias("to"), "key")
    pairs = groups.withColumnRenamed("location", "from").join(others, "key").where("from < to")
    return _ordered(pairs).select(
        "location_a", "location_b", "site", sf.lit(False).alias("hreflang"), sf.lit(True).alias("same_path")
    )


def _ordered(pairs: "DataFrame") -> "DataFrame":
    from pyspark.sql import functions as sf

    return pairs.withColumn("location_a", sf.least("from", "to")).withColumn(
        "location_b", sf.greatest("from", "to")
    )
