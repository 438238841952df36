"""The terms of a corpus and their numbers: a dict while it grows, mapped files once it was saved.

A saved vocabulary is found by hash: the hashes in ascending order, beside each the number of its term, and
the terms themselves end to end, so that a hash that two terms share misleads nobody. It opens in
milliseconds whatever its size, 24 bytes and the term's own on disk, and all processes of a machine share
its pages.
"""

import json
from pathlib import Path

import numpy as np
import xxhash

from pipeline.core.errors import ConfigError

_FORMAT = 1
_DESCRIPTION = "vocabulary.json"


class Vocabulary:
    """Terms and their numbers, from 0 in the order in which they were added."""

    def __init__(self) -> None:
        self._saved: _SavedTerms | None = None
        self._n_saved = 0
        self._new: dict[str, int] = {}
        self._new_terms: list[str] = []

    def __len__(self) -> int:
        return self._n_saved + len(self._new)

    def find(self, term: str) -> int:
        """Return the number of a term, -1 where there is none."""
        number = self._new.get(term, -1)
        return self._saved.find(term.encode()) if number < 0 and self._saved else number

    def add(self, term: str) -> int:
        """Return the number of a term; a new one gets the next."""
        number = self.find(term)
        if number < 0:
            number = self._new[term] = len(self)
            self._new_terms.append(term)
        return number

    def term(self, number: int) -> str:
        """Return the term that has a number."""
        if self._saved and number < self._n_saved:
            return self._saved.term(number).decode()
        return self._new_terms[number - self._n_saved]

    def save(self, folder: Path) -> None:
        """Write the vocabulary into a folder that holds no other; its description comes last."""
        terms = [self.term(number).encode() for number in range(len(self))]
        hashes = np.fromiter(map(xxhash.xxh3_64_intdigest, terms), np.uint64, len(terms))
        lengths = np.fromiter(map(len, terms), np.int64, len(terms))
        order = np.argsort(hashes, kind="stable")
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "hashes.npy", hashes[order])
        np.save(folder / "numbers.npy", order.astype(np.int32))
        np.save(folder / "offsets.npy", np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]))
        np.save(folder / "terms.npy", np.frombuffer(b"".join(terms), np.uint8))
        description = {"format": _FORMAT, "n_terms": len(terms)}
        (folder / _DESCRIPTION).write_text(json.dumps(description) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """Return the vocabulary that a folder holds; ConfigError where it holds none."""
        try:
            description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise ConfigError(f"Folder {folder} holds no vocabulary; build the index anew.") from None
        if description["format"] != _FORMAT:
            raise ConfigError(f"The vocabulary in {folder} has another format; build the index anew.")
        vocabulary = cls()
        vocabulary._saved, vocabulary._n_saved = _SavedTerms(folder), description["n_terms"]
        return vocabulary


class _SavedTerms:
    """The files of a saved vocabulary."""

    def __init__(self, folder: Path) -> None:
        names = ("hashes", "numbers", "offsets", "terms")
        arrays = (np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in names)
        self._hashes, self._numbers, self._offsets, self._terms = arrays

    def find(self, term: bytes) -> int:
        key = np.uint64(xxhash.xxh3_64_intdigest(term))
        i = int(self._hashes.searchsorted(key))
        while i < len(self._hashes) and self._hashes[i] == key:
            if self.term(self._numbers[i]) == term:
                return int(self._numbers[i])
            i += 1
        return -1

    def term(self, number: int) -> bytes:
        return bytes(self._terms[self._offsets[number] : self._offsets[number + 1]])
