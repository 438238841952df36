"""The model that alignment embeds texts with: found or trained on the driver, used on the workers."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import xxhash

from mining.bootstrap import Recipe, TrainingPair, train_bootstrap
from mining.margin import on_grid
from mining.model_source import ModelSource, find_model
from mining.parallel_text import parallel_files, read_parallel
from mining.sentence_models import load_embedder
from pipeline.core.config import AlignConfig
from pipeline.core.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BOOTSTRAP = "bootstrap"

MAX_TRAINING_BITEXTS = Recipe().max_pairs // 2
"""Of which questions and answers are learned from: what the driver holds of the corpus."""

_ROWS_PER_BATCH = 4096
"""Texts sorted by length and embedded together."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """A model as the workers load it."""

    source: ModelSource
    is_shipped: bool
    """The folder is an archive that Spark has sent to every worker."""


def check_embedder(config: AlignConfig) -> ModelSource | None:
    """Return the model that the configuration names, None where there is none or it is to be trained.

    Raises ConfigError for settings that contradict each other or cannot be had.
    """
    if config.embedder is None and config.profile == "webfaq2":
        raise ConfigError(
            "align.profile=webfaq2 compares embeddings: name a model with --embedder, such as "
            "sentence-transformers/LaBSE."
        )
    if config.embedder == BOOTSTRAP and config.profile == "webfaq2":
        raise ConfigError(
            "align.profile=webfaq2 asks no page for what to train bootstrap on: name another --embedder."
        )
    if config.parallel and config.embedder != BOOTSTRAP:
        raise ConfigError("align.parallel is what bootstrap learns from; it needs --embedder bootstrap.")
    if config.embedder is None or config.embedder == BOOTSTRAP:
        return None
    return find_model(config.embedder)


def content_of(specs: Sequence[str]) -> list[str]:
    """Return a hash of the content of each file of parallel text; ConfigError for one that cannot be read."""
    return [_content(path) for path in parallel_files(specs)]


def train(pairs: Iterable[TrainingPair], *, out: Path, config: AlignConfig) -> None:
    """Train the bootstrap model; ConfigError where there is too little to learn from."""
    train_bootstrap(pairs, out=out, parallel=read_parallel(config.parallel))


def shipped(spark: "SparkSession", folder: Path) -> Embedder:
    """Send a model's folder to all workers."""
    archive = shutil.make_archive(str(folder), "zip", folder)
    spark.sparkContext.addArchive(f"{archive}#{folder.name}")
    return Embedder(ModelSource(folder.name, None, folder.name), is_shipped=True)


def with_vectors(texts: "DataFrame", embedder: Embedder, *, config: AlignConfig) -> "DataFrame":
    """Add `vector` to rows with question and answer: components of half precision, which hold them exactly.

    Exactly, as `mining.margin` rounds them to multiples of 2^-11.
    """
    from pyspark.sql.types import BinaryType, StructField, StructType

    schema = StructType([*texts.schema.fields, StructField("vector", BinaryType())])
    return texts.mapInArrow(partial(_embed_batches, embedder=embedder, config=config), schema)


def vectors_of(column: pa.ChunkedArray) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return the vectors of a column of `with_vectors`, of shape `(n_rows, n_dimensions)`."""
    rows = [np.frombuffer(vector, dtype=np.float16) for vector in column.to_pylist()]
    return np.stack(rows).astype(np.float32)


def _embed_batches(
    batches: Iterator[pa.RecordBatch], *, embedder: Embedder, config: AlignConfig
) -> Iterator[pa.RecordBatch]:
    model = None
    for batch in batches:
        for first in range(0, batch.num_rows, _ROWS_PER_BATCH):
            rows = batch.slice(first, _ROWS_PER_BATCH)
            model = model or load_embedder(
                _on_worker(embedder),
                max_tokens=config.max_tokens,
                device=config.device,
                batch_size=config.batch_size,
                prompt=config.prompt,
            )
            texts = zip(rows["question"].to_pylist(), rows["answer"].to_pylist(), strict=True)
            vectors = on_grid(model.embed([f"{question}\n{answer}" for question, answer in texts]))
            binary = pa.array([row.tobytes() for row in vectors.astype(np.float16)], pa.binary())
            yield pa.RecordBatch.from_arrays([*rows.columns, binary], names=[*rows.schema.names, "vector"])


def _on_worker(embedder: Embedder) -> ModelSource:
    if not embedder.is_shipped:
        return embedder.source
    from pyspark import SparkFiles

    name = embedder.source.name
    return ModelSource(name, None, SparkFiles.get(name))


def _content(path: Path) -> str:
    digest = xxhash.xxh3_128()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ConfigError(f"Cannot read the parallel text {path}: {error.strerror}.") from None
    return digest.hexdigest()
