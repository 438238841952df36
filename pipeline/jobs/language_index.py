"""The indexes of one language, in a local folder: built once a machine, mapped by all its tasks.

Whoever comes first builds them from the tables, under a lock, and the others wait. The folder is named by
everything that its content follows from, so that it serves later runs, too; the same tables give the same
bytes on every machine.

What grows, with the documents of a language: on the machine's disk the texts, 8 bytes an occurrence of a term
and 11 (`mining.bm25_index`), the vectors and their codes (`mining.dense`); in the process that builds, the
vocabulary, 140 bytes a term, and some 60 bytes a document.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mining import dense
from mining.analysis import analyzer_for
from mining.analysis_tokens import Tokenizer
from mining.analysis_vocabulary import Vocabulary
from mining.bm25_index import Bm25Index, open_index
from mining.dense_model import DenseModel, load_dense_model
from mining.negatives_block import Documents, Keys, Longs
from mining.token_ids import TokenIds
from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.jobs.language_index_build import (
    COMPLETE,
    IndexRequest,
    build,
    reading_of,
    searching_device,
)
from pipeline.jobs.mine_tables import first_64_bits


@lru_cache(maxsize=1)
def language_index(request: IndexRequest) -> "LanguageIndex":
    """Return the language's indexes; they are built first where this machine lacks them."""
    folder = Path(request.cache) / f"{request.language}-{request.key}"
    with _lock(Path(request.cache), request.language):
        if not (folder / COMPLETE).is_file():
            if request.cache == storage.join(request.work, "cache"):  # no other run has indexes here
                _remove_others(folder, request.language)
            build(request, folder)
    return LanguageIndex(folder, request)


class LanguageIndex:
    """Documents by number: in the order of ids, those of the split that is mined."""

    def __init__(self, folder: Path, request: IndexRequest) -> None:
        self.folder = folder
        self.request = request
        self._ids = self._array("ids", np.uint8).reshape(-1, 16)

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self, numbers: Longs) -> pa.Array:
        """Return the ids of documents."""
        return _hex(self._ids[numbers])

    def numbers(self, ids: pa.Array) -> Longs:
        """Return the numbers of documents, by id; KeyError for one that is not here."""
        wanted = first_64_bits(ids)
        places = np.minimum(np.searchsorted(self._keys, wanted), max(len(self) - 1, 0))
        if len(ids) and (not len(self) or (self._keys[places] != wanted).any()):
            raise KeyError(f"documents that are not in the index of {self.request.language}")
        return places.astype(np.int64)

    def texts(self, numbers: Longs) -> list[str]:
        """Return the texts of documents."""
        offsets, content = self._array("text_offsets", np.int64), self._array("texts", np.uint8)
        return [bytes(content[offsets[no] : offsets[no + 1]]).decode() for no in numbers]

    @cached_property
    def documents(self) -> Documents:
        """What selection knows of documents."""
        return Documents(
            id=self._keys.view(np.int64),
            near=self._array("near", np.int64),
            sites=self._csr("sites"),
            questions=self._csr("questions"),
            groups=self._csr("groups"),
        )

    @cached_property
    def bm25(self) -> Bm25Index:
        """The lexical index."""
        return open_index(self.folder / "bm25")

    def tokens(self, texts: list[str]) -> TokenIds:
        """Return texts as terms of the lexical index."""
        return self._tokenizer.known(texts)

    @cached_property
    def dense(self) -> dense.DenseIndex:
        """The vectors."""
        return dense.open_index(self.folder / "dense", device=searching_device(self.request.config))

    @cached_property
    def model(self) -> DenseModel:
        """The model that they are of."""
        assert self.request.model is not None
        return load_dense_model(self.request.model, reading_of(self.request.config))

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        vocabulary = Vocabulary.load(self.folder / "vocabulary")
        return Tokenizer(analyzer_for(self.request.language), vocabulary)

    @cached_property
    def _keys(self) -> NDArray[np.uint64]:
        return np.ascontiguousarray(self._ids[:, :8]).view(">u8").ravel().astype(np.uint64)

    def _csr(self, name: str) -> Keys:
        return Keys(self._array(name, np.int64), self._array(f"{name}_offsets", np.int64))

    def _array(self, name: str, kind: Any) -> NDArray[Any]:
        path = self.folder / f"{name}.bin"
        return np.asarray(np.memmap(path, kind, "r")) if path.stat().st_size else np.empty(0, kind)


def _hex(rows: NDArray[np.uint8]) -> pa.Array:
    """Return rows of 16 bytes as text, 32 digits each."""
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    content = np.stack([digits[rows >> 4], digits[rows & 15]], axis=2)
    offsets = np.arange(0, 32 * len(rows) + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(rows), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(content))
    )


def _remove_others(folder: Path, language: str) -> None:
    """Remove what earlier runs built of other tables or with other settings."""
    for other in folder.parent.glob(f"{language}-*"):
        shutil.rmtree(other, ignore_errors=True)


@contextmanager
def _lock(cache: Path, language: str) -> Iterator[None]:
    """Wait for the only right to build a language's indexes on this machine."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = os.open(cache / f"{language}.lock", os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise ConfigError(
            f"Cannot write to {cache}: {error.strerror}; choose another mining.cache."
        ) from None
    with os.fdopen(lock, "w"):
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
