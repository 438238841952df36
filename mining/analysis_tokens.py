"""From many texts to numbers: each term has one, in the order of first appearance.

A piece of text is analysed once and its terms' numbers are remembered, so that a repeated word costs one
look-up in a dict. What is remembered is bounded by `_REMEMBERED_BYTES`. A vocabulary grows with the
distinct terms, some 140 bytes each in the process that builds it (10 million terms: 1.4 GB); one that was
saved is mapped from disk and shared by all processes of a machine. Ids depend on the texts and their order
alone, not on how they were cut into calls.
"""

from array import array
from collections.abc import Callable, Iterable

import numpy as np

from mining.analysis import Analyzer
from mining.analysis_vocabulary import Vocabulary
from mining.token_ids import TokenIds

_REMEMBERED_BYTES = 256_000_000
_PIECE_BYTES = 200
"""Of a short string, its entry in a dict and its row."""
_CHUNK_CHARS = 1_000_000
"""Texts are taken in chunks of this size; between two of them what is remembered may be dropped."""


class Tokenizer:
    """Turns texts of one language into numbers of a vocabulary's terms."""

    def __init__(self, analyzer: Analyzer, vocabulary: Vocabulary) -> None:
        self._added = _Pieces(analyzer, vocabulary.add)
        self._known = _Pieces(analyzer, vocabulary.find)
        self._vocabulary = vocabulary
        self._n_known = len(vocabulary)

    def add(self, texts: Iterable[str]) -> TokenIds:
        """Return the texts' terms as numbers; a term that the vocabulary lacks gets the next one."""
        return self._added.ids_of(texts)

    def known(self, texts: Iterable[str]) -> TokenIds:
        """Return the texts' terms as numbers without those that the vocabulary lacks, none perhaps."""
        if len(self._vocabulary) != self._n_known:
            self._known.forget()
            self._n_known = len(self._vocabulary)
        return self._known.ids_of(texts)


class _Pieces(dict[str, int]):
    """Piece -> row of its terms' numbers, made when the piece is first met; row 0 is that of stop words."""

    def __init__(self, analyzer: Analyzer, number_of: Callable[[str], int]) -> None:
        super().__init__()
        self._analyzer, self._number_of = analyzer, number_of
        self.forget()

    def forget(self) -> None:
        """Forget all pieces."""
        self.clear()
        self._n_bytes = 0
        self._stop_rows: dict[str, int] = {}
        self._ids = array("i")
        self._ends = array("q", [0, 0])

    def __missing__(self, piece: str) -> int:
        row = 0 if self._analyzer.is_stop(piece) else self._new_row(piece)
        self[piece] = row
        self._n_bytes += _PIECE_BYTES + 2 * len(piece)
        return row

    def ids_of(self, texts: Iterable[str]) -> TokenIds:
        """Return the numbers of the texts' terms; a negative number is left out."""
        chunks = [TokenIds(np.empty(0, np.int32), np.zeros(1, np.int64))]
        rows, n_rows, n_chars = array("q"), array("q"), 0
        for text in texts:
            text_rows = self._rows_of(text)
            rows.extend(text_rows)
            n_rows.append(len(text_rows))
            n_chars += len(text)
            if n_chars > _CHUNK_CHARS:
                chunks.append(self._expanded(rows, n_rows))
                rows, n_rows, n_chars = array("q"), array("q"), 0
        chunks.append(self._expanded(rows, n_rows))
        return _joined(chunks)

    def _rows_of(self, text: str) -> list[int]:
        pieces = self._analyzer.pieces(text)
        rows = list(map(self.__getitem__, pieces))
        return rows if any(rows) else [self._row_of_stop(piece) for piece in pieces]

    def _row_of_stop(self, piece: str) -> int:
        if piece not in self._stop_rows:
            self._stop_rows[piece] = self._new_row(piece)
        return self._stop_rows[piece]

    def _new_row(self, piece: str) -> int:
        self._ids.extend(map(self._number_of, self._analyzer.terms_of(piece)))
        self._ends.append(len(self._ids))
        return len(self._ends) - 2

    def _expanded(self, rows: "array[int]", n_rows: "array[int]") -> TokenIds:
        """Return the numbers that rows stand for, `n_rows` of them a text."""
        row, ends = np.asarray(rows), np.asarray(self._ends)
        n_ids = np.diff(ends)[row]
        before = np.cumsum(n_ids) - n_ids
        ids = np.asarray(self._ids)[np.repeat(ends[row] - before, n_ids) + np.arange(n_ids.sum())]
        text = np.repeat(np.repeat(np.arange(len(n_rows)), np.asarray(n_rows)), n_ids)
        is_known = ids >= 0
        counts = np.bincount(text[is_known], minlength=len(n_rows))
        if self._n_bytes > _REMEMBERED_BYTES:
            self.forget()
        return TokenIds(ids[is_known], np.concatenate([[0], np.cumsum(counts)]))


def _joined(chunks: list[TokenIds]) -> TokenIds:
    ids = np.concatenate([chunk.ids for chunk in chunks])
    n_ids = np.concatenate([np.diff(chunk.offsets) for chunk in chunks])
    return TokenIds(ids, np.concatenate([np.zeros(1, np.int64), np.cumsum(n_ids)]))
