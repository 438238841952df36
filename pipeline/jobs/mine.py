"""Tables `candidates`, `scores` and `negatives`: hard negatives of the queries of each language.

Four stages, each of which keeps what it finished: documents are embedded, a part of `corpus` a task;
candidates are found, a part of `queries` a task, in indexes that each machine builds once and all its tasks
map (`pipeline.jobs.language_index`); teachers score them; selection decides. A changed setting does again
what depends on it alone: other margins cost no second search.

What grows: the tables, 200 rows a query; in the driver a shard for every 50,000 queries.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from mining.dense_model import load_dense_model
from mining.model_source import ModelSource, find_model
from mining.negatives import Selection
from mining.negatives_sampling import Sampling
from mining.negatives_scores import Reference, ScoreHistogram
from mining.scorers import load_scorer, score_scale
from pipeline.core.config import Config
from pipeline.core.errors import ConfigError
from pipeline.core.manifest import Commit, Shard, publish
from pipeline.core.stages import EMBED, RERANK, SEARCH, SELECT, Stage
from pipeline.jobs.language_index_build import reading_of
from pipeline.jobs.mine_parts import Requests, embed_part, search_part
from pipeline.jobs.mine_plan import (
    Parts,
    RetrievalSet,
    all_parts,
    dense_key,
    embed_settings,
    has_dense_search,
    ids_of,
    index_requests,
    named_teachers,
    needs_percentiles,
    rerank_settings,
    search_settings,
    select_settings,
    shards_of,
    teacher_key,
)
from pipeline.jobs.runner import Runner
from pipeline.jobs.score_parts import rerank_part, score_columns, select_part
from pipeline.jobs.shards import finished_shards
from pipeline.jobs.trained_models import BOOTSTRAP, dense_bootstrap, teacher_bootstrap

Report = Callable[[str, int, int], None]
"""Hears what is being done, how many parts of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Mined:
    """What a run made of the retrieval set."""

    model: ModelSource | None
    teachers: tuple[ModelSource, ...]
    commits: list[Commit]
    """Of `negatives`."""
    seconds: dict[str, float]
    """By stage; 0 where all was done before."""


def run_mine(runner: Runner, tables: RetrievalSet, *, work: str, config: Config, report: Report) -> Mined:
    """Bring all tables up to date; what is finished is kept as it is."""
    stages = _Stages(runner, tables, work, config, report)
    named = named_teachers(config)
    model = stages.dense_model()
    vectors = stages.embed(model)
    requests = index_requests(tables, vectors, model=model, work=work, config=config)
    found = stages.search(requests)
    teachers = stages.teachers(named, found)
    scored = stages.rerank(requests, found, teachers)
    return Mined(model, teachers, stages.select(requests, found, scored, teachers), stages.seconds)


@dataclass(frozen=True, slots=True)
class _Stages:
    """The stages of a run, one after another."""

    runner: Runner
    tables: RetrievalSet
    work: str
    config: Config
    report: Report
    seconds: dict[str, float] = field(default_factory=dict)

    def dense_model(self) -> ModelSource | None:
        """Return the embedder; it is trained where none is named."""
        spec = self.config.mining.dense_model
        if not has_dense_search(self.config):
            return None
        if spec != BOOTSTRAP:
            return find_model(str(spec))
        self.report("training the dense model", 0, 0)
        return dense_bootstrap(self.work, self.tables.parts, key=dense_key(self.tables))

    def embed(self, model: ModelSource | None) -> dict[str, list[Commit]]:
        """Embed all documents; returns the parts of `document_vectors` by language."""
        if model is None:
            return {}
        reading = reading_of(self.config.mining)
        sources = ids_of(self.tables.parts)
        do = partial(embed_part, sources=sources, work=self.work, model=model, reading=reading)
        shards = shards_of(self.tables.parts, embed_settings(self.tables, model, config=self.config))
        check = partial(load_dense_model, model, reading)
        return self._run(EMBED, shards, do, what="embedding documents", check=check)

    def search(self, requests: Requests) -> dict[str, list[Commit]]:
        """Find candidates; returns the parts of `candidates` by language."""
        do = partial(search_part, sources=ids_of(self.tables.parts), requests=requests)
        shards = shards_of(self.tables.parts, search_settings(requests, config=self.config))
        return self._run(SEARCH, shards, do, what="searching")

    def teachers(self, named: tuple[ModelSource | None, ...], found: Parts) -> tuple[ModelSource, ...]:
        """Return the teachers; one is trained where none is named."""
        key = teacher_key(self.tables, found)
        teachers = []
        for model in named:
            if model is None:
                self.report("training the teacher", 0, 0)
                model = teacher_bootstrap(self.work, self.tables.parts, found, key=key)
            teachers.append(model)
        return tuple(teachers)

    def rerank(
        self, requests: Requests, found: Parts, teachers: tuple[ModelSource, ...]
    ) -> dict[str, list[Commit]]:
        """Score the candidates; returns the parts of `scores` by language."""
        if not teachers:
            publish(self.work, RERANK.name, records=RERANK.writes, commits=[])
            return {}
        do = partial(
            rerank_part,
            sources=ids_of(self.tables.parts),
            candidates=ids_of(found),
            requests=requests,
            teachers=teachers,
        )

        def check() -> None:
            for teacher in teachers:
                load_scorer(teacher, reading_of(self.config.mining))

        shards = shards_of(found, rerank_settings(found, teachers, config=self.config))
        return self._run(RERANK, shards, do, what="scoring", check=check)

    def select(
        self, requests: Requests, found: Parts, scored: Parts, teachers: tuple[ModelSource, ...]
    ) -> list[Commit]:
        """Decide on all candidates; returns the parts of `negatives`."""
        do = partial(
            select_part,
            sources=ids_of(self.tables.parts),
            candidates=ids_of(found),
            scores=ids_of(scored),
            requests=requests,
            selections={language: self._selection(scored.get(language, ()), teachers) for language in found},
            scale=score_scale(teachers[-1]) if teachers else None,
        )
        shards = shards_of(scored or found, select_settings(found, scored, config=self.config))
        return all_parts(self._run(SELECT, shards, do, what="selecting"))

    def _selection(self, scored: Sequence[Commit], teachers: tuple[ModelSource, ...]) -> Selection:
        low = high = None
        if needs_percentiles(self.config.negatives):
            histogram = sum(
                map(ScoreHistogram.of, score_columns(self.work, [commit.shard.id for commit in scored])),
                start=ScoreHistogram.of(np.empty(0, np.float32)),
            )
            config = self.config.negatives
            low, high = (
                None if percent is None or not len(histogram.bins) else histogram.percentile(percent)
                for percent in (config.min_percentile, config.max_percentile)
            )
        return selection_of(self.config, has_teacher=bool(teachers), bounds=(low, high))

    def _run(
        self,
        stage: Stage,
        shards: Mapping[str, Sequence[Shard]],
        do: Callable[[Shard], object],
        *,
        what: str,
        check: Callable[[], object] = lambda: None,
    ) -> dict[str, list[Commit]]:
        """Do what is not done of the languages to be mined, and publish it beside what is done of others."""
        finished = finished_shards(self.work, stage)
        wanted = (shard for language in self.tables.languages for shard in shards.get(language, ()))
        todo = [shard for shard in wanted if shard.id not in finished]
        self.report(what, 0, len(todo))
        began = time.perf_counter()
        if todo:
            check()
            self.runner.run(todo, do, report=lambda n: self.report(what, n, len(todo)))
            finished = finished_shards(self.work, stage)
        self.seconds[stage.name] = round(time.perf_counter() - began, 2) if todo else 0.0
        done = {
            language: commits
            for language, of_language in shards.items()
            if (commits := [finished[shard.id] for shard in of_language if shard.id in finished])
            and len(commits) == len(of_language)
        }
        publish(self.work, stage.name, records=stage.writes, commits=all_parts(done))
        return done


def selection_of(
    settings: Config, *, has_teacher: bool, bounds: tuple[float | None, float | None] = (None, None)
) -> Selection:
    """Return the settings as `mining.negatives.select` takes them; `bounds` are the percentiles as scores.

    A default that needs scores holds only where there is a teacher; one that was written down is never
    dropped: ConfigError for it.
    """
    config, depth = settings.negatives, settings.mining.depth
    if config.skip >= depth:
        raise ConfigError(f"negatives.skip={config.skip} leaves nothing of mining.depth={depth}.")
    asked = has_teacher or "percent_of_positive" in config.model_fields_set
    selection = Selection(
        n_negatives=config.n_negatives,
        skip=config.skip,
        depth=depth,
        absolute_margin=config.absolute_margin,
        relative_margin=config.relative_margin,
        percent_of_positive=config.percent_of_positive if asked else None,
        reference=Reference(config.reference),
        promote=config.promote,
        min_score=bounds[0],
        max_score=bounds[1],
        same_site_limit=config.same_site_limit,
        sampling=Sampling(config.sampling),
        n_bands=config.n_bands,
        seed=config.seed,
    )
    percentiles = [name for name in ("min_percentile", "max_percentile") if getattr(config, name) is not None]
    if (selection.by_score or percentiles) and not has_teacher:
        asked_for = ", ".join(f"negatives.{name}" for name in selection.by_score + percentiles)
        raise ConfigError(f"Scores of a teacher are needed for {asked_for}: name one with --teacher.")
    return selection
