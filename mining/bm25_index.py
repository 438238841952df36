"""The index of `mining.bm25`: a folder of arrays that processes map and share.

Documents stand in blocks (`mining.bm25_kernel.BLOCK`), each with postings of its own: terms, documents in 16
bits, impacts in 8. Beside them stands the forward index, each document's terms with their exact impacts.

What grows: 3 bytes for the postings and 8 for the forward index with each different term of a document (40
in a paragraph: 0.5 GB a million documents), on disk; a reader maps what it touches. Building holds a block or
a batch of documents and some 30 bytes a term; terms of many documents take another kilobyte each.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mining.bm25_build import apart, count_levels, interleaved, invert, term_counts
from mining.bm25_impact import VARIANTS, Occurrences, VariantName
from mining.bm25_kernel import BLOCK, Postings
from mining.bm25_vectors import LANES
from mining.token_ids import TokenIds
from pipeline.core.errors import ConfigError

INDEX_VERSION = 1
"""Raised with every change of the files."""

SEED_RANKS = (100, 250, 1000)
"""The impact of each term's document of this rank is kept: a bound on the k-th best score for k up to it."""

MAX_LEVEL = 255
"""Impacts are multiples of the largest one over this."""

_DENSE_SHARE = 1 / 16
"""Share of a block's documents from which on a term has a row instead of postings. Measured: a row costs as
much as the postings of 1/16 of the documents."""

_DESCRIPTION = "bm25.json"


@dataclass(frozen=True, slots=True)
class Bm25:
    """The form of BM25 that an index is made for."""

    variant: VariantName = "lucene"
    k1: float = 1.2
    """Lucene's default."""
    b: float = 0.75
    """Lucene's default."""


@dataclass(frozen=True, slots=True)
class Bm25Index:
    """An index as mapped from its folder."""

    form: Bm25
    n_documents: int
    n_terms: int
    level: float
    """The exact impact that one unit of an 8-bit impact stands for."""
    forward: NDArray[np.int32]
    """For each document its n terms, then the bits of their n impacts (float32)."""
    forward_offsets: NDArray[np.int64]
    """`(n_documents + 1,)`, in terms: a document begins at twice its offset."""
    postings: Postings
    """All blocks."""
    seeds: NDArray[np.uint8]
    """`(len(SEED_RANKS) * n_terms,)`: 0 where fewer documents have the term."""


_ARRAYS: dict[str, type[np.generic]] = {
    "forward": np.int32,
    "forward_offsets": np.int64,
    "block_offsets": np.int64,
    "block_terms": np.int32,
    "starts": np.int64,
    "counts": np.int32,
    "documents": np.uint16,
    "impacts": np.uint8,
    "rows": np.uint8,
    "seeds": np.uint8,
}
"""The files, by what they hold."""


def build_index(texts: Iterable[TokenIds], folder: Path, *, form: Bm25 = Bm25()) -> None:
    """Write the index of all documents, given in batches in the order of their numbers.

    The folder appears when it is complete; one that exists already is replaced.
    """
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    n_with, lengths = _write_forward(texts, unfinished)
    level = _write_impacts(unfinished, n_with=n_with, lengths=lengths, form=form)
    _write_blocks(unfinished, n_with=n_with, level=level)
    description = {
        "version": INDEX_VERSION,
        "variant": form.variant,
        "k1": form.k1,
        "b": form.b,
        "n_documents": len(lengths),
        "n_terms": len(n_with),
        "level": level,
    }
    (unfinished / _DESCRIPTION).write_text(json.dumps(description, indent=1))
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def open_index(folder: Path) -> Bm25Index:
    """Map an index; ConfigError where the folder holds none of this version."""
    try:
        description = json.loads((folder / _DESCRIPTION).read_text())
    except (OSError, ValueError):
        raise ConfigError(f"{folder} holds no BM25 index; build it again.") from None
    if description["version"] != INDEX_VERSION:
        raise ConfigError(f"{folder} holds a BM25 index of another version; remove the folder.")
    return Bm25Index(
        form=Bm25(description["variant"], description["k1"], description["b"]),
        n_documents=description["n_documents"],
        n_terms=description["n_terms"],
        level=description["level"],
        forward=_mapped(folder, "forward"),
        forward_offsets=_mapped(folder, "forward_offsets"),
        postings=Postings(*(_mapped(folder, name) for name in Postings._fields)),
        seeds=_mapped(folder, "seeds"),
    )


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.bin"


def _mapped(folder: Path, name: str, *, mode: Any = "r") -> Any:
    path, kind = _path(folder, name), _ARRAYS[name]
    return np.memmap(path, kind, mode) if path.stat().st_size else np.empty(0, kind)


def _append(stream: BinaryIO, values: NDArray[Any], name: str) -> None:
    stream.write(np.ascontiguousarray(values, dtype=_ARRAYS[name]).data)


def _write_forward(texts: Iterable[TokenIds], folder: Path) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Write the forward index with counts for impacts; return documents a term and tokens a document."""
    n_with = np.zeros(0, np.int64)
    lengths = [np.empty(0, np.int32)]
    n_so_far = 0
    with (
        _path(folder, "forward").open("wb") as forward,
        _path(folder, "forward_offsets").open("wb") as offsets,
    ):
        _append(offsets, np.zeros(1, np.int64), "forward_offsets")
        for batch in texts:
            terms, counts, starts = term_counts(batch.ids, batch.offsets)
            here = np.bincount(terms, minlength=len(n_with))
            here[: len(n_with)] += n_with
            n_with = here
            lengths.append(np.diff(batch.offsets).astype(np.int32))
            _append(forward, interleaved(terms, counts, starts), "forward")
            _append(offsets, n_so_far + starts[1:], "forward_offsets")
            n_so_far += starts[-1]
        _append(forward, np.zeros(LANES, np.int32), "forward")
    return n_with, np.concatenate(lengths)


def _write_impacts(
    folder: Path, *, n_with: NDArray[np.int64], lengths: NDArray[np.int32], form: Bm25
) -> float:
    """Replace counts by impacts, in place; return the level."""
    forward, offsets = _mapped(folder, "forward", mode="r+"), _mapped(folder, "forward_offsets")
    mean_length = max(lengths.mean(), 1e-9) if len(lengths) else 1.0
    mean_distinct = max(offsets[-1] / max(len(lengths), 1), 1e-9)
    largest = 0.0
    for first, last in _ranges(len(lengths)):
        starts = offsets[first : last + 1]
        here = forward[2 * starts[0] : 2 * starts[-1]]
        terms, counts = apart(here, starts)
        n_distinct = np.diff(starts)
        occurrences = Occurrences(
            frequency=counts.astype(np.float64),
            n_with=n_with[terms].astype(np.float64),
            n_documents=len(lengths),
            length=np.repeat(lengths[first:last] / mean_length, n_distinct),
            n_distinct=np.repeat(n_distinct / mean_distinct, n_distinct),
        )
        impacts = VARIANTS[form.variant].impact(occurrences, form.k1, form.b).astype(np.float32)
        largest = max(largest, float(impacts.max(initial=0)))
        here[:] = interleaved(terms, impacts.view(np.int32), starts - starts[0])
    forward.flush()
    return largest / MAX_LEVEL or 1.0


def _write_blocks(folder: Path, *, n_with: NDArray[np.int64], level: float) -> None:
    """Write the postings of all blocks, and the seeds."""
    forward, offsets = _mapped(folder, "forward"), _mapped(folder, "forward_offsets")
    slots = np.where(n_with >= SEED_RANKS[0], np.cumsum(n_with >= SEED_RANKS[0]) - 1, -1)
    histograms = np.zeros((int(slots.max(initial=-1)) + 1, MAX_LEVEL + 1), np.int32)
    names = ("block_terms", "starts", "counts", "documents", "impacts", "rows")
    streams = {name: _path(folder, name).open("wb") for name in names}
    block_offsets = [0]
    n_postings = n_in_rows = 0
    for first, last in _ranges(len(offsets) - 1):
        starts = offsets[first : last + 1]
        terms, bits = apart(forward[2 * starts[0] : 2 * starts[-1]], starts)
        levels = np.minimum(np.ceil(bits.view(np.float32).astype(np.float64) / level), MAX_LEVEL).astype(
            np.uint8
        )
        count_levels(terms, levels, slots, histograms)
        block = invert(terms, levels, starts, len(n_with), int((last - first) * _DENSE_SHARE) + 1)
        present, place, counts, documents, impacts, rows = block
        place += np.where(counts < 0, n_in_rows, n_postings)
        n_postings, n_in_rows = n_postings + len(documents), n_in_rows + len(rows)
        block_offsets.append(block_offsets[-1] + len(present))
        for name, values in zip(names, (present, place, counts, documents, impacts, rows), strict=True):
            _append(streams[name], values, name)
    for stream in streams.values():
        stream.close()
    for name, values in (("block_offsets", np.array(block_offsets)), ("seeds", _seeds(slots, histograms))):
        with _path(folder, name).open("wb") as stream:
            _append(stream, values, name)


def _seeds(slots: NDArray[np.int64], histograms: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the impact of the document of each of SEED_RANKS by term, `(n_ranks, n_terms)` laid flat."""
    n_at_least = histograms[:, ::-1].cumsum(axis=1)[:, ::-1]
    seeds = np.zeros((len(SEED_RANKS), len(slots)), np.uint8)
    for of_rank, rank in zip(seeds, SEED_RANKS, strict=True):
        reached = (n_at_least >= rank).sum(axis=1) - 1  # the highest level that so many documents reach
        of_rank[slots >= 0] = np.maximum(reached, 0)[slots[slots >= 0]]
    return seeds.ravel()


def _ranges(n: int) -> Iterator[tuple[int, int]]:
    for first in range(0, n, BLOCK):
        yield first, min(first + BLOCK, n)
