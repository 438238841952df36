"""The texts of one language's documents by id, mapped from a local folder.

Written in one pass over the language's parts of `corpus`, since negatives are any of its documents: for no
part of `negatives` would a few of them do. What grows, with the documents of a language: on disk their texts
and 16 bytes each; in memory nothing but what the system keeps of the files.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.parts import read_part_batches
from pipeline.core.records import Document
from pipeline.jobs.mine_tables import first_64_bits

_ROWS = 10_000


class DocumentTexts:
    """Looks texts up in a folder that `write` has filled."""

    def __init__(self, folder: Path) -> None:
        self._keys = _mapped(folder / "keys", np.uint64)
        self._ends = _mapped(folder / "ends", np.int64)
        self._content = _mapped(folder / "content", np.uint8)

    @staticmethod
    def write(work: str, documents: Sequence[str], folder: Path) -> None:
        """Fill a folder; `documents` are the shard ids of the parts of `corpus`, in the order of ids."""
        folder.mkdir(parents=True)
        end = 0
        names = ("keys", "ends", "content")
        keys, ends, content = streams = [(folder / name).open("wb") for name in names]
        for shard_id in documents:
            columns = ("doc_id", "text")
            for batch in read_part_batches(work, Document, shard_id, columns=columns, n_rows=_ROWS):
                lengths = pc.binary_length(batch["text"]).to_numpy().astype(np.int64)
                keys.write(first_64_bits(batch["doc_id"]).data)
                ends.write((end + np.cumsum(lengths)).data)
                content.write(b"".join(batch["text"].cast(pa.binary()).to_pylist()))
                end += int(lengths.sum())
        for stream in streams:
            stream.close()

    def of(self, ids: pa.Array) -> pa.Array:
        """Return the text of each id; KeyError for one that is not there."""
        wanted = first_64_bits(ids)
        rows = np.searchsorted(self._keys, wanted)
        if (rows == len(self._keys)).any() or (self._keys[rows] != wanted).any():
            raise KeyError("a document that is not in table corpus")
        starts = np.where(rows > 0, self._ends[rows - 1], 0) if len(rows) else rows
        ends = self._ends[rows]
        content = b"".join(self._content[a:b].data for a, b in zip(starts, ends, strict=True))
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(ends - starts)]).astype(np.int32)
        return pa.StringArray.from_buffers(len(rows), pa.py_buffer(offsets), pa.py_buffer(content))


def _mapped(path: Path, kind: Any) -> NDArray[Any]:
    """Return a file's content as an array; one without content cannot be mapped."""
    return np.asarray(np.memmap(path, kind, "r")) if path.stat().st_size else np.empty(0, kind)
