"""`faqtory mine --dry-run`: what a run would do, and how long it would take on this machine.

What is to be done follows from the tables as it does for the run (`pipeline.jobs.mine_plan`), and how fast it
goes is measured now, on a sample (`pipeline.jobs.mine_rates`). The tables stay as they are. Time is taken to
grow with documents and with queries; the dense search of more than mining.flat_below documents takes less.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from mining.model_source import ModelSource, find_model
from mining.teacher import BOOTSTRAP_TEACHER
from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.manifest import Commit, Shard
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.stages import EMBED, RERANK, SEARCH, SELECT, Stage
from pipeline.jobs.mine_plan import (
    Parts,
    RetrievalSet,
    dense_key,
    embed_settings,
    has_dense_search,
    index_requests,
    named_teachers,
    rerank_settings,
    search_settings,
    select_settings,
    shards_of,
    teacher_key,
)
from pipeline.jobs.mine_rates import Rates, measure_rates
from pipeline.jobs.mine_sizes import Sizes, language_of
from pipeline.jobs.run_mine import check_request
from pipeline.jobs.runner import n_cores
from pipeline.jobs.shards import finished_shards
from pipeline.jobs.trained_models import BOOTSTRAP, trained_before


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One stage of the languages asked for."""

    stage: str
    unit: str
    """What is counted."""
    n_done: int
    """By earlier runs."""
    n_todo: int
    per_second: float | None
    """As measured, on one core or one GPU; None where it could not be."""
    seconds: float | None
    """On all cores of this machine that the run would use."""


@dataclass(frozen=True, slots=True)
class MineEstimate:
    """What a run would do."""

    work: str
    languages: list[str]
    stages: list[StageEstimate]
    n_teacher_pairs: int
    """Pairs of a query and a document that the teachers would score, a cascade's second ones among them."""
    to_train: list[str]
    """Models that the run would train first, which is not in the estimate."""
    n_cores: int | None
    """That the run would use; None for a cluster, where the time is that of one core."""
    sample: dict[str, Any]
    """What was measured on: language, n_documents, n_queries, n_pairs; empty where nothing was."""

    @property
    def seconds(self) -> float | None:
        """The time of all stages; None where that of one is unknown."""
        times = [stage.seconds for stage in self.stages]
        return None if None in times else sum(filter(None, times))

    def figures(self) -> dict[str, Any]:
        """Return the estimate as one JSON object."""
        return asdict(self) | {"seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class _Planned:
    """A stage's parts as they will be, and of the languages asked for, which are done and which to do."""

    parts: dict[str, list[Commit]]
    done: list[Commit]
    todo: list[Commit]


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages."""

    model: ModelSource | None
    """Without a revision where it is still to be trained."""
    teachers: tuple[ModelSource, ...]
    embedded: _Planned
    found: _Planned
    scored: _Planned
    selected: _Planned


def estimate_mine(*, work: str, master: str, config: Config) -> MineEstimate:
    """Return what `faqtory mine` would do with the same request; ConfigError as it would raise."""
    tables = check_request(work, config)
    cores = n_cores(master)
    shown, work = work, storage.absolute(work)
    plan = plan_mine(work, tables, config)
    sizes = Sizes.of(work, tables, split=config.mining.split)
    language = _busiest(plan, sizes)
    rates = None
    if language:
        rates = measure_rates(
            work,
            tables.parts[language],
            language=language,
            model=_trained(plan.model) if plan.embedded.todo or plan.found.todo else None,
            teachers=plan.teachers if plan.scored.todo else (),
            config=config,
        )
    stages = _estimates(plan, sizes, rates, config=config, cores=cores or 1)
    return MineEstimate(
        work=shown,
        languages=tables.languages,
        stages=stages,
        n_teacher_pairs=sum(stage.n_todo for stage in stages if stage.stage.startswith(RERANK.name)),
        to_train=[m.name for m in (plan.model, *plan.teachers) if m is not None and m.revision is None],
        n_cores=cores,
        sample=rates.sample if rates else {},
    )


def plan_mine(work: str, tables: RetrievalSet, config: Config) -> Plan:
    """Follow the stages of a run without doing any of them."""
    model = _dense_model(work, tables, config)
    embedded = scored = _Planned({}, [], [])
    if model is not None:
        shards = shards_of(tables.parts, embed_settings(tables, model, config=config))
        embedded = _planned(work, EMBED, shards, tables)
    requests = index_requests(tables, embedded.parts, model=model, work=work, config=config)
    found = _planned(work, SEARCH, shards_of(tables.parts, search_settings(requests, config=config)), tables)
    teachers = _teachers(work, tables, found.parts, config)
    if teachers:
        settings = rerank_settings(found.parts, teachers, config=config)
        scored = _planned(work, RERANK, shards_of(found.parts, settings), tables)
    settings = select_settings(found.parts, scored.parts, config=config)
    selected = _planned(work, SELECT, shards_of(scored.parts or found.parts, settings), tables)
    return Plan(model, teachers, embedded, found, scored, selected)


def _dense_model(work: str, tables: RetrievalSet, config: Config) -> ModelSource | None:
    if not has_dense_search(config):
        return None
    if config.mining.dense_model != BOOTSTRAP:
        return find_model(str(config.mining.dense_model))
    return trained_before(work, key=dense_key(tables), is_teacher=False) or ModelSource(BOOTSTRAP, None)


def _teachers(work: str, tables: RetrievalSet, found: Parts, config: Config) -> tuple[ModelSource, ...]:
    key = teacher_key(tables, found)
    return tuple(
        model or trained_before(work, key=key, is_teacher=True) or ModelSource(BOOTSTRAP_TEACHER, None)
        for model in named_teachers(config)
    )


def _trained(model: ModelSource | None) -> ModelSource | None:
    return model if model is not None and model.revision is not None else None


def _planned(
    work: str, stage: Stage, shards: Mapping[str, Sequence[Shard]], tables: RetrievalSet
) -> _Planned:
    finished = finished_shards(work, stage)
    planned = _Planned({}, [], [])
    for language, of_language in shards.items():
        is_asked_for = language in tables.languages
        if not is_asked_for and any(shard.id not in finished for shard in of_language):
            continue  # as a run leaves it out
        commits = [finished.get(shard.id) or Commit(shard, ShardOutcome.READ, {}) for shard in of_language]
        planned.parts[language] = commits
        for commit in commits if is_asked_for else ():
            (planned.done if commit.shard.id in finished else planned.todo).append(commit)
    return planned


def _estimates(
    plan: Plan, sizes: Sizes, rates: Rates | None, *, config: Config, cores: int
) -> list[StageEstimate]:
    depth, n_next = config.mining.depth, config.mining.teacher_depth
    rates = rates or Rates()
    if plan.model is not None and plan.model.revision is None:
        rates = replace(rates, search=None)  # what was measured is BM25 alone
    candidates = partial(sizes.candidates, found=plan.found.done, depth=depth)
    on_models = 1 if rates.is_gpu else cores
    rows: list[tuple[str, str, _Planned, Callable[[Commit], int], float | None, int]] = []
    if plan.model is not None:
        rows.append((EMBED.name, "documents", plan.embedded, sizes.documents, rates.embed, on_models))
    rows.append((SEARCH.name, "queries", plan.found, sizes.queries, rates.search, cores))
    for no, (teacher, n_each) in enumerate(zip(plan.teachers, (depth, n_next), strict=False)):
        name, pairs = f"{RERANK.name} by {teacher.name}", partial(sizes.pairs, depth=n_each)
        rows.append((name, "pairs at most", plan.scored, pairs, rates.teachers.get(no), on_models))
    rows.append((SELECT.name, "candidates at most", plan.selected, candidates, rates.select, cores))
    estimates = []
    for name, unit, planned, count, rate, n_at_once in rows:
        n_todo = sum(map(count, planned.todo))
        seconds = n_todo / rate / n_at_once if rate else None
        if planned is plan.found and rates.search:
            seconds = _searching_s(planned.todo, sizes, rates, cores=cores)
        estimates.append(
            StageEstimate(
                stage=name,
                unit=unit,
                n_done=sum(map(count, planned.done)),
                n_todo=n_todo,
                per_second=rate,
                seconds=seconds if n_todo else 0.0,
            )
        )
    return estimates


def _searching_s(todo: Sequence[Commit], sizes: Sizes, rates: Rates, *, cores: int) -> float:
    """Return the time of building each language's indexes, on one core, and of searching them."""
    assert rates.search and rates.index  # noqa: PT018
    n_searched = sizes.n_searched()
    by_query = sum(sizes.queries(commit) * n_searched[language_of(commit)] for commit in todo)
    built = sum(n_searched[language] for language in {language_of(commit) for commit in todo})
    return built / rates.index + by_query / rates.n_documents / rates.search / cores


def _busiest(plan: Plan, sizes: Sizes) -> str | None:
    """Return the language with most queries in the first stage that has anything to do."""
    for planned in (plan.found, plan.scored, plan.selected, plan.embedded):
        n_queries: Counter[str] = Counter()
        for commit in planned.todo:
            n_queries[language_of(commit)] += sizes.queries(commit)
        if n_queries.total():
            return max(n_queries, key=lambda language: (n_queries[language], language))
    return None
