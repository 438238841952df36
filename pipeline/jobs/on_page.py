"""Translations by structure: pages that may be versions of each other, aligned by what stands on them.

Pages meet by their addresses (`pipeline.jobs.page_pairs`); each two are aligned on their own
(`mining.bitext`), by the versions of their pairs that stand there, and what is found counts for the pairs
that stand for them. What grows: page pairs, with pages times languages, each with the text of two pages
while it is aligned; candidates, with the number of translations: on the executors' disks.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mining.bitext import Aligned, align_pages
from pipeline.core.config import AlignConfig
from pipeline.core.records import Bitext, SwapTest
from pipeline.core.table import arrow_schema
from pipeline.jobs.frames import Part, held, spread
from pipeline.jobs.page_frames import page_addresses, page_text, with_page_texts
from pipeline.jobs.page_pairs import page_pairs, swapped

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

EVIDENCE = ("numbers", "tokens", "length", "position", "hreflang", "same_path")
_KEYS = ("id_a", "id_b", "language_a", "language_b")
_FOUND = pa.schema([arrow_schema(Bitext).field(name) for name in (*_KEYS, "site", "score", *EVIDENCE)])


@dataclass(frozen=True, slots=True)
class OnPage:
    """What the pages' structure says."""

    candidates: "DataFrame"
    """The columns of bitexts up to `same_path`, without texts."""
    swap_test: list[SwapTest]


def on_page(
    spark: "SparkSession",
    cleaned: Sequence[Part],
    duplicates: "DataFrame",
    *,
    config: AlignConfig,
    report: Callable[[str], None],
) -> OnPage:
    """Align all pages that meet, and for comparison pages that are no translations."""
    report("finding page pairs")
    pages = held(page_addresses(spark, cleaned, site_by=config.site))
    met = page_pairs(pages)
    report("aligning pages")
    found = held(_candidates(met, cleaned, config=config))
    report("aligning swapped pages")
    exchanged = swapped(met, pages)
    test = swap_test(met, found, exchanged, _candidates(exchanged, cleaned, config=config))
    return OnPage(_of_kept_pairs(found, duplicates), test)


def _candidates(met: "DataFrame", parts: Sequence[Part], *, config: AlignConfig) -> "DataFrame":
    """Return the alignments (`_FOUND`) that the two texts of each page pair suggest."""
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    ends = met.select(sf.explode(sf.array("location_a", "location_b")).alias("location")).distinct()
    texts = held(with_page_texts(ends, parts))
    for side in ("a", "b"):
        named = texts.select(*(sf.col(name).alias(f"{name}_{side}") for name in texts.columns))
        met = spread(met, f"location_{side}").join(named, f"location_{side}")
    return met.mapInArrow(partial(_align_batches, config=config), from_arrow_schema(_FOUND))


def _align_batches(batches: Iterator[pa.RecordBatch], *, config: AlignConfig) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows: list[dict[str, Any]] = []
        for row in batch.to_pylist():
            pages = [
                page_text({name: row[f"{name}_{side}"] for name in ("page_id", "page_url", "pairs")})
                for side in ("a", "b")
            ]
            a, b = sorted(pages, key=lambda page: (page.url, page.page_id))  # the last bits hang on the order
            found = align_pages(a, b, hreflang=row["hreflang"], same_path=row["same_path"], config=config)
            rows += [_candidate(aligned, row) for aligned in found]
        yield pa.RecordBatch.from_pylist(rows, schema=_FOUND)


def _candidate(aligned: Aligned, pages: dict[str, Any]) -> dict[str, Any]:
    a, b = sorted((aligned.a, aligned.b), key=lambda sighting: sighting.language)
    return {
        "id_a": a.id,
        "id_b": b.id,
        "language_a": a.language,
        "language_b": b.language,
        "site": pages["site"],
        "score": aligned.score,
        **{name: getattr(aligned.evidence, name) for name in EVIDENCE},
    }


def _of_kept_pairs(found: "DataFrame", duplicates: "DataFrame") -> "DataFrame":
    """Replace each id by that of the pair that stands for it; of several candidates the best remains."""
    from pyspark.sql import functions as sf

    kept = duplicates.where("id != kept_id").select("id", "kept_id").distinct()
    for side in ("a", "b"):
        of_side = kept.select(sf.col("id").alias(f"id_{side}"), sf.col("kept_id").alias(f"kept_{side}"))
        found = found.join(of_side, f"id_{side}", "left").withColumn(
            f"id_{side}", sf.coalesce(f"kept_{side}", f"id_{side}")
        )
    rest = [name for name in _FOUND.names if name not in (*_KEYS, "score")]
    best = sf.max(sf.struct("score", *rest)).alias("best")
    return held(found.where("id_a != id_b").groupBy(*_KEYS).agg(best).select(*_KEYS, "best.*"))


def swap_test(
    met: "DataFrame", found: "DataFrame", exchanged: "DataFrame", accepted: "DataFrame"
) -> list[SwapTest]:
    """Count page pairs and alignments by language pair, as they are and with swapped pages."""
    pages, swapped_pages = _by_languages_of_pages(met), _by_languages_of_pages(exchanged)
    aligned, swapped_aligned = _by_languages(found), _by_languages(accepted)
    return [
        SwapTest(
            *pair,
            n_page_pairs=pages[pair],
            n_aligned=aligned[pair],
            n_swapped_page_pairs=swapped_pages[pair],
            n_swapped_aligned=swapped_aligned[pair],
            wrong_share=wrong_share(pages[pair], aligned[pair], swapped_pages[pair], swapped_aligned[pair]),
        )
        for pair in sorted({*pages, *aligned, *swapped_aligned})
    ]


def wrong_share(n_pages: int, n_aligned: int, n_swapped_pages: int, n_swapped_aligned: int) -> float | None:
    """Return alignments a swapped page pair over alignments a page pair; None where either is unknown."""
    if not (n_pages and n_aligned and n_swapped_pages):
        return None
    return round(n_swapped_aligned / n_swapped_pages / (n_aligned / n_pages), 6)


def _by_languages_of_pages(met: "DataFrame") -> Counter[tuple[str, str]]:
    from pyspark.sql import functions as sf

    first = [sf.col(f"languages_{side}")[0] for side in ("a", "b")]
    return _by_languages(
        met.select(sf.least(*first).alias("language_a"), sf.greatest(*first).alias("language_b"))
    )


def _by_languages(frame: "DataFrame") -> Counter[tuple[str, str]]:
    rows = frame.groupBy("language_a", "language_b").count().collect()
    return Counter({(row["language_a"], row["language_b"]): row["count"] for row in rows})
