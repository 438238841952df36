"""Tables `bitexts` and `parallel_groups`: which pairs of a site translate each other.

Pages that may be translations meet by their addresses (`pipeline.jobs.page_pairs`); each two are aligned on
their own (`mining.bitext`), by the versions of their pairs that stand there, and what is found counts for the
pairs that stand for them. What grows: page pairs, with pages times languages, each with the text of two pages
while it is aligned; candidates and bitexts, with the number of translations: on the executors' disks.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mining.bitext import Aligned, align_pages
from pipeline.core.config import AlignConfig, Config
from pipeline.core.errors import ConfigError
from pipeline.core.ids import key_of
from pipeline.core.manifest import Commit, Manifest, Shard, publish, read_commits, read_manifest, write_commit
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Bitext, Cleaned, Duplicate, Pair, ParallelGroup, SwapTest
from pipeline.core.stages import ALIGN
from pipeline.core.table import arrow_schema
from pipeline.jobs.frames import Part, held, located_frame, parts_of, table_frame, with_texts
from pipeline.jobs.matching import one_to_one, parallel_groups
from pipeline.jobs.page_frames import page_addresses, page_text, with_page_texts
from pipeline.jobs.page_pairs import page_pairs, swapped
from pipeline.jobs.session import set_partitions
from pipeline.jobs.shards import finished_shards

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

ROWS_PER_PART = 100_000
"""Pairs of the corpus for each part of the tables that are written."""

_EVIDENCE = ("numbers", "tokens", "length", "position", "hreflang", "same_path", "similarity", "margin")
_CANDIDATE = pa.schema(
    [
        arrow_schema(Bitext).field(name)
        for name in ("id_a", "id_b", "language_a", "language_b", "site", "score", *_EVIDENCE)
    ]
)


def cleaned_tables(work: str) -> dict[str, Manifest]:
    """Return the manifests of the tables that alignment reads; ConfigError where one is missing."""
    manifests = {record.TABLE: read_manifest(work, record.TABLE) for record in ALIGN.reads}
    missing = [name for name, manifest in manifests.items() if manifest is None]
    if missing:
        raise ConfigError(f"{work} has no table {missing[0]}; `faqtory clean --work {work}` makes it.")
    return {name: manifest for name, manifest in manifests.items() if manifest}


def plan_align(work: str, config: Config) -> list[Shard]:
    """Return the shards that the tables will consist of; they change with every pair and every setting."""
    manifests = cleaned_tables(work)
    version = key_of(**{name: manifest.key for name, manifest in manifests.items()})
    settings = key_of(stage=ALIGN.name, version=ALIGN.version, config=config.align.model_dump())
    n_parts = max(1, math.ceil(manifests[Pair.TABLE].n_rows / ROWS_PER_PART))
    return [
        Shard.of(f"pairs of sites {no} of {n_parts}", "parquet", version=version, settings=settings)
        for no in range(n_parts)
    ]


def run_align(
    spark: "SparkSession",
    shards: Sequence[Shard],
    *,
    work: str,
    config: Config,
    report: Callable[[str], None] = lambda _: None,
) -> list[Commit]:
    """Align all pairs and publish the tables; returns the commits of their parts."""
    manifests = cleaned_tables(work)
    cleaned = parts_of(work, Cleaned, manifests[Cleaned.TABLE].commits)
    pairs = parts_of(work, Pair, manifests[Pair.TABLE].commits)
    set_partitions(spark, manifests[Cleaned.TABLE].n_rows, config.spark)
    report("finding page pairs")
    pages = held(page_addresses(spark, cleaned, site_by=config.align.site))
    met = page_pairs(pages)
    report("aligning pages")
    found = held(_candidates(met, cleaned, config=config.align))
    report("aligning swapped pages")
    exchanged = swapped(met, pages)
    test = swap_test(met, found, exchanged, _candidates(exchanged, cleaned, config=config.align))
    doubles = table_frame(spark, parts_of(work, Duplicate, manifests[Duplicate.TABLE].commits), Duplicate)
    report("matching pairs")
    matched = one_to_one(_of_kept_pairs(found, doubles))
    locations = located_frame(spark, pairs, Pair, ("id",))
    report("writing bitexts")
    groups = held(parallel_groups(matched, locations))
    bitexts = _with_texts(matched, locations, pairs)
    _write(bitexts, groups, shards, test=test, work=work)
    commits = {c.shard.id: c for c in read_commits(work, ALIGN.name)} | finished_shards(work, ALIGN)
    done = [commits[shard.id] for shard in shards]
    publish(work, ALIGN.name, records=ALIGN.writes, commits=done)
    return done


def _candidates(met: "DataFrame", parts: Sequence[Part], *, config: AlignConfig) -> "DataFrame":
    """Return the alignments (`_CANDIDATE`) that the two texts of each page pair suggest."""
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    ends = met.select(sf.explode(sf.array("location_a", "location_b")).alias("location")).distinct()
    texts = held(with_page_texts(ends, parts))
    for side in ("a", "b"):
        named = texts.select(*(sf.col(name).alias(f"{name}_{side}") for name in texts.columns))
        met = met.join(named, f"location_{side}")
    return met.mapInArrow(partial(_align_batches, config=config), from_arrow_schema(_CANDIDATE))


def _align_batches(batches: Iterator[pa.RecordBatch], *, config: AlignConfig) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows: list[dict[str, Any]] = []
        for row in batch.to_pylist():
            pages = [
                page_text({name: row[f"{name}_{side}"] for name in ("page_id", "page_url", "pairs")})
                for side in ("a", "b")
            ]
            a, b = sorted(pages, key=lambda page: (page.url, page.page_id))  # the last bits hang on the order
            found = align_pages(
                a, b, hreflang=row["hreflang"], same_path=row["same_path"], similarity=None, config=config
            )
            rows += [_candidate(aligned, site=row["site"]) for aligned in found]
        yield pa.RecordBatch.from_pylist(rows, schema=_CANDIDATE)


def _candidate(aligned: Aligned, *, site: str) -> dict[str, Any]:
    a, b = sorted((aligned.a, aligned.b), key=lambda sighting: sighting.language)
    return {
        "id_a": a.id,
        "id_b": b.id,
        "language_a": a.language,
        "language_b": b.language,
        "site": site,
        "score": aligned.score,
        **{name: getattr(aligned.evidence, name) for name in _EVIDENCE},
    }


def _of_kept_pairs(found: "DataFrame", doubles: "DataFrame") -> "DataFrame":
    """Replace each id by that of the pair that stands for it; of several candidates the best remains."""
    from pyspark.sql import functions as sf

    kept = doubles.where("id != kept_id").select("id", "kept_id").distinct()
    for side in ("a", "b"):
        of_side = kept.select(sf.col("id").alias(f"id_{side}"), sf.col("kept_id").alias(f"kept_{side}"))
        found = found.join(of_side, f"id_{side}", "left").withColumn(
            f"id_{side}", sf.coalesce(f"kept_{side}", f"id_{side}")
        )
    keys = ("id_a", "id_b", "language_a", "language_b")
    rest = [name for name in _CANDIDATE.names if name not in (*keys, "score")]
    best = sf.max(sf.struct("score", *rest)).alias("best")
    return held(found.where("id_a != id_b").groupBy(*keys).agg(best).select(*keys, "best.*"))


def _with_texts(matched: "DataFrame", locations: "DataFrame", parts: Sequence[Part]) -> "DataFrame":
    from pyspark.sql import functions as sf

    ids = matched.select(sf.explode(sf.array("id_a", "id_b")).alias("id")).distinct()
    wanted = locations.join(ids, "id", "left_semi").select("location")
    texts = held(with_texts(wanted, parts, columns=("id", "question", "answer", "url")).drop("location"))
    for side in ("a", "b"):
        named = texts.select(*(sf.col(name).alias(f"{name}_{side}") for name in texts.columns))
        matched = matched.join(named, f"id_{side}")
    return matched


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


def _write(
    bitexts: "DataFrame",
    groups: "DataFrame",
    shards: Sequence[Shard],
    *,
    test: Sequence[SwapTest],
    work: str,
) -> None:
    """Write a part of the tables for each shard: bitexts by hash of the first id, groups of theirs.

    The swap test stands in the first part.
    """
    from pyspark.sql import functions as sf

    def number(column: str) -> "Column":
        return sf.pmod(sf.xxhash64(column), sf.lit(len(shards))).cast("int").alias("no")

    def call(bitexts: pa.Table, groups: pa.Table) -> pa.Table:
        shard = Shard(**json.loads(bitexts["shard"][0].as_py()))
        found = bitexts.filter(bitexts["id_a"].is_valid())  # a shard without bitexts has one row of nulls
        _write_part(shard, found, groups, test=test if shard == shards[0] else (), work=work)
        return pa.table({"shard_id": [shard.id]})

    named = bitexts.sparkSession.createDataFrame(
        [(no, json.dumps(asdict(shard))) for no, shard in enumerate(shards)], "no int, shard string"
    )
    left = named.join(bitexts.withColumn("no", number("id_a")), "no", "left").groupBy("no")
    right = groups.withColumn("no", number("group_id")).groupBy("no")
    left.cogroup(right).applyInArrow(call, "shard_id string").collect()


def _write_part(
    shard: Shard, bitexts: pa.Table, groups: pa.Table, *, test: Sequence[SwapTest], work: str
) -> None:
    with open_part(work, SwapTest, shard.id) as part:
        for row in test:
            part.add(row)
    rows = {SwapTest.TABLE: part.n_rows}
    tables = ((Bitext, bitexts, ("site", "id_a", "id_b")), (ParallelGroup, groups, ("site", "group_id")))
    for record, table, order in tables:
        schema = arrow_schema(record)
        ordered = table.select(schema.names).sort_by([(name, "ascending") for name in order])
        with open_part(work, record, shard.id) as part:
            for batch in ordered.cast(schema).to_batches():
                part.add_batch(batch)
        rows[record.TABLE] = part.n_rows
    write_commit(work, ALIGN.name, Commit(shard, ShardOutcome.READ, rows))
