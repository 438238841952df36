"""Ranked lists of a block of queries, as every search returns them and fusion takes them.

What is held: 12 bytes a listed document and 8 a query. A block of 50,000 queries with 200 documents each is
120 MB.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The documents that a search found for each query: best first, the lower number first of equal scores.

    The lists lie one after another: query `i` has rows `offsets[i]` to `offsets[i + 1]`. A query may have any
    number of documents, none too; nothing is padded.
    """

    offsets: Indices
    """Shape `(n_queries + 1,)`."""
    documents: Indices
    """Numbers of documents, `(n_listed,)`."""
    scores: Scores
    """Raw scores of the search, `(n_listed,)`, larger for better."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @staticmethod
    def of_table(documents: NDArray[np.integer], scores: Scores) -> "Ranking":
        """Return the lists of a table with a row a query, both `(n_queries, k)`; numbers below 0 are gaps."""
        found = documents >= 0
        return Ranking(
            np.concatenate([[0], np.cumsum(found.sum(axis=1), dtype=np.int64)]),
            documents[found].astype(np.int64),
            scores[found].astype(np.float32),
        )

    @staticmethod
    def joined(blocks: "list[Ranking]") -> "Ranking":
        """Return the lists of several blocks of queries as those of one, in the order given."""
        lengths = [np.diff(block.offsets) for block in blocks]
        return Ranking(
            np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths])),
            np.concatenate([np.empty(0, np.int64), *(block.documents for block in blocks)]),
            np.concatenate([np.empty(0, np.float32), *(block.scores for block in blocks)]),
        )

    @property
    def queries(self) -> Indices:
        """Return the query that each listed document is for, `(n_listed,)`."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.offsets))

    @property
    def ranks(self) -> NDArray[np.int32]:
        """Return each listed document's place in its list, from 1, `(n_listed,)`."""
        firsts = np.repeat(self.offsets[:-1], np.diff(self.offsets))
        return (np.arange(len(self.documents)) - firsts + 1).astype(np.int32)
