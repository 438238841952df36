"""What selection works on: a block of queries, their candidates and positives, and what documents share.

Everything is a flat array and names queries by their row in the block and documents by their number in the
corpus of one language. A candidate takes 24 bytes here; what is known of documents may be mapped from disk
and grows with the corpus, some 50 bytes a document.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Scores = NDArray[np.float32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class ScoreScale(StrEnum):
    """What a teacher's score is, which decides what a share of it means."""

    LOGIT = "logit"  # any real number: a cross-encoder without an activation
    COSINE = "cosine"  # from -1 to 1: an embedder as the scorer


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidates of a block's queries, of shape `(n,)`, ordered by query."""

    query: Longs
    """Row of the query in the block."""
    document: Longs
    rank: Ints
    """Rank after fusion, from 1 within each query; positives have one, too."""
    score: Scores
    """The teacher's; NaN where it was not asked."""

    def __len__(self) -> int:
        return len(self.query)


@dataclass(frozen=True, slots=True)
class Positives:
    """All positives of a block's queries, found by the search or not, of shape `(n_positives,)`."""

    query: Longs
    document: Longs
    score: Scores
    """The teacher's; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Any number of keys for each row: those of row i are `keys[offsets[i] : offsets[i + 1]]`."""

    keys: Longs
    offsets: Longs
    """Of shape `(n_rows + 1,)`."""

    def of(self, rows: Longs) -> tuple[Longs, Longs]:
        """Return all keys of the given rows, `(m,)`, and for each of them its place among `rows`."""
        starts = self.offsets[rows]
        counts = self.offsets[rows + 1] - starts
        places = np.repeat(np.arange(len(rows)), counts)
        before = np.repeat(np.cumsum(counts) - counts, counts)
        return self.keys[np.repeat(starts, counts) + np.arange(len(places)) - before], places


@dataclass(frozen=True, slots=True)
class Documents:
    """What is known of every document of a corpus, by its number; keys are 64-bit hashes."""

    id: Longs
    """`id_keys` of the documents' ids, `(n_documents,)`."""
    near: Longs
    """Equal for documents whose texts are near-duplicates, 0 for those that have none."""
    sites: Keys
    questions: Keys
    """The normalised questions that a document answers on any site."""
    groups: Keys
    """The parallel groups that it belongs to."""


@dataclass(frozen=True, slots=True)
class Queries:
    """What is known of the queries of a block, by their row; keys are those of `Documents`."""

    id: Longs
    site: Longs
    question: Longs
    groups: Keys

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class Block:
    """Some queries with their candidates and positives."""

    queries: Queries
    candidates: Candidates
    positives: Positives
    scale: ScoreScale | None
    """None where no teacher was asked: then all scores are NaN."""


def id_keys(ids: Sequence[str]) -> Longs:
    """Return the first 64 bits of ids that are md5 in hex, `(n,)`."""
    first = (int(id[:16], 16) for id in ids)
    return np.fromiter(first, dtype=np.uint64, count=len(ids)).view(np.int64)


def checked(block: Block) -> Block:
    """Return the block with positives ordered by query, then document.

    ValueError for a block that contradicts itself: it comes from a fault of the caller, not of a user.
    """
    queries, candidates, positives = block.queries, block.candidates, block.positives
    n = len(queries)
    if len(candidates) and (np.any(np.diff(candidates.query) < 0) or not _within(candidates.query, n)):
        raise ValueError("candidates must be ordered by query and name queries of the block")
    if not _within(positives.query, n) or np.any(np.bincount(positives.query, minlength=n) == 0):
        raise ValueError("each query of a block needs at least one positive, and each positive a query of it")
    if block.scale is None and not (np.isnan(candidates.score).all() and np.isnan(positives.score).all()):
        raise ValueError("scores without a scale: say what kind of teacher gave them")
    if block.scale is not None and np.isnan(positives.score).any():
        raise ValueError("a positive without a score, although there is a teacher")
    order = np.lexsort((positives.document, positives.query))
    ordered = Positives(positives.query[order], positives.document[order], positives.score[order])
    return Block(queries, candidates, ordered, block.scale)


def _within(rows: Longs, n: int) -> bool:
    return not len(rows) or bool(rows.min() >= 0 and rows.max() < n)


def slices(block: Block, *, n_rows: int) -> Iterator[tuple[slice, slice, Block]]:
    """Cut a checked block into blocks of whole queries with up to `n_rows` candidates, one query at least.

    Yields which queries and which candidates they are, and the block, whose queries count from 0.
    """
    n_queries = len(block.queries)
    bounds = np.arange(n_queries + 1)
    of_candidates = np.searchsorted(block.candidates.query, bounds)
    of_positives = np.searchsorted(block.positives.query, bounds)
    first = 0
    while first < n_queries:
        fitting = int(np.searchsorted(of_candidates, of_candidates[first] + n_rows, side="right")) - 1
        last = min(max(fitting, first + 1), n_queries)
        queries = slice(first, last)
        rows = slice(int(of_candidates[first]), int(of_candidates[last]))
        positives = slice(int(of_positives[first]), int(of_positives[last]))
        yield queries, rows, _part(block, queries, rows, positives)
        first = last


def _part(block: Block, queries: slice, rows: slice, positives: slice) -> Block:
    whole, found, right = block.queries, block.candidates, block.positives
    groups = Keys(whole.groups.keys, whole.groups.offsets[queries.start : queries.stop + 1])
    return Block(
        Queries(whole.id[queries], whole.site[queries], whole.question[queries], groups),
        Candidates(
            found.query[rows] - queries.start, found.document[rows], found.rank[rows], found.score[rows]
        ),
        Positives(right.query[positives] - queries.start, right.document[positives], right.score[positives]),
        block.scale,
    )
