"""Tables `candidates`, `scores` and `negatives`: hard negatives of the queries of each language.

Four stages, each of which keeps what it finished: documents are embedded, a part of `corpus` a task;
candidates are found, a part of `queries` a task, in indexes that each machine builds once and all its tasks
map (`pipeline.jobs.language_index`); teachers score them; selection decides. A changed setting does again
what depends on it alone: other margins cost no second search.

What grows: the tables, 200 rows a query; in the driver a shard for every 50,000 queries.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mining.dense_model import load_dense_model
from mining.model_source import ModelSource, find_model
from mining.negatives import Selection
from mining.negatives_sampling import Sampling
from mining.negatives_scores import Reference, ScoreHistogram
from mining.scorers import load_scorer, score_scale
from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.errors import ConfigError
from pipeline.core.ids import key_of
from pipeline.core.language_parts import commits_by_language
from pipeline.core.manifest import Commit, Manifest, Shard, publish, read_manifest
from pipeline.core.records import Document, Query
from pipeline.core.stages import EMBED, RERANK, SEARCH, SELECT, Stage
from pipeline.jobs.language_index_build import IndexRequest, reading_of
from pipeline.jobs.mine_parts import Requests, embed_part, search_part
from pipeline.jobs.runner import Runner
from pipeline.jobs.score_parts import rerank_part, score_columns, select_part
from pipeline.jobs.shards import finished_shards
from pipeline.jobs.trained_models import BOOTSTRAP, dense_bootstrap, teacher_bootstrap

Report = Callable[[str, int, int], None]
"""Hears what is being done, how many parts of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """The tables of `faqtory split`: parts by language, in the order of ids."""

    corpus: Manifest
    parts: dict[str, list[Commit]]
    languages: list[str]
    """Those to be mined."""

    @property
    def key(self) -> str:
        """Return what changes with any of the tables."""
        return self.corpus.key


def retrieval_set(work: str, config: Config) -> RetrievalSet:
    """Return the retrieval set; ConfigError where there is none, or none of a language that is asked for."""
    corpus, queries = (read_manifest(work, record.TABLE) for record in (Document, Query))
    if corpus is None or queries is None or not corpus.commits:
        raise ConfigError(f"{work} has no retrieval set; `faqtory split --work {work}` makes it.")
    if corpus.commits != queries.commits:
        raise ConfigError(f"The tables of {work} are unfinished; `faqtory split --work {work}` ends it.")
    parts = commits_by_language(corpus)
    unknown = [language for language in config.mining.languages if language not in parts]
    if unknown:
        raise ConfigError(
            f"There are no documents in {', '.join(unknown)}; the languages of {work} are {', '.join(parts)}."
        )
    return RetrievalSet(corpus, parts, [name for name in parts if name in (config.mining.languages or parts)])


@dataclass(frozen=True, slots=True)
class Mined:
    """What a run made of the retrieval set."""

    model: ModelSource | None
    teachers: tuple[ModelSource, ...]
    commits: list[Commit]
    """Of `negatives`."""


def run_mine(runner: Runner, tables: RetrievalSet, *, work: str, config: Config, report: Report) -> Mined:
    """Bring all tables up to date; what is finished is kept as it is."""
    stages = _Stages(runner, tables, work, config, report)
    named = named_teachers(config)
    model = stages.dense_model()
    vectors = stages.embed(model)
    requests = {
        language: _index_request(
            tables, language, vectors=vectors.get(language, ()), model=model, work=work, config=config
        )
        for language in tables.parts
    }
    found = stages.search(requests)
    teachers = stages.teachers(named, found)
    scored = stages.rerank(requests, found, teachers)
    return Mined(model, teachers, stages.select(requests, found, scored, teachers))


def named_teachers(config: Config) -> tuple[ModelSource | None, ...]:
    """Return the teachers that are named, None for one that is trained here."""
    return tuple(None if spec == BOOTSTRAP else find_model(spec) for spec in config.mining.teacher)


def has_dense_search(config: Config) -> bool:
    """Tell whether documents are embedded at all."""
    return config.mining.dense_model not in (None, "none")


def _index_request(
    tables: RetrievalSet,
    language: str,
    *,
    vectors: Sequence[Commit],
    model: ModelSource | None,
    work: str,
    config: Config,
) -> IndexRequest:
    shards = tuple(commit.shard.id for commit in tables.parts[language])
    by_default = f"{work}/cache" if storage.is_local(work) else f"{tempfile.gettempdir()}/faqtory"
    return IndexRequest(
        work=work,
        cache=config.mining.cache or by_default,
        language=language,
        documents=shards,
        vectors=tuple(commit.shard.id for commit in vectors),
        queries=shards,
        model=model,
        config=config.mining,
    )


@dataclass(frozen=True, slots=True)
class _Stages:
    """The stages of a run, one after another."""

    runner: Runner
    tables: RetrievalSet
    work: str
    config: Config
    report: Report

    def dense_model(self) -> ModelSource | None:
        """Return the embedder; it is trained where none is named."""
        spec = self.config.mining.dense_model
        if not has_dense_search(self.config):
            return None
        if spec != BOOTSTRAP:
            return find_model(str(spec))
        self.report("training the dense model", 0, 0)
        key = key_of(tables=self.tables.key, purpose="dense")
        return dense_bootstrap(self.work, self.tables.parts, key=key)

    def embed(self, model: ModelSource | None) -> dict[str, list[Commit]]:
        """Embed all documents; returns the parts of `document_vectors` by language."""
        if model is None:
            return {}
        reading = reading_of(self.config.mining)
        settings = key_of(
            stage=EMBED.name,
            version=EMBED.version,
            model=model.label,
            max_tokens=reading.max_tokens,
            prompt=reading.document_prompt,
        )
        do = partial(
            embed_part, sources=_ids(self.tables.parts), work=self.work, model=model, reading=reading
        )
        check = partial(load_dense_model, model, reading)
        what = "embedding documents"
        return self._run(EMBED, self.tables.parts, do, settings=settings, what=what, check=check)

    def search(self, requests: Requests) -> dict[str, list[Commit]]:
        """Find candidates; returns the parts of `candidates` by language."""
        config = self.config.mining
        settings = key_of(
            stage=SEARCH.name,
            version=SEARCH.version,
            depth=config.depth,
            rrf_constant=config.rrf_constant,
            prompt=config.query_prompt if has_dense_search(self.config) else None,
            indexes={language: request.key for language, request in requests.items()},
        )
        do = partial(search_part, sources=_ids(self.tables.parts), requests=requests)
        return self._run(SEARCH, self.tables.parts, do, settings=settings, what="searching")

    def teachers(
        self, named: tuple[ModelSource | None, ...], found: Mapping[str, Sequence[Commit]]
    ) -> tuple[ModelSource, ...]:
        """Return the teachers; one is trained where none is named."""
        key = key_of(tables=self.tables.key, purpose="teacher", candidates=sorted(_ids(found).values()))
        teachers = []
        for model in named:
            if model is None:
                self.report("training the teacher", 0, 0)
                model = teacher_bootstrap(self.work, self.tables.parts, found, key=key)
            teachers.append(model)
        return tuple(teachers)

    def rerank(
        self, requests: Requests, found: Mapping[str, Sequence[Commit]], teachers: tuple[ModelSource, ...]
    ) -> dict[str, list[Commit]]:
        """Score the candidates; returns the parts of `scores` by language."""
        if not teachers:
            publish(self.work, RERANK.name, records=RERANK.writes, commits=[])
            return {}
        config = self.config.mining
        settings = key_of(
            stage=RERANK.name,
            version=RERANK.version,
            teachers=[teacher.label for teacher in teachers],
            max_tokens=config.max_tokens,
            depth=config.teacher_depth if len(teachers) > 1 else None,
            prompts=[config.query_prompt, config.document_prompt],
        )
        do = partial(
            rerank_part,
            sources=_ids(self.tables.parts),
            candidates=_ids(found),
            requests=requests,
            teachers=teachers,
        )

        def check() -> None:
            for teacher in teachers:
                load_scorer(teacher, reading_of(config))

        return self._run(RERANK, found, do, settings=settings, what="scoring", check=check)

    def select(
        self,
        requests: Requests,
        found: Mapping[str, Sequence[Commit]],
        scored: Mapping[str, Sequence[Commit]],
        teachers: tuple[ModelSource, ...],
    ) -> list[Commit]:
        """Decide on all candidates; returns the parts of `negatives`."""
        settings = key_of(
            stage=SELECT.name,
            version=SELECT.version,
            config=self.config.negatives.model_dump(),
            candidates=sorted(_ids(found).values()) if self._needs_percentiles else None,
        )
        do = partial(
            select_part,
            sources=_ids(self.tables.parts),
            candidates=_ids(found),
            scores=_ids(scored),
            requests=requests,
            selections={language: self._selection(scored.get(language, ()), teachers) for language in found},
            scale=score_scale(teachers[-1]) if teachers else None,
        )
        done = self._run(SELECT, scored or found, do, settings=settings, what="selecting")
        return _all(done)

    @property
    def _needs_percentiles(self) -> bool:
        config = self.config.negatives
        return config.min_percentile is not None or config.max_percentile is not None

    def _selection(self, scored: Sequence[Commit], teachers: tuple[ModelSource, ...]) -> Selection:
        low = high = None
        if self._needs_percentiles:
            if not teachers:
                raise ConfigError("Percentiles of scores need a teacher: name one with --teacher.")
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
        sources: Mapping[str, Sequence[Commit]],
        do: Callable[[Shard], object],
        *,
        settings: str,
        what: str,
        check: Callable[[], object] = lambda: None,
    ) -> dict[str, list[Commit]]:
        """Do what is not done of the languages to be mined, and publish it beside what is done of others."""
        shards = {
            language: [
                Shard.of(commit.shard.input, "parquet", version=commit.shard.id, settings=settings)
                for commit in commits
            ]
            for language, commits in sources.items()
        }
        finished = finished_shards(self.work, stage)
        wanted = (shard for language in self.tables.languages for shard in shards.get(language, ()))
        todo = [shard for shard in wanted if shard.id not in finished]
        self.report(what, 0, len(todo))
        if todo:
            check()
            self.runner.run(todo, do, report=lambda n: self.report(what, n, len(todo)))
            finished = finished_shards(self.work, stage)
        done = {
            language: commits
            for language, of_language in shards.items()
            if (commits := [finished[shard.id] for shard in of_language if shard.id in finished])
            and len(commits) == len(of_language)
        }
        publish(self.work, stage.name, records=stage.writes, commits=_all(done))
        return done


def _all(parts: Mapping[str, Sequence[Commit]]) -> list[Commit]:
    return [commit for commits in parts.values() for commit in commits]


def _ids(parts: Mapping[str, Sequence[Commit]]) -> dict[str, str]:
    """Return the shards' ids by their input, which all stages call alike."""
    return {commit.shard.input: commit.shard.id for commit in _all(parts)}


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
    if selection.by_score and not has_teacher:
        asked_for = ", ".join(f"negatives.{name}" for name in selection.by_score)
        raise ConfigError(f"Scores of a teacher are needed for {asked_for}: name one with --teacher.")
    return selection
