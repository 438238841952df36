"""Crawl files in, tables `pages`, `pairs_raw` and `scan` out: one Spark task an input file.

What grows: the number of tasks, with the number of input files; the driver holds one commit (some 300 bytes)
a file. A worker holds one record, one batch of rows and one row group, whatever the file's size.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from extract.inputs import InputFile, InputFormat
from extract.shard import ShardScan, read_pages
from pipeline.core import storage
from pipeline.core.config import Config, ExtractConfig
from pipeline.core.errors import ConfigError, ShardError, TransientError
from pipeline.core.ids import key_of
from pipeline.core.manifest import Commit, Shard, publish, read_commits, write_commit
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Page, PairRaw, Scan
from pipeline.core.stages import EXTRACT
from pipeline.jobs.shards import Plan, finished_shards, run_shards

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)


def plan_extract(work: str, inputs: Iterable[InputFile], *, format: InputFormat, config: Config) -> Plan:
    """Compare the request with what the work folder holds.

    The tables cover every input ever given to this work folder, all under one configuration: earlier inputs
    are part of the request, and a changed setting reads them again.
    """
    settings = settings_key(config.extract)
    shards = {i.path: Shard.of(i.path, format, version=i.version, settings=settings) for i in inputs}
    finished = finished_shards(work, EXTRACT)
    outdated = 0
    for commit in finished.values():
        known = commit.shard
        if known.settings != settings:
            outdated += 1
        if known.input not in shards:
            shards[known.input] = Shard.of(
                known.input, known.format, version=known.version, settings=settings
            )
    done = [finished[s.id] for s in shards.values() if s.id in finished]
    todo = [s for s in shards.values() if s.id not in finished]
    return Plan(done, sorted(todo, key=lambda s: s.input), outdated)


def settings_key(config: ExtractConfig) -> str:
    """Return the key of everything but the input that the stage's rows depend on."""
    rows_depend_on = config.model_dump(exclude={"max_unreadable_share"})
    return key_of(stage=EXTRACT.name, version=EXTRACT.version, config=rows_depend_on)


def run_extract(
    spark: "SparkSession",
    plan: Plan,
    *,
    work: str,
    config: Config,
    report: Callable[[int], None] = lambda _: None,
) -> list[Commit]:
    """Extract the plan's open shards and publish the tables; returns all shards the tables consist of.

    `report` hears the number of finished shards. Raises TransientError when inputs were out of reach: the
    others are kept and the next run reads only these.
    """
    task = partial(extract_shard, work=work, config=config.extract)
    failed = run_shards(spark, plan.todo, task, report=report)
    fresh = {commit.shard.id: commit for commit in read_commits(work, EXTRACT.name)}
    commits = [*plan.done, *(fresh[s.id] for s in plan.todo if s.id not in failed)]
    publish(work, EXTRACT.name, records=EXTRACT.writes, commits=commits)
    if failed:
        raise TransientError(
            f"{len(failed)} of {len(plan.todo)} inputs were out of reach; the others are done, run the same "
            f"command again for these. First reason: {next(iter(failed.values()))}"
        )
    return commits


def check_readable(commits: Sequence[Commit], config: ExtractConfig) -> None:
    """Raise ShardError when more inputs than the configured share are unreadable."""
    bad = [c.shard.input for c in commits if c.outcome == ShardOutcome.UNREADABLE]
    if len(bad) > config.max_unreadable_share * len(commits):
        share = math.ceil(100 * len(bad) / len(commits)) / 100
        raise ShardError(
            f"{len(bad)} of {len(commits)} inputs are unreadable, first {bad[0]}; table scan says why. "
            f"Replace them, or allow more with --set extract.max_unreadable_share={share}."
        )


def extract_shard(shard: Shard, *, work: str, config: ExtractConfig) -> Commit:
    """Read one input file and write its part of every table, then its commit record.

    Raises TransientError where the file is out of reach; nothing of it is kept then.
    """
    began = time.perf_counter()
    scan = ShardScan()
    error: str | None = None
    with (
        open_part(work, Page, shard.id) as pages,
        open_part(work, PairRaw, shard.id) as pairs,
        open_part(work, Scan, shard.id) as scans,
    ):
        try:
            with storage.open_read(shard.input) as stream:
                for page, page_pairs in read_pages(stream, shard=shard, config=config, scan=scan):
                    pages.add(page)
                    for pair in page_pairs:
                        pairs.add(pair)
        except (ShardError, ConfigError) as reason:
            error = str(reason)
        row = scan.row(
            shard,
            error=error,
            n_pairs=pairs.n_rows,
            n_pages=pages.n_rows,
            seconds=time.perf_counter() - began,
        )
        scans.add(row)
    commit = Commit(shard, row.outcome, {"pages": row.n_pages, "pairs_raw": row.n_pairs, "scan": 1})
    write_commit(work, EXTRACT.name, commit)
    log.info("shard=%s input=%s outcome=%s pairs=%d", shard.id, shard.input, row.outcome, row.n_pairs)
    return commit
