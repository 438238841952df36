"""Build the indexes of one language (`pipeline.jobs.language_index`) from its tables."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mining import dense
from mining.analysis import analyzer_for
from mining.analysis_tokens import Tokenizer
from mining.analysis_vocabulary import Vocabulary
from mining.bm25_index import Bm25, build_index
from mining.dense_model import Reading, load_dense_model
from mining.model_source import ModelSource
from mining.negatives_block import Keys, Longs, id_keys
from mining.sentence_models import device_of
from mining.token_ids import TokenIds
from pipeline.core.config_mining import MiningConfig
from pipeline.core.ids import key_of
from pipeline.core.parts import read_part, read_part_batches
from pipeline.core.records import Document, DocumentVector
from pipeline.jobs.mine_tables import csr, query_blocks, text_keys

INDEX_VERSION = 1
"""Raised with every change of the folder's content."""

COMPLETE = "index.json"
"""Written last into a language's folder."""

_ROWS = 10_000
_SAMPLE = 256
"""Queries on which the recall of a quantised index is measured."""


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """One language's indexes, and everything that they follow from."""

    work: str
    cache: str
    language: str
    documents: tuple[str, ...]
    """Shard ids of the parts of `corpus`, in the order of ids."""
    vectors: tuple[str, ...]
    """Shard ids of the parts of `document_vectors`, likewise; empty without a dense search."""
    queries: tuple[str, ...]
    """Shard ids of the parts of `queries`."""
    model: ModelSource | None
    config: MiningConfig

    @property
    def key(self) -> str:
        """Return what changes with the content."""
        config, is_dense = self.config, self.model is not None
        return key_of(
            version=INDEX_VERSION,
            documents=self.documents,
            split=config.split,
            analysis=analyzer_for(self.language).label if config.bm25 else None,
            bm25=[config.bm25_variant, config.bm25_k1, config.bm25_b] if config.bm25 else None,
            vectors=self.vectors,
            queries=self.queries if is_dense else None,
            dense=[config.flat_below, config.min_recall, config.depth] if is_dense else None,
        )


def reading_of(config: MiningConfig) -> Reading:
    """Return how models read texts."""
    return Reading(
        config.max_tokens,
        config.device,
        config.tokens_per_batch,
        config.query_prompt,
        config.document_prompt,
    )


def searching_device(config: MiningConfig) -> str:
    """Return where vectors are searched."""
    return device_of(config.device, section="mining")


def build(request: IndexRequest, folder: Path) -> None:
    """Write the folder; it appears when it is complete."""
    unfinished = folder.with_name(f"{folder.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    vocabulary = Vocabulary()
    texts = _write_documents(request, unfinished, vocabulary)
    if request.config.bm25:
        form = Bm25(request.config.bm25_variant, request.config.bm25_k1, request.config.bm25_b)
        build_index(texts, unfinished / "bm25", form=form)
        vocabulary.save(unfinished / "vocabulary")
    else:
        for _ in texts:
            pass
    if request.model is not None:
        _write_vectors(request, unfinished)
    (unfinished / COMPLETE).write_text(json.dumps({"version": INDEX_VERSION}))
    unfinished.rename(folder)


def _write_documents(request: IndexRequest, folder: Path, vocabulary: Vocabulary) -> Iterator[TokenIds]:
    """Write what is known of each document, and yield the texts as terms."""
    tokenizer = Tokenizer(analyzer_for(request.language), vocabulary)
    columns = ("doc_id", "text", "split", "sites", "near_id", "question_keys", "group_ids")
    with _streams(folder) as write:
        for name in ("text", "sites", "questions", "groups"):
            write(f"{name}_offsets", np.zeros(1, np.int64))
        for shard_id in request.documents:
            batches = read_part_batches(request.work, Document, shard_id, columns=columns, n_rows=_ROWS)
            for batch in batches:
                rows = pa.Table.from_batches([batch]).filter(pc.equal(batch["split"], request.config.split))
                texts = rows["text"].to_pylist()
                write("ids", np.frombuffer(bytes.fromhex("".join(rows["doc_id"].to_pylist())), np.uint8))
                write("near", id_keys([id or "0" * 32 for id in rows["near_id"].to_pylist()]))
                encoded = [text.encode() for text in texts]
                write("texts", np.frombuffer(b"".join(encoded), np.uint8))
                write.lengths("text", np.array([len(text) for text in encoded], np.int64))
                write.csr("sites", csr(rows["sites"], text_keys))
                write.csr("questions", csr(rows["question_keys"], _as_longs))
                write.csr("groups", csr(rows["group_ids"], id_keys))
                if request.config.bm25:
                    yield tokenizer.add(texts)


class _Writer:
    """Appends arrays to the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._streams: dict[str, Any] = {}
        self._ends: dict[str, int] = {}

    def __call__(self, name: str, values: NDArray[Any]) -> None:
        if name not in self._streams:
            self._streams[name] = (self._folder / f"{name}.bin").open("wb")
        self._streams[name].write(np.ascontiguousarray(values).data)

    def lengths(self, name: str, lengths: Longs) -> None:
        """Append to the offsets of what has such lengths."""
        offsets = self._ends.get(name, 0) + np.cumsum(lengths)
        self._ends[name] = int(offsets[-1]) if len(offsets) else self._ends.get(name, 0)
        self(f"{name}_offsets", offsets)

    def csr(self, name: str, keys: Keys) -> None:
        """Append keys of some rows."""
        self(name, keys.keys)
        self.lengths(name, np.diff(keys.offsets))

    def close(self) -> None:
        """End all files."""
        for stream in self._streams.values():
            stream.close()


@contextmanager
def _streams(folder: Path) -> Iterator[_Writer]:
    writer = _Writer(folder)
    for name in ("ids", "near", "texts", "sites", "questions", "groups"):
        writer(name, np.empty(0, np.uint8))
    try:
        yield writer
    finally:
        writer.close()


def _as_longs(values: list[int]) -> Longs:
    return np.array(values, dtype=np.int64)


def _max_positives(request: IndexRequest) -> int:
    blocks = (query_blocks(request.work, shard, split=request.config.split) for shard in request.queries)
    return max((block.max_positives for part in blocks for block in part), default=0)


def _write_vectors(request: IndexRequest, folder: Path) -> None:
    """Write the dense index of the split's documents."""
    kept = (_split_vectors(request, at) for at in range(len(request.vectors)))
    path = folder / "vectors.bin"
    n_dimensions = 0
    with path.open("wb") as stream:
        for vectors in kept:
            n_dimensions = max(n_dimensions, vectors.shape[1])
            stream.write(np.ascontiguousarray(vectors).data)
    model = load_dense_model(request.model, reading_of(request.config)) if request.model else None
    assert model is not None
    sample = model.queries(_sample_texts(request))
    shape = (-1, sample.shape[1])
    vectors = (
        np.memmap(path, np.float16, "r").reshape(shape)
        if n_dimensions
        else np.empty((0, shape[1]), np.float16)
    )
    settings = dense.IndexSettings(
        flat_below=request.config.flat_below,
        k=request.config.depth + _max_positives(request),
        min_recall=request.config.min_recall,
        n_sample=_SAMPLE,
    )
    is_exact = True if searching_device(request.config).startswith("cuda") else None
    dense.build(vectors, folder / "dense", queries=sample, settings=settings, is_exact=is_exact)
    del vectors
    path.unlink()


def _split_vectors(request: IndexRequest, at: int) -> NDArray[np.float16]:
    split = read_part(request.work, Document, request.documents[at], ("doc_id", "split"))
    vectors = read_part(request.work, DocumentVector, request.vectors[at], ("doc_id", "vector"))
    assert split["doc_id"].equals(vectors["doc_id"]), "document_vectors are not those of corpus"
    mine = vectors["vector"].filter(pc.equal(split["split"], request.config.split)).to_pylist()
    if not mine:
        return np.empty((0, 0), np.float16)
    return np.frombuffer(b"".join(mine), np.float16).reshape(len(mine), -1)


def _sample_texts(request: IndexRequest) -> list[str]:
    """Return queries of the first parts: ids are hashes, so that they are any."""
    texts: list[str] = []
    for shard_id in request.queries:
        for block in query_blocks(request.work, shard_id, split=request.config.split):
            texts += block.texts
            if len(texts) >= _SAMPLE:
                return texts[:_SAMPLE]
    return texts
