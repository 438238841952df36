"""Run `faqtory mine` from request to summary."""

import time
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from mining.scorers import score_scale
from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.language_parts import LanguagePart
from pipeline.core.manifest import n_rows, read_manifest
from pipeline.core.records import Candidate, Negative, TeacherScore
from pipeline.jobs.mine import Mined, run_mine, selection_of
from pipeline.jobs.mine_plan import RetrievalSet, named_teachers, retrieval_set
from pipeline.jobs.mined import NegativeTally
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
    seconds: dict[str, float]
    """By stage: embed, search, rerank, select; 0 where all was done before."""
    work_s: float
    """Of all, with the training of models."""

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
    for teacher in named_teachers(config):
        if teacher is not None:
            score_scale(teacher)
    return tables


def _summary(work: str, mined: Mined, *, shown: str, config: Config, work_s: float) -> MineSummary:
    tally, n_negatives = NegativeTally(), config.negatives.n_negatives
    for commit in mined.commits:
        tally.read(work, commit.shard.id, language=LanguagePart.of(commit.shard).language)
    languages = {
        language: {
            "n_queries": tally.n_queries(language),
            "n_candidates": tally.n_candidates(language),
            "n_negatives": tally.n_negatives(language),
            "n_short": tally.n_short(language, n_negatives=n_negatives),
        }
        for language in tally.queries
    }
    decisions, n_candidates = tally.by_decision(), _n_candidates(work, mined)
    assert decisions.total() == n_candidates == n_rows(work, Negative.TABLE), "candidates lost"
    return MineSummary(
        work=shown,
        dense_model=mined.model.label if mined.model else None,
        teachers=[teacher.label for teacher in mined.teachers],
        languages=dict(sorted(languages.items(), key=lambda item: (-item[1]["n_queries"], item[0]))),
        decisions=dict(decisions.most_common()),
        n_candidates=n_candidates,
        n_scores=n_rows(work, TeacherScore.TABLE),
        n_negatives=decisions["kept"],
        n_short=sum(counts["n_short"] for counts in languages.values()),
        seconds=mined.seconds,
        work_s=round(work_s, 2),
    )


def _n_candidates(work: str, mined: Mined) -> int:
    """Return the candidates that were decided on: other languages may have some of an earlier run."""
    manifest, decided = read_manifest(work, Candidate.TABLE), {commit.shard.input for commit in mined.commits}
    assert manifest is not None
    return sum(c.rows[Candidate.TABLE] for c in manifest.commits if c.shard.input in decided)
