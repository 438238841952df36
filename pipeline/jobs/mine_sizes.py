"""How much there is to mine in each part of the retrieval set, before any of it is done."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow.compute as pc

from pipeline.core.language_parts import LanguagePart
from pipeline.core.manifest import Commit
from pipeline.core.parts import read_part_batches
from pipeline.core.records import Candidate, Document, Query
from pipeline.jobs.mine_plan import RetrievalSet

_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class PartSize:
    """What a part holds; all but the documents that are embedded are of the split that is mined."""

    n_documents: int
    """Of all splits."""
    n_searched: int
    n_queries: int
    n_positives: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of all parts of the languages asked for, by the name that all stages call a part."""

    of_parts: dict[str, PartSize]

    @staticmethod
    def of(work: str, tables: RetrievalSet, *, split: str) -> "Sizes":
        """Count, a part at a time."""
        commits = (commit for language in tables.languages for commit in tables.parts[language])
        return Sizes({commit.shard.input: _size(work, commit, split=split) for commit in commits})

    def n_searched(self) -> Counter[str]:
        """Return the documents of each language that are searched."""
        counted: Counter[str] = Counter()
        for name, size in self.of_parts.items():
            counted[name.partition(" ")[0]] += size.n_searched
        return counted

    def documents(self, commit: Commit) -> int:
        """Return how many documents are embedded for a part."""
        return self.of_parts[commit.shard.input].n_documents

    def queries(self, commit: Commit) -> int:
        """Return how many queries are searched for in a part."""
        return self.of_parts[commit.shard.input].n_queries

    def pairs(self, commit: Commit, *, depth: int) -> int:
        """Return how many pairs a teacher scores at most: `depth` candidates a query, and all positives."""
        size = self.of_parts[commit.shard.input]
        return size.n_queries * min(depth, self.n_searched()[language_of(commit)]) + size.n_positives

    def candidates(self, commit: Commit, *, found: Iterable[Commit], depth: int) -> int:
        """Return the candidates of a part: as many as were found, or at most where none were yet."""
        known = {c.shard.input: c.rows[Candidate.TABLE] for c in found}
        return known.get(commit.shard.input, self.pairs(commit, depth=depth))


def language_of(commit: Commit) -> str:
    """Return the language of a part."""
    return LanguagePart.of(commit.shard).language


def _size(work: str, commit: Commit, *, split: str) -> PartSize:
    n_searched = n_queries = n_positives = 0
    for batch in read_part_batches(work, Document, commit.shard.id, columns=("split",), n_rows=_ROWS):
        n_searched += pc.sum(pc.equal(batch["split"], split)).as_py() or 0
    columns = ("split", "n_positives")
    for batch in read_part_batches(work, Query, commit.shard.id, columns=columns, n_rows=_ROWS):
        of_split = batch.filter(pc.equal(batch["split"], split))
        n_queries += of_split.num_rows
        n_positives += pc.sum(of_split["n_positives"]).as_py() or 0
    return PartSize(commit.rows[Document.TABLE], n_searched, n_queries, n_positives)
