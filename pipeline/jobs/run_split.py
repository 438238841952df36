"""Run `faqtory split` from request to summary."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.manifest import Shard, n_rows, publish, read_commits, read_manifest
from pipeline.core.outcomes import Split
from pipeline.core.records import Document, Pair, ParallelGroup, Qrel, Query
from pipeline.core.stages import SPLIT
from pipeline.jobs.progress import progress_bar
from pipeline.jobs.run_clean import MAX_QUICK_PAIRS
from pipeline.jobs.shards import finished_shards
from pipeline.jobs.split import known_languages, plan_split, run_split, split_tables
from pipeline.jobs.split_parts import check_counts, split_counts


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """What the tables hold after a run, and what the run itself did."""

    work: str
    n_pairs: int
    n_unknown_language: int
    """Pairs left out because their language is not known."""
    n_documents: int
    n_queries: int
    n_positives: int
    is_aligned: bool
    """Whether parallel groups were there to be taken over."""
    languages: dict[str, dict[str, int]]
    """By language, that of most documents first: n_documents, n_queries, n_positives, n_train, n_dev, n_test
    and n_overlap, the last four of queries."""
    start_s: float
    """Starting Spark and its Python workers, and stopping them; 0 where there was nothing to do."""
    work_s: float

    def figures(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def split(*, work: str, master: str, config: Config, console: Console) -> SplitSummary:
    """Bring `corpus`, `queries` and `qrels` up to date with `pairs` and `parallel_groups`.

    Raises ConfigError before Spark starts where the request is wrong, TransientError where another run holds
    the work folder.
    """
    split_tables(work)
    shown, work = work, storage.absolute(work)
    with storage.exclusive(work):
        shards = plan_split(work, config)
        finished = finished_shards(work, SPLIT)
        start_s = work_s = 0.0
        if not all(shard.id in finished for shard in shards):
            start_s, work_s = _run(shards, work=work, master=master, config=config, console=console)
        elif read_commits(work, SPLIT.name) or not shards:  # a killed run had finished all but the manifests
            publish(work, SPLIT.name, records=SPLIT.writes, commits=[finished[shard.id] for shard in shards])
        return _summary(work, shown=shown, start_s=start_s, work_s=work_s)


def _run(
    shards: Sequence[Shard], *, work: str, master: str, config: Config, console: Console
) -> tuple[float, float]:
    from pipeline.jobs.session import spark_session

    began = time.perf_counter()
    with progress_bar(console) as progress:
        task = progress.add_task("starting Spark", total=None)
        with spark_session(
            "split",
            master=master,
            config=config.spark,
            imports="pipeline.jobs.split",
            shuffles=n_rows(work, Pair.TABLE) > MAX_QUICK_PAIRS,
        ) as spark:
            started = time.perf_counter()
            run_split(
                spark,
                shards,
                work=work,
                config=config,
                report=lambda what: progress.update(task, description=what),
            )
            stopping = time.perf_counter()
    return started - began + time.perf_counter() - stopping, stopping - started


def _summary(work: str, *, shown: str, start_s: float, work_s: float) -> SplitSummary:
    """Sum up what is written, and check that every pair is accounted for."""
    manifest = read_manifest(work, Document.TABLE)
    assert manifest is not None
    counts = split_counts(work, manifest.commits)
    known = known_languages(work)
    check_counts(counts, known)
    n_pairs = n_rows(work, Pair.TABLE)
    languages = {
        language: {name: getattr(count, name) for name in ("n_documents", "n_queries", "n_positives")}
        | {f"n_{split}": count.queries[split] for split in Split}
        for language, count in sorted(counts.items(), key=lambda item: (-item[1].n_documents, item[0]))
    }
    return SplitSummary(
        work=shown,
        n_pairs=n_pairs,
        n_unknown_language=n_pairs - sum(known.values()),
        n_documents=manifest.n_rows,
        n_queries=n_rows(work, Query.TABLE),
        n_positives=n_rows(work, Qrel.TABLE),
        is_aligned=read_manifest(work, ParallelGroup.TABLE) is not None,
        languages=languages,
        start_s=round(start_s, 2),
        work_s=round(work_s, 2),
    )
