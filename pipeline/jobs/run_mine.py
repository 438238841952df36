"""Run `faqtory mine` from request to summary."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.manifest import n_rows, part_path
from pipeline.core.records import Candidate, Negative, TeacherScore
from pipeline.jobs.mine import Mined, RetrievalSet, named_teachers, retrieval_set, run_mine, selection_of
from pipeline.jobs.progress import progress_bar
from pipeline.jobs.runner import shard_runner


@dataclass(frozen=True, slots=True)
class MineSummary:
    """What the tables hold after a run, and what the run itself did."""

    work: str
    dense_model: str | None
    """`name@revision`."""
    teachers: list[str]
    languages: dict[str, dict[str, int]]
    """By language, that of most queries first: n_queries, n_candidates, n_negatives, n_short."""
    decisions: dict[str, int]
    """Candidates by what became of them, over all languages."""
    n_candidates: int
    n_scores: int
    n_negatives: int
    n_short: int
    """Queries with fewer negatives than negatives.n_negatives."""
    work_s: float

    def figures(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def mine(*, work: str, master: str, config: Config, console: Console) -> MineSummary:
    """Bring `candidates`, `scores` and `negatives` up to date with the retrieval set.

    Raises ConfigError before any work where the request is wrong, TransientError where another run holds the
    work folder or parts were out of reach.
    """
    tables = check_request(work, config)
    began = time.perf_counter()
    shown, work = work, storage.absolute(work)
    with storage.exclusive(work), progress_bar(console, unit="parts") as progress:
        task = progress.add_task("reading tables", total=None)
        with shard_runner("mine", master=master, config=config.spark) as runner:
            mined = run_mine(
                runner,
                tables,
                work=work,
                config=config,
                report=lambda what, n_done, n_all: progress.update(
                    task, description=what, completed=n_done, total=n_all or None
                ),
            )
        work_s = time.perf_counter() - began
        return _summary(work, mined, shown=shown, config=config, work_s=work_s)


def check_request(work: str, config: Config) -> RetrievalSet:
    """Return the retrieval set; ConfigError for a request that cannot be met, before anything is done."""
    tables = retrieval_set(work, config)
    selection_of(config, has_teacher=bool(config.mining.teacher))
    named_teachers(config)
    return tables


def _summary(work: str, mined: Mined, *, shown: str, config: Config, work_s: float) -> MineSummary:
    languages: dict[str, Counter[str]] = {}
    decisions: Counter[str] = Counter()
    for commit in mined.commits:
        table = _read(work, commit.shard.id)
        if not table.num_rows:
            continue
        counts = table["decision"].value_counts().to_pylist()
        decisions.update({row["values"]: row["counts"] for row in counts})
        is_kept = pc.cast(pc.equal(table["decision"], "kept"), pa.int64())
        kept = table.append_column("is_kept", is_kept).group_by("query_id").aggregate([("is_kept", "sum")])
        of_language = languages.setdefault(table["language"][0].as_py(), Counter())
        of_language.update(
            n_queries=kept.num_rows,
            n_candidates=table.num_rows,
            n_negatives=pc.sum(kept["is_kept_sum"]).as_py(),
            n_short=pc.sum(pc.less(kept["is_kept_sum"], config.negatives.n_negatives)).as_py(),
        )
    n_candidates = n_rows(work, Candidate.TABLE)
    assert decisions.total() == n_candidates == n_rows(work, Negative.TABLE), "candidates lost"
    return MineSummary(
        work=shown,
        dense_model=mined.model.label if mined.model else None,
        teachers=[teacher.label for teacher in mined.teachers],
        languages={
            name: dict(counts)
            for name, counts in sorted(languages.items(), key=lambda item: (-item[1]["n_queries"], item[0]))
        },
        decisions=dict(decisions.most_common()),
        n_candidates=n_candidates,
        n_scores=n_rows(work, TeacherScore.TABLE),
        n_negatives=decisions["kept"],
        n_short=sum(counts["n_short"] for counts in languages.values()),
        work_s=round(work_s, 2),
    )


def _read(work: str, shard_id: str) -> pa.Table:
    with storage.open_read(part_path(work, Negative.TABLE, shard_id)) as stream:
        return pq.ParquetFile(stream).read(["query_id", "language", "decision"])
