"""What `faqtory mine` has to do: the parts of each stage, and the settings that their rows depend on.

The run (`pipeline.jobs.mine`) and the estimate of what it would take (`pipeline.jobs.mine_estimate`) both ask
here. Each part's id follows from that of the part it is made of, so that all of them are known before
anything is done. What grows: a shard for every 50,000 queries.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mining.model_source import ModelSource, find_model
from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.config_mining import NegativesConfig
from pipeline.core.errors import ConfigError
from pipeline.core.ids import key_of
from pipeline.core.language_parts import commits_by_language
from pipeline.core.manifest import Commit, Manifest, Shard, read_manifest
from pipeline.core.outcomes import Split
from pipeline.core.records import Document, Query
from pipeline.core.stages import EMBED, RERANK, SEARCH, SELECT
from pipeline.jobs.language_index_build import IndexRequest, reading_of
from pipeline.jobs.trained_models import BOOTSTRAP

Parts = Mapping[str, Sequence[Commit]]
"""Of a table, by language, in the order of ids."""

Settings = Mapping[str, str]
"""Of a stage, by language: what changes with anything that its rows depend on beside the part they are of."""


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


def named_teachers(config: Config) -> tuple[ModelSource | None, ...]:
    """Return the teachers that are named, None for one that is trained here.

    ConfigError for one that could not be trained: its examples are candidates, which must be of train.
    """
    if BOOTSTRAP in config.mining.teacher and Split(config.mining.split) is not Split.TRAIN:
        raise ConfigError(
            f"Teacher {BOOTSTRAP} learns from what is mined, which mining.split={config.mining.split} must "
            "not be; name another --teacher, such as the folder in `models` that a run on train left."
        )
    return tuple(None if spec == BOOTSTRAP else find_model(spec) for spec in config.mining.teacher)


def has_dense_search(config: Config) -> bool:
    """Tell whether documents are embedded at all."""
    return config.mining.dense_model not in (None, "none")


def needs_percentiles(config: NegativesConfig) -> bool:
    """Tell whether selection looks at all scores of a language."""
    return config.min_percentile is not None or config.max_percentile is not None


def dense_key(tables: RetrievalSet) -> str:
    """Return what the dense model that is trained here is known by."""
    return key_of(tables=tables.key, purpose="dense")


def teacher_key(tables: RetrievalSet, found: Parts) -> str:
    """Return what the teacher that is trained here is known by."""
    return key_of(tables=tables.key, purpose="teacher", candidates=sorted(ids_of(found).values()))


def index_requests(
    tables: RetrievalSet, vectors: Parts, *, model: ModelSource | None, work: str, config: Config
) -> dict[str, IndexRequest]:
    """Return the indexes of each language."""
    by_default = f"{work}/cache" if storage.is_local(work) else f"{tempfile.gettempdir()}/faqtory"
    return {
        language: IndexRequest(
            work=work,
            cache=config.mining.cache or by_default,
            language=language,
            documents=_shard_ids(commits),
            vectors=_shard_ids(vectors.get(language, ())),
            queries=_shard_ids(commits),
            model=model,
            config=config.mining,
        )
        for language, commits in tables.parts.items()
    }


def embed_settings(tables: RetrievalSet, model: ModelSource, *, config: Config) -> Settings:
    """Return the settings of stage EMBED."""
    reading = reading_of(config.mining)
    key = key_of(
        stage=EMBED.name,
        version=EMBED.version,
        model=model.label,
        max_tokens=reading.max_tokens,
        prompt=reading.document_prompt,
    )
    return dict.fromkeys(tables.parts, key)


def search_settings(requests: Mapping[str, IndexRequest], *, config: Config) -> Settings:
    """Return the settings of stage SEARCH."""
    mining = config.mining
    return {
        language: key_of(
            stage=SEARCH.name,
            version=SEARCH.version,
            depth=mining.depth,
            rrf_constant=mining.rrf_constant,
            prompt=mining.query_prompt if has_dense_search(config) else None,
            index=request.key,
        )
        for language, request in requests.items()
    }


def rerank_settings(found: Parts, teachers: Sequence[ModelSource], *, config: Config) -> Settings:
    """Return the settings of stage RERANK."""
    mining = config.mining
    key = key_of(
        stage=RERANK.name,
        version=RERANK.version,
        teachers=[teacher.label for teacher in teachers],
        max_tokens=mining.max_tokens,
        depth=mining.teacher_depth if len(teachers) > 1 else None,
        prompts=[mining.query_prompt, mining.document_prompt],
    )
    return dict.fromkeys(found, key)


def select_settings(found: Parts, scored: Parts, *, config: Config) -> Settings:
    """Return the settings of stage SELECT; percentiles are those of all scores of a language."""
    needs_scores = needs_percentiles(config.negatives)
    return {
        language: key_of(
            stage=SELECT.name,
            version=SELECT.version,
            config=config.negatives.model_dump(),
            scores=_shard_ids(scored.get(language, ())) if needs_scores else (),
        )
        for language in found
    }


def shards_of(sources: Parts, settings: Settings) -> dict[str, list[Shard]]:
    """Return the parts that a stage makes of those it reads, by language."""
    return {
        language: [
            Shard.of(commit.shard.input, "parquet", version=commit.shard.id, settings=settings[language])
            for commit in commits
        ]
        for language, commits in sources.items()
    }


def all_parts(parts: Parts) -> list[Commit]:
    """Return the parts of all languages."""
    return [commit for commits in parts.values() for commit in commits]


def ids_of(parts: Parts) -> dict[str, str]:
    """Return the shards' ids by their input, which all stages call alike."""
    return {commit.shard.input: commit.shard.id for commit in all_parts(parts)}


def _shard_ids(commits: Iterable[Commit]) -> tuple[str, ...]:
    return tuple(commit.shard.id for commit in commits)
