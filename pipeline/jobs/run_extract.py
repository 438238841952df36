"""Run one stage from request to summary: plan, start Spark only if there is work, show progress, publish."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow.dataset as ds
from rich.console import Console

from extract.inputs import InputFormat, expand_inputs
from pipeline.core import storage
from pipeline.core.config import Config, ExtractConfig
from pipeline.core.errors import ConfigError
from pipeline.core.manifest import Commit, part_path, publish, read_commits
from pipeline.core.records import Scan
from pipeline.core.stages import EXTRACT
from pipeline.jobs.extract import check_readable, plan_extract, run_extract
from pipeline.jobs.progress import progress_bar
from pipeline.jobs.shards import Plan


@dataclass(frozen=True, slots=True)
class ExtractSummary:
    """What the tables hold after a run, and what the run itself did."""

    work: str
    n_inputs: int
    n_inputs_read_now: int
    n_pages: int
    n_pairs: int
    n_bytes: int
    n_bytes_lost: int
    n_members_lost: int
    outcomes: dict[str, int]
    records: dict[str, int]
    inputs_by_outcome: dict[str, int]
    start_s: float
    """Starting Spark and its Python workers, and stopping them."""
    work_s: float
    """Everything else."""
    commits: list[Commit] = field(repr=False)

    def figures(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "commits"}

    def check(self, config: ExtractConfig) -> None:
        """Raise ShardError when too many inputs are unreadable."""
        check_readable(self.commits, config)


def extract(
    inputs: Sequence[str],
    *,
    work: str,
    format: str,
    master: str,
    config: Config,
    console: Console,
    listing_prefix: str | None = None,
) -> ExtractSummary:
    """Bring the tables of a work folder up to date with the inputs; inputs already done cost nothing.

    Raises ConfigError before Spark starts where the request is wrong, TransientError where another run holds
    the work folder or inputs were out of reach.
    """
    if format not in list(InputFormat):
        raise ConfigError(f"--format {format}: choose one of {', '.join(InputFormat)}.")
    files = expand_inputs(inputs, InputFormat(format), listing_prefix=listing_prefix)
    shown, work = work, storage.absolute(work)
    with storage.exclusive(work):
        plan = plan_extract(work, files, format=InputFormat(format), config=config)
        if plan.n_outdated:
            console.print(f"The settings have changed: {plan.n_outdated} earlier inputs are read again.")
        began = time.perf_counter()
        start_s, commits = _run(plan, work=work, master=master, config=config, console=console)
        work_s = time.perf_counter() - began - start_s
        return _summary(work, commits, shown=shown, n_now=len(plan.todo), start_s=start_s, work_s=work_s)


def _run(
    plan: Plan, *, work: str, master: str, config: Config, console: Console
) -> tuple[float, list[Commit]]:
    if not plan.todo:
        if read_commits(work, EXTRACT.name):  # a killed run had finished all but the manifests
            publish(work, EXTRACT.name, records=EXTRACT.writes, commits=plan.done)
        return 0.0, plan.done
    from pipeline.jobs.session import spark_session

    began = time.perf_counter()
    with progress_bar(console) as progress:
        task = progress.add_task("starting Spark", total=len(plan.todo))
        with spark_session(
            "extract", master=master, config=config.spark, imports="pipeline.jobs.extract"
        ) as spark:
            start_s = time.perf_counter() - began
            progress.update(task, description="extracting")
            commits = run_extract(
                spark, plan, work=work, config=config, report=lambda n: progress.update(task, completed=n)
            )
            progress.update(task, completed=len(plan.todo))
            stopping = time.perf_counter()
    return start_s + time.perf_counter() - stopping, commits


def _summary(
    work: str, commits: list[Commit], *, shown: str, n_now: int, start_s: float, work_s: float
) -> ExtractSummary:
    paths = [part_path(work, Scan.TABLE, commit.shard.id) for commit in commits]
    fs, _ = storage.filesystem(work)
    inner = [storage.filesystem(path)[1] for path in paths]
    outcomes: Counter[str] = Counter()
    records: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for batch in ds.dataset(inner, filesystem=fs, format="parquet").to_batches():
        for row in batch.to_pylist():
            outcomes.update({c["name"]: c["n"] for c in row["outcomes"]})
            records.update({c["name"]: c["n"] for c in row["records"]})
            states[row["outcome"]] += 1
            for name in ("n_pages", "n_pairs", "n_bytes", "n_bytes_lost", "n_members_lost"):
                totals[name] += row[name]
    return ExtractSummary(
        work=shown,
        n_inputs=len(commits),
        n_inputs_read_now=n_now,
        n_pages=totals["n_pages"],
        n_pairs=totals["n_pairs"],
        n_bytes=totals["n_bytes"],
        n_bytes_lost=totals["n_bytes_lost"],
        n_members_lost=totals["n_members_lost"],
        outcomes=dict(outcomes.most_common()),
        records=dict(records.most_common()),
        inputs_by_outcome=dict(states.most_common()),
        start_s=round(start_s, 2),
        work_s=round(work_s, 2),
        commits=commits,
    )
