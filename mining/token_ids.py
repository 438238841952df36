"""Texts as numbers of their terms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TokenIds:
    """The tokens of several texts, in their order."""

    ids: NDArray[np.int32]
    """`(n_tokens,)`, text after text; a token that occurs twice stands twice."""
    offsets: NDArray[np.int64]
    """`(n_texts + 1,)`: where each text begins, and the last one ends."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def below(self, n_terms: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return ids and offsets of the tokens that are below a number."""
        is_below = self.ids < n_terms
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(is_below)])
        return self.ids[is_below], before[self.offsets]

    def part(self, first: int, last: int) -> "TokenIds":
        """Return the texts from `first` up to `last`."""
        start, end = self.offsets[first], self.offsets[last]
        return TokenIds(self.ids[start:end], self.offsets[first : last + 1] - start)
