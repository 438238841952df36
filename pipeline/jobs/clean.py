"""Table `pairs_raw` in, table `cleaned` out: cleaning rules and languages, one Spark task a part file.

Row by row the two tables hold the same pairs in the same order, so that nothing can be lost unseen. What
grows: the number of tasks, with the number of part files. A worker holds one batch of rows, at least one
page.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from extract import clean as cleaning
from extract import langid
from extract.clean import CleanText
from extract.langid import Language, LanguageIdentifier, PageEvidence
from extract.langid_model import model_key
from mining.dedup import BANDS_VERSION, Signer, answer_key, fact_key
from mining.dedup_template import template_key
from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.ids import key_of, pair_id
from pipeline.core.manifest import (
    Commit,
    Manifest,
    Shard,
    part_name,
    publish,
    read_commits,
    read_manifest,
    write_commit,
)
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Cleaned, PairRaw
from pipeline.core.stages import CLEAN
from pipeline.core.table import arrow_schema
from pipeline.jobs.shards import Plan, finished_shards, run_shards

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

ROWS_PER_BATCH = 2000
"""Rows cleaned at a time, and more where a page is longer."""

MIN_BOILERPLATE_CHARS = 40
"""Shorter answers may be right for many questions: "Yes, free of charge."."""

_READ = (
    "question",
    "answer",
    "url",
    "origin",
    "title",
    "description",
    "page_id",
    "position",
    "answer_index",
    "syntax",
)
_DECLARED = ("markup_language", "html_lang", "content_language", "og_locale", "alternates")
_SCHEMA = arrow_schema(Cleaned)
_COPIED = [name for name in _SCHEMA.names if name in arrow_schema(PairRaw).names]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker needs for every pair, made once."""

    clean: Callable[[str, str], CleanText]
    identifier: LanguageIdentifier
    signer: Signer | None
    """None where near-duplicates are not looked for."""


def plan_clean(work: str, config: Config) -> Plan:
    """Compare the parts of `pairs_raw` with those of `cleaned`.

    Raises ConfigError where nothing is extracted or the language model cannot be read.
    """
    settings = key_of(stage=CLEAN.name, version=CLEAN.version, config=_rows_depend_on(config))
    finished = finished_shards(work, CLEAN)
    shards = [
        Shard.of(
            storage.join("tables", PairRaw.TABLE, part_name(c.shard.id)),
            "parquet",
            version="",
            settings=settings,
        )
        for c in extracted(work).commits
    ]
    inputs = {s.input for s in shards}
    done = [finished[s.id] for s in shards if s.id in finished]
    if len(done) < len(shards):
        langid.identifier(config.language, profile=config.clean.profile)  # whatever is wrong with the model
    outdated = sum(c.shard.input in inputs and c.shard.settings != settings for c in finished.values())
    return Plan(done, [s for s in shards if s.id not in finished], outdated)


def extracted(work: str) -> Manifest:
    """Return the manifest of `pairs_raw`; ConfigError where there is none."""
    manifest = read_manifest(work, PairRaw.TABLE)
    if manifest is None:
        raise ConfigError(
            f"{work} has no table {PairRaw.TABLE}; `faqtory extract INPUT... --work {work}` makes it."
        )
    return manifest


def looks_for_near_duplicates(config: Config) -> bool:
    """Tell whether near-duplicates and boilerplate are removed, too: the published profile knows neither."""
    return config.dedup.near_duplicates and config.clean.profile == "default"


def rule_names(config: Config) -> tuple[str, ...]:
    """Return every rule that a pair of this stage passes, in order."""
    return (*cleaning.rule_names(config.clean), *langid.rule_names(config.clean.profile))


def run_clean(
    spark: "SparkSession",
    plan: Plan,
    *,
    work: str,
    config: Config,
    report: Callable[[int], None] = lambda _: None,
) -> list[Commit]:
    """Clean the plan's open parts and publish `cleaned`; returns the commits of all its parts.

    Raises TransientError when parts were out of reach: the others are kept and the next run reads only these.
    """
    failed = run_shards(spark, plan.todo, partial(clean_shard, work=work, config=config), report=report)
    fresh = {commit.shard.id: commit for commit in read_commits(work, CLEAN.name)}
    commits = [*plan.done, *(fresh[s.id] for s in plan.todo if s.id not in failed)]
    if failed:
        raise TransientError(
            f"{len(failed)} of {len(plan.todo)} parts were out of reach; the others are done, run the same "
            f"command again for these. First reason: {next(iter(failed.values()))}"
        )
    publish(work, CLEAN.name, records=CLEAN.writes, commits=commits)
    return commits


def clean_shard(shard: Shard, *, work: str, config: Config) -> Commit:
    """Clean one part of `pairs_raw` and write the part of `cleaned`, then its commit record."""
    tools = _tools(config.model_dump_json(include={"clean", "language", "dedup"}, exclude_unset=True))
    with (
        open_part(work, Cleaned, shard.id) as part,
        storage.open_read(storage.join(work, shard.input)) as stream,
    ):
        for batch in whole_pages(pq.ParquetFile(stream)):
            part.add_batch(clean_batch(batch, tools))
    commit = Commit(shard, ShardOutcome.READ, {Cleaned.TABLE: part.n_rows})
    write_commit(work, CLEAN.name, commit)
    log.info("shard=%s input=%s rows=%d", shard.id, shard.input, part.n_rows)
    return commit


def whole_pages(part: pq.ParquetFile, *, n_rows: int = ROWS_PER_BATCH) -> Iterator[pa.RecordBatch]:
    """Yield a part of `pairs_raw` in batches that no page crosses; a page's rows stand together."""
    columns = list(dict.fromkeys([*_COPIED, *_READ, *_DECLARED, "id"]))
    held: list[pa.RecordBatch] = []
    for batch in part.iter_batches(batch_size=n_rows, columns=columns):
        pages = batch.column("page_id")
        last = pages[-1].as_py()
        n_last = 1
        while n_last < batch.num_rows and pages[batch.num_rows - 1 - n_last].as_py() == last:
            n_last += 1
        if n_last < batch.num_rows or (held and held[-1].column("page_id")[-1].as_py() != last):
            yield pa.concat_batches([*held, batch.slice(0, batch.num_rows - n_last)])
            held = []
        held.append(batch.slice(batch.num_rows - n_last))
    if held:
        yield pa.concat_batches(held)


def clean_batch(batch: pa.RecordBatch, tools: Tools) -> pa.RecordBatch:
    """Turn whole pages of `pairs_raw` into as many rows of `cleaned`."""
    rows = batch.select([*_READ, *_DECLARED]).to_pylist()
    texts = [tools.clean(row["question"], row["answer"]) for row in rows]
    languages = _languages(rows, texts, tools.identifier)
    texts = [
        replace(text, dropped_by=text.dropped_by or language.dropped_by)
        for text, language in zip(texts, languages, strict=True)
    ]
    columns = {
        **{name: batch.column(name) for name in _COPIED if name not in ("id", "question", "answer")},
        "raw_id": batch.column("id"),
        "rank": [rank(row) for row in rows],
        **_text_columns(texts),
        **_language_columns(languages),
        **_key_columns(rows, texts, languages, tools.signer),
    }
    arrays = [_array(columns[field.name], field) for field in _SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def rank(row: dict[str, Any]) -> int:
    """Return a pair's place among equal ones, in [0, 2^63): URL length in 15 bits, then 48 bits of hash."""
    place = "\n".join(str(row[k]) for k in ("url", "page_id", "position", "answer_index", "syntax"))
    return min(len(row["url"]), 0x7FFF) << 48 | xxhash.xxh3_64_intdigest(place.encode()) >> 16


@lru_cache(maxsize=1)
def _tools(config_json: str) -> Tools:
    config = Config.model_validate_json(config_json)
    return Tools(
        clean=cleaning.cleaner(config.clean),
        identifier=langid.identifier(config.language, profile=config.clean.profile),
        signer=Signer(config.dedup) if looks_for_near_duplicates(config) else None,
    )


def _rows_depend_on(config: Config) -> dict[str, Any]:
    near = looks_for_near_duplicates(config)
    return {
        "clean": config.clean.model_dump(exclude={"max_rejects_per_rule"}),
        "language": config.language.model_dump(exclude={"model"}),
        "model": model_key(config.language.model),
        "bands": [BANDS_VERSION, config.dedup.model_dump(include={"ngram", "n_bands", "n_rows"})]
        if near
        else None,
    }


def _languages(
    rows: list[dict[str, Any]], texts: list[CleanText], identifier: LanguageIdentifier
) -> list[Language]:
    """Return the language of each row: kept ones from their page as a whole, dropped ones from their text."""
    found: list[Language] = []
    for _, page in groupby(zip(rows, texts, strict=True), key=lambda pair: pair[0]["page_id"]):
        members = list(page)
        kept = [(t.question, t.answer, r["markup_language"]) for r, t in members if not t.dropped_by]
        of_kept = iter(identifier.identify_page(_evidence(members[0][0]), kept) if kept else ())
        found += [
            identifier.identify_text(f"{text.question} {text.answer}") if text.dropped_by else next(of_kept)
            for _, text in members
        ]
    return found


def _evidence(row: dict[str, Any]) -> PageEvidence:
    return PageEvidence(
        url=row["url"],
        title=row["title"],
        description=row["description"],
        html_lang=row["html_lang"],
        content_language=row["content_language"],
        og_locale=row["og_locale"],
        alternates=[(a["hreflang"], a["url"]) for a in row["alternates"]],
    )


def _text_columns(texts: list[CleanText]) -> dict[str, list[Any]]:
    return {
        "id": [pair_id(t.question, t.answer) for t in texts],
        "question": [t.question for t in texts],
        "answer": [t.answer for t in texts],
        "dropped_by": [t.dropped_by for t in texts],
        "changes": [list(t.changed_by) for t in texts],
        "masked": [[{"name": kind, "n": n} for kind, n in t.masked.items()] for t in texts],
    }


def _language_columns(languages: list[Language]) -> dict[str, list[Any]]:
    return {
        "language": [found.code for found in languages],
        "script": [found.script for found in languages],
        "language_score": [found.score for found in languages],
        "language_source": [found.source for found in languages],
        "flags": [["languages_differ"] if found.languages_differ else [] for found in languages],
    }


def _key_columns(
    rows: list[dict[str, Any]], texts: list[CleanText], languages: list[Language], signer: Signer | None
) -> dict[str, Any]:
    kept = [i for i, text in enumerate(texts) if not text.dropped_by]
    answers, facts, templates = np.zeros((3, len(texts)), dtype=np.int64)
    bands: list[Any] = [[]] * len(texts)
    if signer and kept:
        pairs = [(texts[i].question, texts[i].answer) for i in kept]
        answers[kept] = [
            answer_key(answer) if len(answer) >= MIN_BOILERPLATE_CHARS else 0 for _, answer in pairs
        ]
        facts[kept] = [fact_key(question, answer) for question, answer in pairs]
        templates[kept] = [
            template_key(
                texts[i].question,
                title=rows[i]["title"] or "",
                site=f"{rows[i]['origin']}\n{languages[i].code}",
            )
            for i in kept
        ]
        for i, of_pair in zip(kept, signer.bands(pairs), strict=True):
            bands[i] = of_pair
    return {"answer_key": answers, "fact_key": facts, "template_key": templates, "bands": bands}


def _array(values: Any, field: pa.Field) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, type=field.type)
