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


def page_pairs(pages: "DataFrame") -> "DataFrame":
    """Return location_a, location_b, site, hreflang, same_path of page pairs with pairs in two languages."""
    from pyspark.sql import functions as sf

    found = (
        _linked(pages)
        .unionByName(_of_same_path(pages))
        .groupBy("location_a", "location_b", "site")
        .agg(sf.bool_or("hreflang").alias("hreflang"), sf.bool_or("same_path").alias("same_path"))
    )
    for side in ("a", "b"):
        languages = pages.select(
            sf.col("location").alias(f"location_{side}"), sf.col("languages").alias(f"languages_{side}")
        )
        found = found.join(languages, f"location_{side}")
    several = sf.size(sf.array_union("languages_a", "languages_b")) > 1
    return held(found.where(several).drop("languages_a", "languages_b"))


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
