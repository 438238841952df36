"""Run `faqtory clean` from request to summary."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console

from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.manifest import Commit, n_rows, part_files, publish, read_commits, read_manifest
from pipeline.core.records import Cleaned, Duplicate, FunnelStep, Pair, PairRaw
from pipeline.core.stages import CLEAN
from pipeline.jobs.clean import extracted, plan_clean, run_clean
from pipeline.jobs.dedup import is_up_to_date, run_dedup
from pipeline.jobs.pairs import EXACT, NEAR
from pipeline.jobs.progress import progress_bar
from pipeline.jobs.shards import Plan

MAX_QUICK_PAIRS = 2_000_000
"""Pairs up to which compiling well costs the JVM of a local run more than it gains: measured, at 1.1 million
a release takes 33 s rather than 36."""


@dataclass(frozen=True, slots=True)
class CleanSummary:
    """What the tables hold after a run, and what the run itself did."""

    work: str
    profile: str
    n_parts: int
    n_parts_cleaned_now: int
    n_pairs_raw: int
    n_pairs: int
    n_exact_duplicates: int
    n_near_duplicates: int
    dropped: dict[str, int]
    """Rows that each rule dropped, in the order of the rules; rules that dropped nothing are left out."""
    changed: dict[str, int]
    languages: dict[str, int]
    """Pairs by language, most first."""
    start_s: float
    """Starting Spark and its Python workers, and stopping them."""
    clean_s: float
    dedup_s: float

    def figures(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(slots=True)
class _Times:
    start_s: float = 0.0
    clean_s: float = 0.0
    dedup_s: float = 0.0


def clean(*, work: str, master: str, config: Config, console: Console) -> CleanSummary:
    """Bring `pairs` and its companions up to date with `pairs_raw`; parts already done cost next to nothing.

    Raises ConfigError before Spark starts where the request is wrong, TransientError where another run holds
    the work folder or parts were out of reach.
    """
    extracted(work)
    shown, work = work, storage.absolute(work)
    with storage.exclusive(work):
        plan = plan_clean(work, config)
        if plan.n_outdated:
            console.print(f"The settings have changed: {plan.n_outdated} earlier parts are cleaned again.")
        times = _Times()
        if plan.todo or not is_up_to_date(work, plan.done, config):
            _run(plan, work=work, master=master, config=config, console=console, times=times)
        elif read_commits(work, CLEAN.name):  # a killed run had finished all but the manifest
            publish(work, CLEAN.name, records=CLEAN.writes, commits=plan.done)
        return _summary(work, shown=shown, config=config, n_now=len(plan.todo), times=times)


def _run(plan: Plan, *, work: str, master: str, config: Config, console: Console, times: _Times) -> None:
    from pipeline.jobs.session import spark_session

    began = time.perf_counter()
    with progress_bar(console) as progress:
        task = progress.add_task("starting Spark", total=len(plan.todo) or None)
        with spark_session(
            "clean",
            master=master,
            config=config.spark,
            imports="pipeline.jobs.clean",
            shuffles=n_rows(work, PairRaw.TABLE) > MAX_QUICK_PAIRS,
        ) as spark:
            started = time.perf_counter()
            progress.update(task, description="cleaning")
            cleaned: Sequence[Commit] = plan.done
            if plan.todo or read_commits(work, CLEAN.name):
                cleaned = run_clean(
                    spark,
                    plan,
                    work=work,
                    config=config,
                    report=lambda n: progress.update(task, completed=n),
                )
            done = time.perf_counter()
            progress.update(task, completed=len(plan.todo))
            run_dedup(
                spark,
                cleaned,
                work=work,
                config=config,
                report=lambda what: progress.update(task, description=what),
            )
            stopping = time.perf_counter()
    times.clean_s = done - started
    times.dedup_s = stopping - done
    times.start_s = started - began + time.perf_counter() - stopping


def _summary(work: str, *, shown: str, config: Config, n_now: int, times: _Times) -> CleanSummary:
    """Sum up what is written, and check that every raw pair is accounted for."""
    rows = {r.TABLE: n_rows(work, r.TABLE) for r in (PairRaw, Cleaned, Pair, Duplicate)}
    dropped, changed, languages = _funnel(work)
    n_exact, n_near = dropped.pop(EXACT, 0), dropped.pop(NEAR, 0)
    n_in = rows[PairRaw.TABLE]
    assert n_in == rows[Cleaned.TABLE], "rows lost while cleaning"
    assert rows[Duplicate.TABLE] == n_exact + n_near, "duplicates and funnel disagree"
    assert n_in == rows[Pair.TABLE] + sum(dropped.values()) + n_exact + n_near, "rows lost"
    commits = read_manifest(work, Pair.TABLE)
    return CleanSummary(
        work=shown,
        profile=config.clean.profile,
        n_parts=len(commits.commits) if commits else 0,
        n_parts_cleaned_now=n_now,
        n_pairs_raw=n_in,
        n_pairs=rows[Pair.TABLE],
        n_exact_duplicates=n_exact,
        n_near_duplicates=n_near,
        dropped=dropped,
        changed=changed,
        languages=dict(languages.most_common()),
        **{name: round(getattr(times, name), 2) for name in _Times.__slots__},
    )


def _funnel(work: str) -> tuple[dict[str, int], dict[str, int], Counter[str]]:
    """Return rows dropped and changed by step, in the order of the steps, and pairs by language."""
    manifest = read_manifest(work, FunnelStep.TABLE)
    assert manifest is not None
    (path,) = part_files(work, manifest)
    with storage.open_read(path) as stream:
        rows = pq.ParquetFile(stream).read().to_pylist()
    dropped: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    for row in sorted(rows, key=lambda r: r["step"]):
        dropped[row["rule"]] += row["n_in"] - row["n_out"]
        changed[row["rule"]] += row["n_changed"]
        languages[row["language"]] = row["n_out"]
    return _without_zeros(dropped), _without_zeros(changed), +languages


def _without_zeros(counts: Counter[str]) -> dict[str, int]:
    return {name: n for name, n in counts.items() if n}
