"""Batches of texts of about one length that a model reads together, by the number of their tokens.

A batch costs as much as its number of texts times the tokens of its longest, so that a budget of tokens
bounds memory where a number of texts does not.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TEXTS_AT_ONCE = 4096
_BYTES_A_TOKEN = 4
"""Of a tokenizer that cannot be asked for many texts; a guess that only batches depend on."""


def token_counts(tokenizer: Any, texts: Sequence[str], *, max_tokens: int) -> NDArray[np.int64]:
    """Return how many tokens a model reads of each text, without marks that it adds, `(n_texts,)`."""
    counts = np.empty(len(texts), dtype=np.int64)
    for first in range(0, len(texts), _TEXTS_AT_ONCE):
        some = list(texts[first : first + _TEXTS_AT_ONCE])
        counts[first : first + len(some)] = _counted(tokenizer, some, max_tokens)
    return np.minimum(counts, max_tokens)


def _counted(tokenizer: Any, texts: list[str], max_tokens: int) -> list[int]:
    if not callable(tokenizer):  # of a static model, which reads a text as fast as it cuts it into tokens
        return [len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN + 1 for text in texts]
    ids = tokenizer(texts, add_special_tokens=False, truncation=True, max_length=max_tokens)["input_ids"]
    return [len(of_text) for of_text in ids]


def token_batches(lengths: NDArray[np.int64], *, budget: int) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of texts in batches, longest first, equal lengths in their order.

    The number of a batch's texts times its longest is at most `budget`, unless a single text is longer.
    """
    order = np.argsort(-lengths, kind="stable")
    first = 0
    while first < len(order):
        n_texts = max(1, budget // max(1, int(lengths[order[first]])))
        yield order[first : first + n_texts]
        first += n_texts
