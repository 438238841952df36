"""Table `pairs` in, table `enrichments` out: what models say about each pair, one Spark task a part.

A row's scores depend on its text and on the models alone. So a part whose pairs or models have changed is
written anew, but scores that the same model gave the same pair before are taken over, not computed again: a
further crawl costs the new pairs, another topic model costs no similarities.

What grows: the driver holds a commit a part, and each worker the ids of the parts that are written anew. The
models make the cost. 198 million pairs of 100 tokens (1,213 pairs of real sites have 75 on average) are 2e10
tokens; at 2 FLOP a parameter and token a base-size encoder, 86 million parameters beside its embedding table,
takes 3.4e18 FLOP: 5 hours of a GPU that sustains 200 TFLOP/s, by this arithmetic, not by measurement.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.dataset as ds
from rich.console import Console

from mining.enrich_models import Reading, forget_models, load_classifier, load_encoder
from mining.model_source import ModelOutOfReachError, find_model, out_of_reach
from pipeline.core import storage
from pipeline.core.config import Config, EnrichConfig
from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.manifest import Commit, Manifest, Shard, part_path, publish, read_commits, read_manifest
from pipeline.core.records import Enrichment, Pair
from pipeline.core.stages import ENRICH
from pipeline.core.table import arrow_schema
from pipeline.jobs.enrich_part import COLUMNS, Predecessor, Request, Scoring, enrich_shard
from pipeline.jobs.progress import progress_bar
from pipeline.jobs.shards import Plan, finished_shards, run_shards

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True, slots=True)
class EnrichSummary:
    """What table `enrichments` holds after a run, and what the run itself did."""

    work: str
    n_parts: int
    n_parts_written_now: int
    n_pairs: int
    n_scored: dict[str, int]
    """Pairs that have the score, by score."""
    n_undefined: int
    """Pairs whose similarity the model was asked for and which have none: an embedding without direction."""
    models: dict[str, str]
    """Model id and revision by score."""
    skipped: dict[str, str]
    """Why a score that was asked for is missing, by score."""
    start_s: float
    """Starting Spark and its Python workers, and stopping them."""
    work_s: float
    """Everything else, the models' loading included."""

    def figures(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Models:
    """The scores that a run gives, and why it cannot give others."""

    scorings: list[Scoring]
    skipped: dict[str, str]


def enrich(work: str, *, master: str, config: Config, console: Console) -> EnrichSummary:
    """Bring `enrichments` up to date with `pairs` and the configured models; finished parts cost nothing.

    Raises ConfigError before Spark starts where the request is wrong or a model unfit, TransientError where
    all models are out of reach, another run holds the work folder, or parts could not be scored.
    """
    _check_asked(config.enrich)
    began = time.perf_counter()
    shown, work = work, storage.absolute(work)
    _pairs(work, shown)
    with storage.exclusive(work):
        pairs, models = _pairs(work, shown), find_models(config.enrich)
        plan, earlier = plan_enrich(work, pairs, models.scorings)
        if plan.todo and (lost := check_models(models)).skipped != models.skipped:
            models = lost
            plan, earlier = plan_enrich(work, pairs, models.scorings)
        for score, reason in models.skipped.items():
            console.print(f"{score} skipped: {reason}.", markup=False, highlight=False, soft_wrap=True)
        if plan.n_outdated:
            console.print(
                f"Models, settings or pairs have changed: {plan.n_outdated} parts are written anew. Scores "
                "that do not depend on the change are kept."
            )
        request = Request(models.scorings, config.enrich.batch_size, earlier)
        start_s = _run(plan, request, work=work, master=master, config=config, console=console)
        work_s = time.perf_counter() - began - start_s
        summary = _summary(work, models, shown=shown, n_now=len(plan.todo), start_s=start_s, work_s=work_s)
        assert summary.n_pairs == pairs.n_rows, "pairs lost while scoring"
        return summary


def find_models(config: EnrichConfig) -> Models:
    """Find out which models the configured names stand for; none is loaded.

    Raises TransientError where all of them are out of reach.
    """
    asked = {score: name for score, names in COLUMNS.items() if (name := getattr(config, names[-1]))}
    scorings, skipped = [], {}
    for score, spec in asked.items():
        try:
            model = find_model(spec)
        except ModelOutOfReachError as reason:
            model, skipped[score] = out_of_reach(spec), str(reason)
        reading = Reading(config.max_tokens, config.device)
        if score == "semantic_similarity":
            reading = replace(
                reading, question_prompt=config.question_prompt, answer_prompt=config.answer_prompt
            )
        scorings.append(Scoring(score, model, reading))
    return _some_in_reach(Models(scorings, skipped))


def check_models(models: Models) -> Models:
    """Load each model once, here, so that a fault is found before Spark starts; frees them again.

    Returns the models without those whose files turn out to be out of reach.
    """
    scorings, skipped = [], dict(models.skipped)
    for scoring in models.scorings:
        load = load_encoder if scoring.score == "semantic_similarity" else load_classifier
        try:
            if scoring.model.revision is not None:
                load(scoring.model, scoring.reading)
            scorings.append(scoring)
        except ModelOutOfReachError as reason:
            skipped[scoring.score] = str(reason)
            scorings.append(replace(scoring, model=out_of_reach(scoring.model.name)))
    forget_models()
    return _some_in_reach(Models(scorings, skipped))


def plan_enrich(work: str, pairs: Manifest, scorings: list[Scoring]) -> tuple[Plan, dict[str, Predecessor]]:
    """Compare the parts of `pairs` with those of `enrichments`.

    Returns the plan, and by shard id where scores can be taken over from. A part scored while a model was out
    of reach counts as finished only until the model is found. Raises ConfigError where the table holds scores
    that this run would drop.
    """
    settings = _settings(scorings)
    finished = finished_shards(work, ENRICH)
    _check_nothing_is_dropped(work, scorings)
    shards = [Shard.of(c.shard.input, "pairs", version=c.shard.id, settings=settings) for c in pairs.commits]
    before: dict[str, list[Commit]] = {}
    for commit in finished.values():
        before.setdefault(commit.shard.input, []).append(commit)
    todo = [s for s in shards if s.id not in finished]
    earlier = {s.id: best for s in todo if (best := _predecessor(before.get(s.input, []), scorings))}
    outdated = sum(s.input in before for s in todo)
    return Plan([finished[s.id] for s in shards if s.id in finished], todo, outdated), earlier


def run_enrich(
    spark: "SparkSession",
    plan: Plan,
    request: Request,
    *,
    work: str,
    report: Callable[[int], None] = lambda _: None,
) -> None:
    """Score the plan's open parts and publish `enrichments`.

    Raises TransientError when parts could not be scored: the others are kept, the next run takes only these.
    """
    task = partial(enrich_shard, work=work, request=request)
    failed = run_shards(spark, plan.todo, task, report=report)
    if failed:
        raise TransientError(
            f"{len(failed)} of {len(plan.todo)} parts could not be scored; the others are done, run the same "
            f"command again for these. First reason: {next(iter(failed.values()))}"
        )
    _publish(work, plan)


def _publish(work: str, plan: Plan) -> None:
    fresh = {commit.shard.id: commit for commit in read_commits(work, ENRICH.name)}
    commits = [*plan.done, *(fresh[shard.id] for shard in plan.todo)]
    publish(work, ENRICH.name, records=ENRICH.writes, commits=commits)


def _run(plan: Plan, request: Request, *, work: str, master: str, config: Config, console: Console) -> float:
    """Do what is to do and return the seconds that Spark took to start and stop."""
    if not plan.todo:
        _publish(work, plan)  # a killed run may have left the manifest, and pairs may have lost parts
        return 0.0
    from pipeline.jobs.session import spark_session

    began = time.perf_counter()
    with progress_bar(console) as progress:
        task = progress.add_task("starting Spark", total=len(plan.todo))
        with spark_session(
            "enrich", master=master, config=config.spark, imports="pipeline.jobs.enrich_part"
        ) as spark:
            start_s = time.perf_counter() - began
            progress.update(task, description="scoring")
            run_enrich(spark, plan, request, work=work, report=lambda n: progress.update(task, completed=n))
            progress.update(task, completed=len(plan.todo))
            stopping = time.perf_counter()
    return start_s + time.perf_counter() - stopping


def _check_asked(config: EnrichConfig) -> None:
    if not (config.similarity_model or config.topic_model or config.question_type_model):
        raise ConfigError(
            "No model is configured: set enrich.similarity_model, enrich.topic_model or "
            "enrich.question_type_model."
        )
    for key in ("question_prompt", "answer_prompt"):
        if getattr(config, key) is not None and not config.similarity_model:
            raise ConfigError(
                f"enrich.{key} has no effect without enrich.similarity_model; set both or none."
            )


def _pairs(work: str, shown: str) -> Manifest:
    pairs = read_manifest(work, Pair.TABLE)
    if pairs is None:
        raise ConfigError(f"{shown} has no table {Pair.TABLE}; `faqtory clean --work {shown}` makes it.")
    return pairs


def _some_in_reach(models: Models) -> Models:
    if len(models.skipped) == len(models.scorings):
        lines = "; ".join(f"{score} skipped: {reason}" for score, reason in models.skipped.items())
        raise TransientError(f"No model is within reach, nothing was written. {lines}.")
    return models


def _settings(scorings: list[Scoring]) -> str:
    """Return what all rows depend on as text that a later run can compare score by score."""
    scores = {scoring.score: scoring.settings() for scoring in scorings}
    return json.dumps({"version": ENRICH.version, "scores": scores}, sort_keys=True, ensure_ascii=False)


def _predecessor(commits: list[Commit], scorings: list[Scoring]) -> Predecessor | None:
    """Return the earlier part of the same input from which most scores can be taken over."""
    found = [Predecessor(c.shard.id, _in_common(c.shard.settings, scorings)) for c in commits]
    return max((p for p in found if p.scores), key=lambda p: (len(p.scores), p.shard_id), default=None)


def _in_common(settings: str, scorings: list[Scoring]) -> tuple[str, ...]:
    """Return the scores that were given under the same settings, whatever the model's revision."""
    tree = json.loads(settings)
    if tree["version"] != ENRICH.version:
        return ()
    return tuple(
        scoring.score
        for scoring in scorings
        if (before := tree["scores"].get(scoring.score))
        and {**before, "revision": None} == {**scoring.settings(), "revision": None}
    )


def _check_nothing_is_dropped(work: str, scorings: list[Scoring]) -> None:
    manifest = read_manifest(work, Enrichment.TABLE)
    asked = {scoring.score for scoring in scorings}
    for commit in manifest.commits if manifest else ():
        for score, before in json.loads(commit.shard.settings)["scores"].items():
            if score not in asked:
                raise ConfigError(
                    f"Table {Enrichment.TABLE} holds {score} by {before['model']}; this run would drop it: "
                    f"set enrich.{COLUMNS[score][-1]}, too, or remove the table's folder."
                )


def _summary(
    work: str, models: Models, *, shown: str, n_now: int, start_s: float, work_s: float
) -> EnrichSummary:
    manifest = read_manifest(work, Enrichment.TABLE)
    assert manifest is not None
    fs, _ = storage.filesystem(work)
    paths = [part_path(work, Enrichment.TABLE, commit.shard.id) for commit in manifest.commits]
    inner = [storage.filesystem(path)[1] for path in paths]
    table = ds.dataset(inner, schema=arrow_schema(Enrichment), filesystem=fs, format="parquet")
    scores = [scoring.score for scoring in models.scorings]
    undefined = pc.field("semantic_similarity").is_null() & pc.field("similarity_model").is_valid()
    return EnrichSummary(
        work=shown,
        n_parts=len(manifest.commits),
        n_parts_written_now=n_now,
        n_pairs=manifest.n_rows,
        n_scored={score: table.count_rows(filter=pc.field(score).is_valid()) for score in scores},
        n_undefined=table.count_rows(filter=undefined),
        models={s.score: s.model.label for s in models.scorings if s.model.revision},
        skipped=models.skipped,
        start_s=round(start_s, 2),
        work_s=round(work_s, 2),
    )
