"""Tables `bitexts` and `parallel_groups`: which pairs of a site translate each other.

Candidates come from the pages' structure (`pipeline.jobs.on_page`) and, where an embedder is named, from all
pairs of a site against each other (`pipeline.jobs.off_page`); then each pair keeps its best partner in every
language. What grows: candidates and bitexts, with the number of translations, on the executors' disks.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from mining.model_source import ModelSource
from pipeline.core.config import Config
from pipeline.core.errors import ConfigError
from pipeline.core.ids import key_of
from pipeline.core.manifest import Commit, Manifest, Shard, publish, read_commits, read_manifest, write_commit
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Bitext, Cleaned, Duplicate, Pair, ParallelGroup, SwapTest
from pipeline.core.stages import ALIGN
from pipeline.core.table import arrow_schema
from pipeline.jobs.embedder import check_embedder, content_of
from pipeline.jobs.frames import held, located_frame, parts_of, spread, table_frame, with_pair_texts
from pipeline.jobs.matching import best_of_each, one_to_one, parallel_groups
from pipeline.jobs.off_page import RemovalTest, by_published_rule, off_page
from pipeline.jobs.on_page import on_page
from pipeline.jobs.session import set_partitions
from pipeline.jobs.shards import finished_shards

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

ROWS_PER_PART = 100_000
"""Pairs of the corpus for each part of the tables that are written."""


def cleaned_tables(work: str) -> dict[str, Manifest]:
    """Return the manifests of the tables that alignment reads; ConfigError where one is missing."""
    manifests = {record.TABLE: read_manifest(work, record.TABLE) for record in ALIGN.reads}
    missing = [name for name, manifest in manifests.items() if manifest is None]
    if missing:
        raise ConfigError(f"{work} has no table {missing[0]}; `faqtory clean --work {work}` makes it.")
    return {name: manifest for name, manifest in manifests.items() if manifest}


def input_version(manifests: Mapping[str, Manifest]) -> str:
    """Return the version of the shards that follow from these `cleaned_tables`."""
    return key_of(**{name: manifest.key for name, manifest in manifests.items()})


def plan_align(work: str, config: Config) -> tuple[list[Shard], ModelSource | None]:
    """Return the shards that the tables will consist of, and the embedder where one is named.

    The shards change with every pair, every setting, and the content of models and parallel text. Raises
    ConfigError for settings that cannot be met.
    """
    manifests = cleaned_tables(work)
    model = check_embedder(config.align)
    settings = key_of(
        stage=ALIGN.name,
        version=ALIGN.version,
        config=config.align.model_dump(exclude={"embedder", "parallel", "device", "batch_size"}),
        parallel=content_of(config.align.parallel),
        model=model.label if model else config.align.embedder,
    )
    n_parts = max(1, math.ceil(manifests[Pair.TABLE].n_rows / ROWS_PER_PART))
    shards = [
        Shard.of(
            f"pairs of sites {no} of {n_parts}",
            "parquet",
            version=input_version(manifests),
            settings=settings,
        )
        for no in range(n_parts)
    ]
    return shards, model


def run_align(
    spark: "SparkSession",
    shards: Sequence[Shard],
    *,
    model: ModelSource | None,
    scratch: Path,
    work: str,
    config: Config,
    report: Callable[[str], None] = lambda _: None,
) -> list[Commit]:
    """Align all pairs and publish the tables; returns the commits of their parts.

    `scratch` is a local folder that must outlive Spark.
    """
    manifests = cleaned_tables(work)
    cleaned, pairs, duplicates = (
        parts_of(work, record, manifests[record.TABLE].commits) for record in (Cleaned, Pair, Duplicate)
    )
    set_partitions(spark, manifests[Cleaned.TABLE].n_rows, config.spark)
    if config.align.profile == "webfaq2":
        assert model is not None
        candidates = by_published_rule(spark, pairs, model=model, config=config.align, report=report)
        test: list[SwapTest] = []
    else:
        doubles = table_frame(spark, duplicates, Duplicate)
        found = on_page(spark, cleaned, doubles, config=config.align, report=report)
        candidates, test = found.candidates, found.swap_test
        if config.align.embedder is not None:
            certain = one_to_one(found.candidates.where(f"score >= {config.align.min_certain_score}"))
            further, removal = off_page(
                certain, pairs, model=model, scratch=scratch, config=config.align, report=report
            )
            candidates = best_of_each(candidates.unionByName(further))
            test = _with_removals(test, removal)
    report("matching pairs")
    matched = one_to_one(candidates)
    report("writing bitexts")
    locations = located_frame(spark, pairs, Pair, ("id",))
    groups = held(parallel_groups(matched, locations))
    bitexts = with_pair_texts(matched, pairs)
    _write(bitexts, groups, shards, test=test, work=work)
    commits = {c.shard.id: c for c in read_commits(work, ALIGN.name)} | finished_shards(work, ALIGN)
    done = [commits[shard.id] for shard in shards]
    publish(work, ALIGN.name, records=ALIGN.writes, commits=done)
    return done


def _with_removals(test: Sequence[SwapTest], removal: RemovalTest) -> list[SwapTest]:
    by_languages = {(row.language_a, row.language_b): row for row in test}
    return [
        replace(
            by_languages.get(languages) or SwapTest(*languages),
            n_removed=removal.n_removed[languages],
            n_removed_aligned=removal.n_aligned[languages],
        )
        for languages in sorted({*by_languages, *removal.n_removed})
    ]


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
    numbered = spread(bitexts.withColumn("no", number("id_a")), "no")
    left = spread(named, "no").join(numbered, "no", "left").groupBy("no")
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
