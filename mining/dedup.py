"""Near-duplicates of question-answer pairs: MinHash bands let them meet, a comparison in full decides.

Texts are cut into units (`mining.dedup_text`), runs of `ngram` units are shingles, and the Jaccard similarity
of two pairs is that of their sets of shingles over question and answer. One exchanged word takes `ngram`
shingles from either side, so that at n = 5 and a bound of 0.8 it needs a text of 49 words; of shorter texts
only those of the same words meet. That is meant: in a short text one word is a large part of what it says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import rensa
import xxhash
from numpy.typing import NDArray

from mining.dedup_facts import Facts, same_facts
from mining.dedup_text import pair_units, plain, shingles, units_of
from pipeline.core.config import DedupConfig
from pipeline.core.errors import ConfigError

BANDS_VERSION = 1
"""Raised with every change that gives a text other bands: bands of different versions never compare."""

_RENSA_ALGORITHM = 2
"""The version of rensa's signatures that BANDS_VERSION 1 is made of."""

_SEED = 42
_MAX_CACHED_UNITS = 200_000
_MAX_CACHED_CHARS = 50


@dataclass(frozen=True, slots=True)
class Comparison:
    """How alike two pairs are: Jaccard similarity of their shingles, in [0, 1], and whether facts agree."""

    jaccard: float
    same_facts: bool


def answer_key(answer: str) -> int:
    """Return a signed 64-bit key that answers share where only case, spaces, and marks differ."""
    units = units_of(plain(answer))
    return _signed(_hash("".join(units) if units else answer))


def fact_key(question: str, answer: str) -> int:
    """Return a signed 64-bit key of the pair's numbers and names, in any order.

    Rows that state the same facts share it as a rule, not always: whether the first word of a sentence is a
    name shows only in comparison with another text.
    """
    facts = Facts.of(question, answer)
    numbers = sorted(facts.numbers[0] + facts.numbers[1])
    return _signed(_hash("\n".join([*numbers, "", *sorted(facts.names)])))


def compare(a: tuple[str, str], b: tuple[str, str], *, ngram: int) -> Comparison:
    """Compare two (question, answer) pairs in full; the order of the two does not matter."""
    if a == b:
        return Comparison(1.0, True)
    (facts_a, set_a), (facts_b, set_b) = _read(a, ngram), _read(b, ngram)
    n_common = len(set_a & set_b)
    jaccard = n_common / (len(set_a) + len(set_b) - n_common)
    return Comparison(jaccard, same_facts(facts_a, facts_b))


@lru_cache(maxsize=8)
def _read(pair: tuple[str, str], ngram: int) -> tuple[Facts, set[tuple[str, ...]]]:
    """Return a pair's facts and shingles; the last ones are kept: a row is compared with several in turn."""
    facts = Facts.of(*pair)
    return facts, shingles(pair_units(*facts.units, written=pair), ngram)


class Signer:
    """Computes the MinHash bands of pairs: alike pairs share one with probability 1 - (1 - J^rows)^bands.

    The keys depend on the texts, `ngram`, `n_bands`, `n_rows` and BANDS_VERSION alone, on every machine, so
    that the bands of a new release meet those of an earlier one. Raises ConfigError where the installed rensa
    makes other signatures.
    """

    def __init__(self, config: DedupConfig) -> None:
        installed = rensa.RMinHash.ALGORITHM_VERSION
        if installed != _RENSA_ALGORITHM:
            raise ConfigError(
                f"The installed rensa makes signatures of version {installed}, which do not compare with "
                f"those of version {_RENSA_ALGORITHM}; install rensa 0.5."
            )
        self._ngram = config.ngram
        self._shape = (config.n_bands, config.n_rows)
        self._hashes = _UnitHashes()
        self._unit_weights = _odd_constants("unit", config.ngram)
        self._row_weights = _odd_constants("row", config.n_bands * config.n_rows).reshape(self._shape)
        self._band_weights = _odd_constants("band", config.n_bands)

    def bands(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.int64]:
        """Return the band keys, int64 `(n_pairs, n_bands)`; keys of different bands never meet."""
        if not pairs:
            return np.empty((0, self._shape[0]), dtype=np.int64)
        hashes, offsets = self._shingle_hashes(pairs)
        digests = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            hashes, offsets, self._shape[0] * self._shape[1], _SEED
        )
        signatures = np.array(digests.to_rows(), dtype=np.uint64).reshape(-1, *self._shape)
        keys = (signatures * self._row_weights).sum(axis=2, dtype=np.uint64) + self._band_weights
        return _mixed(keys).view(np.int64)

    def _shingle_hashes(
        self, pairs: Sequence[tuple[str, str]]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Return the hashes of all shingles, pair by pair, and where each pair begins and the last ends."""
        n = self._ngram
        hash_of = self._hashes.emptied_when_full().__getitem__
        flat: list[int] = []
        ends = np.empty(len(pairs), dtype=np.int64)
        for index, (question, answer) in enumerate(pairs):
            texts = (question, answer)
            units = pair_units(units_of(plain(question)), units_of(plain(answer)), written=texts)
            flat.extend(map(hash_of, units))
            flat.extend([0] * (n - len(units)))
            ends[index] = len(flat)
        units_hashed = np.array(flat, dtype=np.uint64)
        n_windows = len(flat) - n + 1
        sums = np.zeros(n_windows, dtype=np.uint64)
        for place, weight in enumerate(self._unit_weights):
            sums += units_hashed[place : place + n_windows] * weight
        whole = np.ones(n_windows, dtype=bool)
        whole[(ends[:-1, None] - np.arange(1, n)).ravel()] = False
        n_shingles = np.diff(ends, prepend=0) - (n - 1)
        offsets = np.concatenate([[0], np.cumsum(n_shingles)]).astype(np.uint64)
        return _mixed(sums[whole]), offsets


class _UnitHashes(dict[str, int]):
    """Hashes of the units met lately: words repeat, so that most are looked up; long ones are not kept."""

    def __missing__(self, unit: str) -> int:
        value = _hash(unit)
        if len(unit) <= _MAX_CACHED_CHARS:
            self[unit] = value
        return value

    def emptied_when_full(self) -> "_UnitHashes":
        if len(self) > _MAX_CACHED_UNITS:
            self.clear()
        return self


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _odd_constants(purpose: str, n: int) -> NDArray[np.uint64]:
    return np.array([_hash(f"{purpose} {i}") | 1 for i in range(n)], dtype=np.uint64)


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over all others (the finalizer of SplitMix64, Steele, Lea and Flood 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
