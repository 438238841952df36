"""Translations that no address leads to: found by an embedder, on a scale that the corpus itself gives.

What the pages' structure says for certain is the truth to learn from. For `bootstrap` most of the questions
train the model; on the others, which it has not seen in any language, the scores are calibrated: a sample of
sites is searched as it is, and as if the known translations were not there. What comes out of that second
search is wrong by construction, and so tells what is accepted of texts that have no translation.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mining.bootstrap import TrainingPair
from mining.model_source import ModelSource
from mining.off_page import DEFAULT_CALIBRATION, FEATURES, Calibration, fit_calibration
from mining.site_candidates import (
    Judged,
    Meeting,
    accepted,
    accepted_without_known,
    labelled,
    one_partner_each,
    published,
)
from pipeline.core.config import AlignConfig
from pipeline.jobs.components import connected_components
from pipeline.jobs.embedder import (
    BOOTSTRAP,
    MAX_TRAINING_BITEXTS,
    Embedder,
    shipped,
    train,
    with_vectors,
)
from pipeline.jobs.frames import Part, held, with_pair_texts, with_texts
from pipeline.jobs.matching import CANDIDATE, Languages, by_languages
from pipeline.jobs.site_search import KNOWN, Judge, multilingual_places, searched

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)

MAX_KNOWN = 5_000
"""Known translations that scores are calibrated on: some 160,000 candidates, 10 MB on the driver."""

MAX_CALIBRATION_ROWS = 100_000
"""Pairs of the sites that are searched for it."""

_ID_NAMES = ("id_a", "id_b", "language_a", "language_b", "site")
LABELLED = pa.schema([("site", pa.string()), ("features", pa.list_(pa.float64())), ("right", pa.bool_())])


@dataclass(frozen=True, slots=True)
class RemovalTest:
    """What the embedder finds for texts whose translation was taken away, by languages."""

    n_removed: Counter[Languages]
    n_aligned: Counter[Languages]
    """Accepted all the same, at most one a text; each is wrong."""


def off_page(
    certain: "DataFrame",
    pairs: Sequence[Part],
    *,
    model: ModelSource | None,
    scratch: Path,
    config: AlignConfig,
    report: Callable[[str], None],
) -> tuple["DataFrame", RemovalTest]:
    """Return the candidates (CANDIDATE) that the embedder brings, and what it finds where nothing is to find.

    `certain` are the bitexts that structure vouches for; their pairs need no further partner in these
    languages. A `model` of None is to be trained, in `scratch`, a folder that must outlive Spark: executors
    that join later fetch the model from there. Raises ConfigError where there is too little to learn from.
    """
    from pyspark.sql import functions as sf

    if model is None:
        report("training the embedder")
        certain = _with_trained(certain, share=1 - config.calibration_share)
        embedder = _trained(certain.where("is_trained"), pairs, scratch, config=config)
    else:
        certain = certain.withColumn("is_trained", sf.lit(False))
        embedder = Embedder(model, is_shipped=False)
    report("embedding pairs")
    places = multilingual_places(certain.sparkSession, pairs, site_by=config.site)
    known, sites = _known_sample(places, certain.where("not is_trained"))
    wanted = _with_settled(places, certain).join(sites, "site", "left")
    wanted = wanted.where("is_sample or size(settled) < n_languages - 1")
    rows = _embedded(wanted, pairs, embedder, config)
    report("calibrating scores")
    sample = rows.where("is_sample").withColumn("settled", sf.col("trained"))
    calibration = _calibration(sample, known, config)
    n_removed = by_languages(known.select("language_a", "language_b"))
    wrong = _search(sample, known, partial(wrong_rows, calibration=calibration, config=config), config)
    test = RemovalTest(n_removed, by_languages(wrong))
    report("searching sites")
    nothing = known.limit(0)
    return held(
        _search(rows, nothing, partial(found_rows, calibration=calibration, config=config), config)
    ), test


def by_published_rule(
    spark: "SparkSession",
    pairs: Sequence[Part],
    *,
    model: ModelSource,
    config: AlignConfig,
    report: Callable[[str], None],
) -> "DataFrame":
    """Return the candidates (CANDIDATE) of the rule published with WebFAQ 2.0, their cosines as scores.

    A site is an origin, as published, whatever the configuration says.
    """
    from pyspark.sql import functions as sf

    report("embedding pairs")
    places = multilingual_places(spark, pairs, site_by="origin")
    places = places.withColumn("settled", sf.array().cast("array<string>"))
    rows = _embedded(places, pairs, Embedder(model, is_shipped=False), config)
    report("searching sites")
    nothing = spark.createDataFrame([], KNOWN)
    return held(_search(rows, nothing, partial(published_rows, min_cosine=config.min_cosine), config))


def _with_trained(certain: "DataFrame", *, share: float) -> "DataFrame":
    """Add `is_trained`: the bitexts of a share of all questions, whatever their languages, chosen by hash."""
    from pyspark.sql import functions as sf

    named = certain.withColumns({"node": sf.xxhash64("id_a"), "other": sf.xxhash64("id_b")})
    questions = connected_components(named.select("node", "other").toDF("a", "b"))
    roots = held(questions.select("root").distinct())
    chosen = roots.orderBy(sf.xxhash64("root"), "root").limit(int(share * roots.count()))
    trained = questions.join(chosen.withColumn("is_trained", sf.lit(True)), "root").select(
        "node", "is_trained"
    )
    marked = named.join(trained, "node", "left").drop("node", "other")
    return held(marked.fillna(value=False, subset="is_trained"))


def _trained(certain: "DataFrame", pairs: Sequence[Part], folder: Path, *, config: AlignConfig) -> Embedder:
    chosen = held(_by_hash(certain, MAX_TRAINING_BITEXTS).select(*_ID_NAMES))
    texts = [
        TrainingPair(row[f"{part}_a"], row[f"{part}_b"], row["language_a"], row["language_b"], row["site"])
        for row in with_pair_texts(chosen, pairs).toArrow().to_pylist()
        for part in ("question", "answer")
    ]
    train(texts, out=folder / BOOTSTRAP, config=config)
    return shipped(certain.sparkSession, folder / BOOTSTRAP)


def _by_hash(bitexts: "DataFrame", n: int) -> "DataFrame":
    from pyspark.sql import functions as sf

    return bitexts.orderBy(sf.xxhash64("id_a", "id_b"), "id_a", "id_b").limit(n)


def _known_sample(places: "DataFrame", known: "DataFrame") -> tuple["DataFrame", "DataFrame"]:
    """Return some known translations (KNOWN) and `is_sample` for the sites they are of, by hash."""
    from pyspark.sql import functions as sf

    for side in ("a", "b"):  # a pair that stands for duplicates may be of another site
        known = known.join(places.select("site", sf.col("id").alias(f"id_{side}")), ["site", f"id_{side}"])
    known = held(_by_hash(known.select("site", *_ID_NAMES[:-1]), MAX_KNOWN))
    sizes = places.join(known.select("site").distinct(), "site", "left_semi").groupBy("site").count()
    chosen: list[tuple[str, bool]] = []
    n_rows = 0
    for row in sizes.orderBy(sf.xxhash64("site"), "site").collect():
        n_rows += row["count"]
        if chosen and n_rows > MAX_CALIBRATION_ROWS:
            break
        chosen.append((row["site"], True))
    sites = sf.broadcast(places.sparkSession.createDataFrame(chosen, "site string, is_sample boolean"))
    return held(known.join(sites, "site", "left_semi")), sites


def _with_settled(places: "DataFrame", certain: "DataFrame") -> "DataFrame":
    """Add the languages in which a pair has a certain partner: `settled`, and `trained`, if learned from."""
    from pyspark.sql import functions as sf

    ends = [
        certain.select("site", sf.col(id).alias("id"), sf.col(language).alias("other"), "is_trained")
        for id, language in (("id_a", "language_b"), ("id_b", "language_a"))
    ]
    partners = ends[0].unionByName(ends[1])
    of_ids = partners.groupBy("site", "id").agg(
        sf.collect_set("other").alias("settled"),
        sf.collect_set(sf.when(sf.col("is_trained"), sf.col("other"))).alias("trained"),
    )
    nothing = sf.array().cast("array<string>")
    return places.join(of_ids, ["site", "id"], "left").withColumns(
        {name: sf.coalesce(name, nothing) for name in ("settled", "trained")}
    )


def _embedded(
    places: "DataFrame", pairs: Sequence[Part], embedder: Embedder, config: AlignConfig
) -> "DataFrame":
    places = held(places)
    texts = with_texts(places, pairs, columns=("question", "answer"))
    return held(places.join(with_vectors(texts, embedder, config=config), "location"))


def _search(rows: "DataFrame", known: "DataFrame", judge: Judge, config: AlignConfig) -> "DataFrame":
    return searched(rows, known, judge, n_neighbours=config.n_neighbours, schema=CANDIDATE)


def _calibration(rows: "DataFrame", known: "DataFrame", config: AlignConfig) -> Calibration:
    """Fit the scale on known translations; where they are too few, that of another corpus is taken."""
    judge = partial(labelled_rows, config=config)
    found = searched(rows, known, judge, n_neighbours=config.n_neighbours, schema=LABELLED).toArrow()
    features = np.array(found["features"].to_pylist(), dtype=np.float64).reshape(-1, len(FEATURES))
    calibration = fit_calibration(features, found["right"].to_numpy())
    if calibration is None:
        log.warning("calibration=default known=%d: too few to fit the scores to this corpus", known.count())
        return DEFAULT_CALIBRATION
    log.info("calibration=%s", calibration)
    return calibration


def labelled_rows(meeting: Meeting, *, config: AlignConfig) -> pa.RecordBatch:
    """Return candidates whose truth is known (LABELLED)."""
    features, right = labelled(meeting, weights=_weights(config)) if meeting.known else (np.zeros((0, 0)), [])
    columns = {"features": features.tolist(), "right": right}
    return pa.RecordBatch.from_pydict(columns, schema=pa.schema(list(LABELLED)[1:]))


def found_rows(meeting: Meeting, *, calibration: Calibration, config: AlignConfig) -> pa.RecordBatch:
    """Return what is accepted (CANDIDATE)."""
    return _batch(
        meeting, *accepted(meeting, calibration, weights=_weights(config), min_score=config.min_score)
    )


def wrong_rows(meeting: Meeting, *, calibration: Calibration, config: AlignConfig) -> pa.RecordBatch:
    """Return what is accepted of known pairs without their translations (CANDIDATE), at most one a pair."""
    weights, min_score = _weights(config), config.min_score
    found, scores = accepted_without_known(meeting, calibration, weights=weights, min_score=min_score)
    kept = one_partner_each(found.candidates, scores)
    return _batch(meeting, found.where(kept), scores[kept])


def published_rows(meeting: Meeting, *, min_cosine: float) -> pa.RecordBatch:
    """Return what the published rule accepts (CANDIDATE)."""
    return _batch(meeting, *published(meeting, min_cosine=min_cosine))


def _weights(config: AlignConfig) -> tuple[float, float, float]:
    if config.embedder_alone:
        return 0.0, 0.0, 0.0
    return config.numbers_weight, config.tokens_weight, config.length_weight


def _batch(meeting: Meeting, found: Judged, scores: NDArray[np.float64]) -> pa.RecordBatch:
    """Return rows of CANDIDATE but for the site."""
    a, b = meeting.a, meeting.b
    columns: dict[str, Any] = {
        "id_a": [a.ids[i] for i in found.candidates.index_a],
        "id_b": [b.ids[j] for j in found.candidates.index_b],
        "language_a": [a.language] * len(scores),
        "language_b": [b.language] * len(scores),
        "score": scores,
        **{name: getattr(found.lexical, name) for name in ("numbers", "tokens", "length")},
        "position": np.zeros(len(scores)),
        "hreflang": np.zeros(len(scores), dtype=np.bool_),
        "same_path": np.zeros(len(scores), dtype=np.bool_),
        "similarity": found.candidates.cosine.astype(np.float64),
        "margin": found.candidates.margin.astype(np.float64),
    }
    fields = [field for field in CANDIDATE if field.name != "site"]
    return pa.RecordBatch.from_pydict(columns, schema=pa.schema(fields))
