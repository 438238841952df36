"""The teacher of last resort: trained on the corpus's own training split, without any network.

It is no neural model. Of what was measured on the sample crawl, 1392 pairs in 30 languages, on questions of
sites left out of training (mean reciprocal rank of the answer among BM25's first 20 others; share of these
ranked below it): BM25 itself 0.64 and 0.79; the static embedder of `mining.bootstrap` 0.38 and 0.65; a
cross-encoder of two layers from scratch, on one fold, after 100 s 0.20 and 0.52, so no more than chance; this
model 0.65 and 0.84, trained in a second.

It is linear in how a question and an answer overlap: the share of the question's runs of 2 to 5 characters
that the answer has, weighted by inverse document frequency, in any script and whatever a word ends in; the
same against the answer's length; its numbers; and the length itself. Weights are those that rank each
question's answer above its negatives (softmax over the list, Cao et al. 2007, "Learning to rank: from
pairwise approach to listwise approach"; convex, by Newton's method).

Scores are logits: their differences are log odds that one answer is right rather than another. What is held:
2 MB of document frequencies, some 16 kB for each distinct text of a block, and the numbers in it.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mining.model_source import ModelSource, mining_library
from mining.pace import Pace
from mining.text_pairs import Scores, TextPairs
from pipeline.core.errors import ConfigError

BOOTSTRAP_TEACHER = "bootstrap-teacher"
"""The folder's name, and with its hash the label of its scores."""

Matrix = NDArray[np.float64]

_RUNS = (2, 3, 4, 5)
_HASH_BITS = 17
"""Of a run of characters: 131,072 values for each length."""
_PAIRS_AT_ONCE = 8192
_MIN_EXAMPLES = 30
_PENALTY = 1e-3
_NEWTON_STEPS = 30
_DIGITS = 6
_FREQUENCIES = "document_frequencies.npy"
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")


class Example(NamedTuple):
    """A question of the training split, an answer to it, and answers that are none."""

    question: str
    positive: str
    negatives: Sequence[str]


@dataclass(frozen=True, slots=True)
class TeacherStats:
    """What a teacher was trained on, and how well it learned that."""

    n_examples: int
    n_pairs: int
    mean_reciprocal_rank: float
    """Of the positive among its negatives, on the training split itself."""


@dataclass(frozen=True, slots=True)
class BootstrapTeacher:
    """The trained model, a `Scorer`."""

    label: str
    frequencies: NDArray[np.int32]
    """Documents that have a run, `(n_lengths, 2**_HASH_BITS)`."""
    n_documents: int
    means: Matrix
    """Of the features in training, `(n_features,)`; likewise `scales` and `weights`."""
    scales: Matrix
    weights: Matrix

    def score(self, pairs: TextPairs, pace: Pace) -> Scores:
        """Return the logit of each pair, `(n_pairs,)`."""
        pace.start(len(pairs), len(pairs))
        texts = _Overlaps(pairs, _idf(self.frequencies, self.n_documents))
        scores = np.empty(len(pairs), dtype=np.float32)
        for first in range(0, len(pairs), _PAIRS_AT_ONCE):
            some = slice(first, first + _PAIRS_AT_ONCE)
            scaled = (texts.features(some) - self.means) / self.scales
            scores[some] = (scaled * self.weights).sum(axis=1)
            pace.add(len(scaled), len(scaled))
        return scores


def train_teacher(examples: Iterable[Example], *, out: Path) -> TeacherStats:
    """Train on examples of the training split, and save the model in folder `out`.

    The folder's name becomes part of the scores' label: call it BOOTSTRAP_TEACHER. Raises ConfigError where
    there is too little to learn from. The same examples in the same order give the same model.
    """
    chosen = [example for example in examples if example.negatives]
    if len(chosen) < _MIN_EXAMPLES:
        raise ConfigError(
            f"There are {len(chosen)} questions with negatives to train a teacher on, fewer than "
            f"{_MIN_EXAMPLES}; name a model with mining.teacher, or mine without one."
        )
    pairs, starts = _listed(chosen)
    frequencies = np.stack([_incidence(pairs.documents, n).sum(axis=0) for n in _RUNS]).astype(np.int32)
    texts = _Overlaps(pairs, _idf(frequencies, len(pairs.documents)))
    features = texts.features(slice(None))
    means, scales = features.mean(axis=0), features.std(axis=0)
    scales[scales == 0] = 1
    scaled = (features - means) / scales
    weights = _fitted(scaled, starts)
    figures = {"means": means, "scales": scales, "weights": weights}
    _save(out, figures, frequencies=frequencies, n_documents=len(pairs.documents))
    return TeacherStats(len(chosen), len(pairs), _mean_reciprocal_rank(scaled @ weights, starts))


def is_bootstrap_teacher(folder: Path) -> bool:
    """Tell whether a model's folder is one of `train_teacher`."""
    return (folder / _FREQUENCIES).is_file()


def load_teacher(source: ModelSource) -> BootstrapTeacher:
    """Return the model of a local folder that `train_teacher` wrote."""
    folder = Path(str(source.folder))
    saved = json.loads((folder / "config.json").read_text())
    figures = (np.array(saved[name], dtype=np.float64) for name in ("means", "scales", "weights"))
    return BootstrapTeacher(source.label, np.load(folder / _FREQUENCIES), int(saved["n_documents"]), *figures)


def _save(out: Path, figures: dict[str, Matrix], *, frequencies: NDArray[np.int32], n_documents: int) -> None:
    """Write the model; figures are cut to so many digits that the order of sums does not show."""
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / _FREQUENCIES, frequencies)
    cut = {name: [float(f"{x:.{_DIGITS}g}") for x in row] for name, row in figures.items()}
    tree = {"model_type": BOOTSTRAP_TEACHER, "n_documents": n_documents, **cut}
    (out / "config.json").write_text(json.dumps(tree, indent=1) + "\n")


def _listed(examples: Sequence[Example]) -> tuple[TextPairs, NDArray[np.int64]]:
    """Return the pairs of all examples, each positive before its negatives, and where each list starts."""
    lengths = np.array([1 + len(example.negatives) for example in examples])
    query = np.repeat(np.arange(len(examples)), lengths)
    numbers: dict[str, int] = {}
    document = np.array(
        [
            numbers.setdefault(text, len(numbers))
            for example in examples
            for text in (example.positive, *example.negatives)
        ]
    )
    pairs = TextPairs([example.question for example in examples], list(numbers), query, document)
    return pairs, np.cumsum(lengths) - lengths


def _idf(frequencies: NDArray[np.int32], n_documents: int) -> Matrix:
    """Return the inverse document frequencies of BM25, which are positive for any frequency."""
    return np.log1p((n_documents - frequencies + 0.5) / (frequencies + 0.5))


class _Overlaps:
    """What questions and answers have in common, of the texts of a block."""

    def __init__(self, pairs: TextPairs, idf: Matrix) -> None:
        self._pairs = pairs
        self._idf = idf
        self._sides = [(_incidence(pairs.queries, n), _incidence(pairs.documents, n)) for n in _RUNS]
        self._lengths = np.log1p([len(text) for text in pairs.documents])
        self._numbers = [
            [set(_NUMBER.findall(text)) for text in side] for side in (pairs.queries, pairs.documents)
        ]

    def features(self, some: slice) -> Matrix:
        """Return the features of some pairs, `(n_some, n_features)`."""
        query, document = self._pairs.query[some], self._pairs.document[some]
        columns: list[Any] = []
        for (queries, documents), idf in zip(self._sides, self._idf, strict=True):
            total = queries @ idf
            shared = queries[query].multiply(documents[document]) @ idf
            columns.append(shared / np.where(total > 0, total, 1)[query])
            columns.append(shared / np.sqrt(1 + documents.sum(axis=1))[document])
        asked = [self._numbers[0][i] for i in query]
        given = [self._numbers[1][i] for i in document]
        met = np.array([len(a & b) / len(a) if a else 0.0 for a, b in zip(asked, given, strict=True)])
        is_missed = np.array([bool(a) and not a & b for a, b in zip(asked, given, strict=True)])
        return np.stack([*columns, met, is_missed, self._lengths[document]], axis=1).astype(np.float64)


def _incidence(texts: Sequence[str], n: int) -> Any:
    """Return which runs of `n` characters each text has, sparse, `(n_texts, 2**_HASH_BITS)`, ones."""
    rows = [_runs(text, n) for text in texts]
    starts = np.cumsum([0, *map(len, rows)])
    columns = np.concatenate([np.empty(0, np.int64), *rows])
    shape = (len(texts), 1 << _HASH_BITS)
    return mining_library("scipy.sparse").csr_array((np.ones(len(columns)), columns, starts), shape=shape)


def _runs(text: str, n: int) -> NDArray[np.int64]:
    """Return the distinct hashes of the text's runs of `n` characters, words parted by one space."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    spelt = f" {' '.join(words)} ".encode("utf-32-le", "surrogatepass")
    characters = np.frombuffer(spelt, dtype=np.uint32).astype(np.uint64)
    hashes = np.zeros(max(len(characters) - n + 1, 0), dtype=np.uint64)
    for i in range(n):
        hashes = (hashes + characters[i : i + len(hashes)]) * np.uint64(0x9E3779B97F4A7C15)  # golden ratio
        hashes ^= hashes >> np.uint64(32)
    return np.unique(hashes >> np.uint64(64 - _HASH_BITS)).astype(np.int64)


def _fitted(features: Matrix, starts: NDArray[np.int64]) -> Matrix:
    """Return the weights under which the first of each list has the largest mean log probability.

    Less `_PENALTY` times the sum of their squares. Newton's method, from zero.
    """
    n_features, n_lists = features.shape[1], len(starts)
    lengths = np.diff(np.append(starts, len(features)))
    weights = np.zeros(n_features)
    for _ in range(_NEWTON_STEPS):
        logits = features @ weights
        logits -= np.repeat(np.maximum.reduceat(logits, starts), lengths)
        odds = np.exp(logits)
        shares = (odds / np.repeat(np.add.reduceat(odds, starts), lengths))[:, None]
        means = np.add.reduceat(shares * features, starts)
        gradient = (means - features[starts]).sum(axis=0) / n_lists + 2 * _PENALTY * weights
        curvature = ((shares * features).T @ features - means.T @ means) / n_lists
        step = np.linalg.solve(curvature + 2 * _PENALTY * np.eye(n_features), gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def _mean_reciprocal_rank(scores: Matrix, starts: NDArray[np.int64]) -> float:
    """Return it of the first of each list; equal scores count as better ones."""
    lengths = np.diff(np.append(starts, len(scores)))
    ranks = np.add.reduceat((scores >= np.repeat(scores[starts], lengths)).astype(np.int64), starts)
    return float((1 / ranks).mean())
