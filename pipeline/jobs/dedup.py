"""Tables `links`, `pairs`, `duplicates`, `rejects` and `funnel` from all parts of `cleaned`.

A part of `links` is made once, when its part of `cleaned` is new; a part of the other tables is written
again only where a decision on one of its rows has changed. So a later release pays in full for its new
pairs, and for the old ones a scan of their keys.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.errors import TransientError
from pipeline.core.ids import key_of
from pipeline.core.manifest import (
    Commit,
    Shard,
    commit_folder,
    part_name,
    publish,
    read_commits,
    write_commit,
)
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Cleaned, Link
from pipeline.core.stages import DEDUP, FUNNEL, LINK, Stage
from pipeline.core.table import arrow_schema
from pipeline.jobs.clean import looks_for_near_duplicates
from pipeline.jobs.decisions import (
    boilerplate_answers,
    by_part,
    decisions,
    distinct_pairs,
    involved,
    of_distinct,
    sightings,
)
from pipeline.jobs.frames import ROW_BITS, Part, ddl, held, parts_of, spread, table_frame
from pipeline.jobs.funnel import funnel_shard, run_funnel
from pipeline.jobs.groups import groups
from pipeline.jobs.link import find_links
from pipeline.jobs.pairs import DECISION, digest, write_pairs
from pipeline.jobs.repeats import comparable_rows, repeating_bands, repeating_keys
from pipeline.jobs.session import set_partitions
from pipeline.jobs.shards import finished_shards, with_patience

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)

_RESULT = pa.schema([pa.field("shard_id", pa.string()), pa.field("error", pa.string())])
_RESULT_DDL = "shard_id string, error string"


def is_up_to_date(work: str, cleaned: Sequence[Commit], config: Config) -> bool:
    """Tell whether the tables were made from exactly these parts of `cleaned` with these settings."""
    settings = _settings(DEDUP, config)
    wanted = {_input(commit): settings for commit in cleaned}
    commits = list(finished_shards(work, DEDUP).values())
    if read_commits(work, DEDUP.name) or {c.shard.input: c.shard.settings for c in commits} != wanted:
        return False
    return funnel_shard(commits, config).id in finished_shards(work, FUNNEL)


def run_dedup(
    spark: "SparkSession",
    cleaned: Sequence[Commit],
    *,
    work: str,
    config: Config,
    report: Callable[[str], None] = lambda _: None,
) -> list[Commit]:
    """Bring the tables up to date with all parts of `cleaned`; returns the commits of all their parts.

    `report` hears what is being done. Raises TransientError when parts were out of reach.
    """
    cleaned = sorted(cleaned, key=lambda c: (c.shard.input, c.shard.id))
    near = looks_for_near_duplicates(config)
    linked = _plan_links(work, cleaned, config) if near else {}
    new = {c.shard.id for c in cleaned if c.shard.id not in linked}
    parts = parts_of(work, Cleaned, cleaned, new=new)
    n_rows = sum(c.rows[Cleaned.TABLE] for c in cleaned)
    set_partitions(spark, n_rows, config.spark)
    report("removing exact duplicates")
    planes = repeating_keys(spark, parts, n_rows=n_rows, n_bands=config.dedup.n_bands if near else 0)
    everything = comparable_rows(spark, parts, planes)
    boilerplate = boilerplate_answers(
        everything, max_sites=config.dedup.max_sites_per_answer if near else None
    )
    rows = everything.join(boilerplate, "answer_key", "left_anti")
    seen = sightings(rows)
    links = spark.createDataFrame([], ddl(arrow_schema(Link)))
    if near:
        report("comparing near-duplicates")
        banded = repeating_bands(spark, parts, planes).join(boilerplate, "answer_key", "left_anti")
        commits = _link(of_distinct(banded, seen), cleaned, linked, parts=parts, work=work, config=config)
        report("joining near-duplicates")
        links = held(table_frame(spark, parts_of(work, Link, commits), Link))
    concerned = involved(distinct_pairs(rows, seen), links)
    dropped = everything.where("answer_key_repeats").join(boilerplate, "answer_key", "left_semi")
    decided = decisions(seen, groups(concerned, links, parts, config=config.dedup), dropped)
    report("writing pairs")
    commits = _write(by_part(decided), cleaned, work=work, config=config)
    run_funnel(spark, commits, work=work, config=config)
    return commits


def _settings(stage: Stage, config: Config) -> str:
    near = looks_for_near_duplicates(config)
    dedup = config.dedup.model_dump() if near else None
    n_rejects = config.clean.max_rejects_per_rule
    return key_of(
        stage=stage.name, version=stage.version, config=dedup, n_rejects=n_rejects if stage is DEDUP else None
    )


def _input(cleaned: Commit) -> str:
    return storage.join("tables", Cleaned.TABLE, part_name(cleaned.shard.id))


def _plan_links(work: str, cleaned: Sequence[Commit], config: Config) -> dict[str, Commit]:
    """Return the finished parts of `links` by the id of their part of `cleaned`.

    Where an earlier part of `cleaned` is gone, with pairs that links may rest on, all are made again.
    """
    settings = _settings(LINK, config)
    finished = {
        c.shard.input: c for c in finished_shards(work, LINK).values() if c.shard.settings == settings
    }
    by_cleaned = {_input(c): c.shard.id for c in cleaned}
    if not set(finished) <= set(by_cleaned):
        return {}
    return {by_cleaned[path]: commit for path, commit in finished.items()}


@dataclass(frozen=True, slots=True)
class _Task:
    """A part to be written, as the task that writes it is told."""

    no: int
    input: str
    """The part of `cleaned`."""
    published: str | None
    """Id of the shard that the manifests name for this input."""


def _link(
    banded: "DataFrame",
    cleaned: Sequence[Commit],
    linked: dict[str, Commit],
    *,
    parts: Sequence[Part],
    work: str,
    config: Config,
) -> list[Commit]:
    """Find the links of new parts and publish the table; returns the commits of all its parts."""
    tasks = [_Task(p.no, _input(c), None) for p, c in zip(parts, cleaned, strict=True) if p.is_new]
    fresh: list[Commit] = []
    if tasks:
        found = _by_new_part(find_links(banded, parts, config=config.dedup), parts)
        write = partial(_write_links, work=work, settings=_settings(LINK, config))
        fresh = _write_parts(found, tasks, write, work=work, stage=LINK)
    commits = [*linked.values(), *fresh]
    publish(work, LINK.name, records=LINK.writes, commits=commits)
    return commits


def _by_new_part(links: "DataFrame", parts: Sequence[Part]) -> "DataFrame":
    """Give each link the number `no` of a new part that one of its pairs is in."""
    from pyspark.sql import functions as sf

    no_a, no_b = (sf.shiftright(f"location_{side}", ROW_BITS) for side in ("a", "b"))
    new = [part.no for part in parts if part.is_new]
    is_new = no_b.isin(new) if len(new) < len(parts) else sf.lit(True)
    return links.withColumn("no", sf.when(is_new, no_b).otherwise(no_a))


def _write_links(task: _Task, links: pa.Table, *, work: str, settings: str) -> str:
    """Write one part of `links` and its commit record; returns the shard's id."""
    shard = Shard.of(task.input, "parquet", version="", settings=settings)
    schema = arrow_schema(Link)
    with open_part(work, Link, shard.id) as part:
        ordered = links.select(schema.names).sort_by([("id_a", "ascending"), ("id_b", "ascending")])
        for batch in ordered.cast(schema).to_batches():
            part.add_batch(batch)
    write_commit(work, LINK.name, Commit(shard, ShardOutcome.READ, {Link.TABLE: part.n_rows}))
    return shard.id


def _write_pairs(task: _Task, decided: pa.Table, *, work: str, config: Config) -> str:
    """Write one part of the other tables where its decisions have changed; returns the shard's id."""
    decided = decided.select(DECISION.names).sort_by("row").cast(DECISION).combine_chunks()
    settings = _settings(DEDUP, config)
    shard = Shard.of(task.input, "parquet", version=digest(decided), settings=settings)
    commit = storage.join(commit_folder(work, DEDUP.name), f"{shard.id}.json")
    if shard.id != task.published and not storage.exists(commit):
        n_rejects = config.clean.max_rejects_per_rule
        write_pairs(shard, decided, work=work, max_rejects_per_rule=n_rejects)
    return shard.id


def _write_parts(
    rows: "DataFrame",
    tasks: Sequence[_Task],
    write: Callable[[_Task, pa.Table], str],
    *,
    work: str,
    stage: Stage,
) -> list[Commit]:
    """Call `write` for each task, with the rows of its number `no`; returns the commits of all tasks."""

    def call(group: pa.Table) -> pa.Table:
        is_task = pc.is_valid(group["task"])
        task = _Task(**json.loads(group.filter(is_task)["task"][0].as_py()))
        mine = group.filter(pc.invert(is_task))
        shard_ids: list[str | None] = []
        error = with_patience(lambda: shard_ids.append(write(task, mine)))
        return pa.table({"shard_id": shard_ids or [None], "error": [error]}, schema=_RESULT)

    named = rows.sparkSession.createDataFrame(
        [(t.no, json.dumps(asdict(t))) for t in tasks], "no long, task string"
    )
    together = spread(rows.unionByName(named, allowMissingColumns=True), "no").groupBy("no")
    results = together.applyInArrow(call, _RESULT_DDL).collect()
    errors = [row["error"] for row in results if row["error"]]
    if errors:
        raise TransientError(
            f"{len(errors)} of {len(tasks)} parts could not be written; the others are kept, run the same "
            f"command again. First reason: {errors[0]}"
        )
    finished = finished_shards(work, stage)
    return [finished[row["shard_id"]] for row in results]


def _write(decided: "DataFrame", cleaned: Sequence[Commit], *, work: str, config: Config) -> list[Commit]:
    published = {c.shard.input: c.shard.id for c in finished_shards(work, DEDUP).values()}
    tasks = [_Task(no, _input(c), published.get(_input(c))) for no, c in enumerate(cleaned)]
    write = partial(_write_pairs, work=work, config=config)
    commits = _write_parts(decided, tasks, write, work=work, stage=DEDUP)
    publish(work, DEDUP.name, records=DEDUP.writes, commits=commits)
    return commits
