"""One part of `pairs` in, the same part of `enrichments` out: what one Spark task of the stage does.

What grows: a worker holds one row group of `pairs` (32 MiB), the embeddings of a window, the models (loaded
once and kept), and by id the earlier scores of the same part, some 0.4 kB a pair and score.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import pyarrow.parquet as pq

from mining.enrich import semantic_similarities, top_labels
from mining.enrich_models import Reading, load_classifier, load_encoder
from mining.model_source import ModelSource
from pipeline.core import storage
from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.manifest import Commit, Shard, part_path, write_commit
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Enrichment, Pair
from pipeline.core.stages import ENRICH

log = logging.getLogger(__name__)

WINDOW = 4096
"""Pairs sorted by length together: 128 batches of 32, and with 1024 dimensions 168 MB of embeddings."""

COLUMNS = {
    "semantic_similarity": ("semantic_similarity", "similarity_model"),
    "topic": ("topic", "topic_score", "topic_model"),
    "question_type": ("question_type", "question_type_score", "question_type_model"),
}
"""The columns of each score, the score itself first and the model that gave it last."""

Texts = dict[str, Sequence[str]]
Carried = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Scoring:
    """One score that a run was asked for, and who gives it."""

    score: str
    """A key of COLUMNS."""
    model: ModelSource
    reading: Reading

    def settings(self) -> dict[str, Any]:
        """Return everything but the texts that the score depends on."""
        reading = self.reading
        return {
            "model": self.model.name,
            "revision": self.model.revision,
            "max_tokens": reading.max_tokens,
            "prompts": [reading.question_prompt, reading.answer_prompt],
        }

    def is_by_this_model(self, label: str | None) -> bool:
        """Tell whether a score of this label can stay; by any revision where the model is out of reach."""
        if self.model.revision is None:
            return label is not None and label.startswith(f"{self.model.name}@")
        return label == self.model.label


@dataclass(frozen=True, slots=True)
class Predecessor:
    """An earlier part of `enrichments` from the same input."""

    shard_id: str
    scores: tuple[str, ...]
    """Scores given under the same settings but for the model's revision, which each row names."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the tasks of a run have in common."""

    scorings: list[Scoring]
    batch_size: int
    earlier: dict[str, Predecessor] = field(default_factory=dict)
    """By shard id; without those that have nothing to take over from."""


def enrich_shard(shard: Shard, *, work: str, request: Request) -> Commit:
    """Score one part of `pairs` and write the part of `enrichments`, then its commit record.

    Raises TransientError where files or models are out of reach on this worker; nothing of the part is kept
    then.
    """
    try:
        carried = _read_earlier(shard, work=work, request=request)
        with (
            storage.open_read(part_path(work, Pair.TABLE, shard.version)) as stream,
            open_part(work, Enrichment, shard.id) as part,
        ):
            pairs = pq.ParquetFile(stream)
            for texts in _windows(pairs):
                for row in enrich_window(texts, request, carried=carried):
                    part.add(row)
    except ConfigError as reason:  # the driver found no fault: it lies with this worker
        raise TransientError(f"On a worker: {reason}") from None
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":
            raise
        raise TransientError("A batch is too large for the GPU's memory; lower enrich.batch_size.") from None
    if part.n_rows != pairs.metadata.num_rows:
        raise AssertionError(f"{pairs.metadata.num_rows} pairs but {part.n_rows} enrichments in {shard.id}")
    commit = Commit(shard, ShardOutcome.READ, {Enrichment.TABLE: part.n_rows})
    write_commit(work, ENRICH.name, commit)
    log.info("shard=%s input=%s rows=%d", shard.id, shard.input, part.n_rows)
    return commit


def enrich_window(texts: Texts, request: Request, *, carried: Carried) -> list[Enrichment]:
    """Return one row a pair, in order; scores in `carried` (score -> id -> columns) are taken over."""
    nothing = dict.fromkeys(column.name for column in fields(Enrichment))
    rows: list[dict[str, Any]] = [{**nothing, "id": id} for id in texts["id"]]
    for scoring in request.scorings:
        known = carried.get(scoring.score, {})
        unknown = [i for i, row in enumerate(rows) if row["id"] not in known]
        for row in rows:
            row.update(known.get(row["id"], {}))
        if unknown and scoring.model.revision is not None:
            questions = [texts["question"][i] for i in unknown]
            answers = [texts["answer"][i] for i in unknown]
            scores = _scores(scoring, questions, answers, batch_size=request.batch_size)
            for i, values in zip(unknown, scores, strict=True):
                rows[i].update(zip(COLUMNS[scoring.score], values, strict=True))
    return [Enrichment(**row) for row in rows]


def _scores(
    scoring: Scoring, questions: list[str], answers: list[str], *, batch_size: int
) -> list[tuple[Any, ...]]:
    """Return for each pair the values of the score's columns."""
    model = scoring.model
    if scoring.score == "semantic_similarity":
        encoder = load_encoder(model, scoring.reading)
        found = semantic_similarities(questions, answers, encoder=encoder, batch_size=batch_size)
        return [(similarity, model.label) for similarity in found]
    classifier = load_classifier(model, scoring.reading)
    texts = questions if scoring.score == "question_type" else _joined(questions, answers)
    labels = top_labels(texts, classifier=classifier, batch_size=batch_size)
    return [(label.name, label.score, model.label) for label in labels]


def _joined(questions: list[str], answers: list[str]) -> list[str]:
    """Return question and answer as one text, as the pair's id is made of them."""
    return [f"{question} {answer}" for question, answer in zip(questions, answers, strict=True)]


def _windows(pairs: pq.ParquetFile) -> Iterator[Texts]:
    for group in range(pairs.num_row_groups):
        batches = pairs.iter_batches(
            batch_size=WINDOW, row_groups=[group], columns=["id", "question", "answer"]
        )
        for batch in batches:
            yield batch.to_pydict()


def _read_earlier(shard: Shard, *, work: str, request: Request) -> Carried:
    """Return the scores of the part's predecessor that the requested models gave, by score and pair id."""
    predecessor = request.earlier.get(shard.id)
    if predecessor is None:
        return {}
    wanted = [scoring for scoring in request.scorings if scoring.score in predecessor.scores]
    carried: Carried = {scoring.score: {} for scoring in wanted}
    columns = ["id", *(column for scoring in wanted for column in COLUMNS[scoring.score])]
    with storage.open_read(part_path(work, Enrichment.TABLE, predecessor.shard_id)) as stream:
        for batch in pq.ParquetFile(stream).iter_batches(batch_size=WINDOW, columns=columns):
            for row in batch.to_pylist():
                for scoring in wanted:
                    _keep(row, scoring, into=carried[scoring.score])
    return carried


def _keep(row: Mapping[str, Any], scoring: Scoring, *, into: dict[str, dict[str, Any]]) -> None:
    names = COLUMNS[scoring.score]
    if scoring.is_by_this_model(row[names[-1]]):
        into[row["id"]] = {name: row[name] for name in names}
