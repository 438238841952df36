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
from pipeline.core.records import SwapTest
from pipeline.jobs.frames import Part, held, spread
from pipeline.jobs.matching import CANDIDATE, Languages, best_of_each, by_languages
from pipeline.jobs.page_frames import page_addresses, page_text, with_page_texts
from pipeline.jobs.page_pairs import page_pairs, swapped

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_EVIDENCE = ("numbers", "tokens", "length", "position", "hreflang", "same_path")


@dataclass(frozen=True, slots=True)
class OnPage:
    """What the pages' structure says."""

    candidates: "DataFrame"
    """Of the kept pairs (CANDIDATE)."""
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
    """Return the alignments (`CANDIDATE`) that the two texts of each page pair suggest."""
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    ends = met.select(sf.explode(sf.array("location_a", "location_b")).alias("location")).distinct()
    texts = held(with_page_texts(ends, parts))
    for side in ("a", "b"):
        named = texts.select(*(sf.col(name).alias(f"{name}_{side}") for name in texts.columns))
        met = spread(met, f"location_{side}").join(named, f"location_{side}")
    return met.mapInArrow(partial(_align_batches, config=config), from_arrow_schema(CANDIDATE))


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
        yield pa.RecordBatch.from_pylist(rows, schema=CANDIDATE)


def _candidate(aligned: Aligned, pages: dict[str, Any]) -> dict[str, Any]:
    a, b = sorted((aligned.a, aligned.b), key=lambda sighting: sighting.language)
    return {
        "id_a": a.id,
        "id_b": b.id,
        "language_a": a.language,
        "language_b": b.language,
        "site": pages["site"],
        "score": aligned.score,
        **{name: getattr(aligned.evidence, name) for name in _EVIDENCE},
        "similarity": None,
        "margin": None,
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
    return best_of_each(found.where("id_a != id_b"))


def swap_test(
    met: "DataFrame", found: "DataFrame", exchanged: "DataFrame", accepted: "DataFrame"
) -> list[SwapTest]:
    """Count page pairs and alignments by language pair, as they are and with swapped pages."""
    pages, swapped_pages = _by_languages_of_pages(met), _by_languages_of_pages(exchanged)
    aligned, swapped_aligned = by_languages(found), by_languages(accepted)
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


def _by_languages_of_pages(met: "DataFrame") -> Counter[Languages]:
    from pyspark.sql import functions as sf

    first = [sf.col(f"languages_{side}")[0] for side in ("a", "b")]
    return by_languages(
        met.select(sf.least(*first).alias("language_a"), sf.greatest(*first).alias("language_b"))
    )
