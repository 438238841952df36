"""Models that score how well documents answer queries: cross-encoders, or embedders by cosine.

Scores of a cross-encoder are its logits, without the sigmoid that the library applies by default: a margin
between two logits means the same at any height, while probabilities crowd at 0 and 1. Which kind a model is,
its files tell. A model is loaded once a process and kept; the libraries belong to the extra `mining` and are
imported inside functions. What is held: a model's weights, a batch with its activations, and for an embedder
2 bytes a dimension for each distinct text of a block.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mining.dense_model import DenseModel, Reading, load_dense_model
from mining.model_source import ModelSource, fetch, mining_library
from mining.negatives_block import ScoreScale
from mining.pace import Pace
from mining.sentence_models import device_of, dtype_on, load_errors, read_json, silence_progress
from mining.teacher import is_bootstrap_teacher, load_teacher
from mining.text_pairs import Indices, Scores, TextPairs
from mining.token_batches import token_batches, token_counts
from pipeline.core.errors import ConfigError

_TRIAL = ("Why?", "Because these are two texts of different lengths.")
"""Scored once after loading, so that a model that cannot be used is found before the work begins."""
_ADDED_TOKENS = 4
"""At most, by which a cross-encoder marks the two texts of a pair."""
_TEXTS_AT_ONCE = 1024
_HEADS = ("ForSequenceClassification", "ForCausalLM")


class Scorer(Protocol):
    """Scores pairs of texts; larger for a better answer."""

    @property
    def label(self) -> str:
        """Return `name@revision` of the model, as tables name who gave a score."""

    def score(self, pairs: TextPairs, pace: Pace) -> Scores:
        """Return the raw score of each pair, `(n_pairs,)`, and tell `pace` how far it has come."""


@dataclass(frozen=True, slots=True)
class CrossEncoderScorer:
    """A sentence-transformers CrossEncoder of one output, read as logits."""

    label: str
    model: Any
    max_tokens: int
    tokens_per_batch: int

    def score(self, pairs: TextPairs, pace: Pace) -> Scores:
        """Return the logits, `(n_pairs,)`; pairs of about one length are read together."""
        lengths = self._lengths(pairs)
        batches = list(token_batches(lengths, budget=self.tokens_per_batch))
        costs = [len(batch) * int(lengths[batch[0]]) for batch in batches]  # padded to the longest
        scores = np.empty(len(pairs), dtype=np.float32)
        pace.start(sum(costs), len(pairs))
        for batch, cost in zip(batches, costs, strict=True):
            scores[batch] = self._logits(pairs, batch)
            pace.add(cost, len(batch))
        return scores

    def _lengths(self, pairs: TextPairs) -> Indices:
        of_queries, of_documents = (
            token_counts(self.model.tokenizer, texts, max_tokens=self.max_tokens)
            for texts in (pairs.queries, pairs.documents)
        )
        both = of_queries[pairs.query] + of_documents[pairs.document] + _ADDED_TOKENS
        lengths: Indices = np.minimum(both, self.max_tokens)
        return lengths

    def _logits(self, pairs: TextPairs, batch: Indices) -> Scores:
        texts = [(pairs.queries[pairs.query[i]], pairs.documents[pairs.document[i]]) for i in batch]
        logits = self.model.predict(
            texts,
            batch_size=len(texts),
            activation_fn=mining_library("torch").nn.Identity(),
            show_progress_bar=False,
        )
        return np.asarray(logits, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class EmbedderScorer:
    """An embedder whose score is the cosine, in [-1, 1]; 0 where a text has no direction."""

    label: str
    model: DenseModel

    def score(self, pairs: TextPairs, pace: Pace) -> Scores:
        """Return the cosines, `(n_pairs,)`; each text is embedded once."""
        pace.start(len(pairs.queries) + len(pairs.documents), len(pairs))
        queries, documents = (
            self._embedded(embed, texts, pace)
            for embed, texts in (
                (self.model.queries, pairs.queries),
                (self.model.documents, pairs.documents),
            )
        )
        scores = np.empty(len(pairs), dtype=np.float32)
        for first in range(0, len(pairs), _TEXTS_AT_ONCE):
            some = slice(first, first + _TEXTS_AT_ONCE)
            a, b = queries[pairs.query[some]], documents[pairs.document[some]]
            scores[some] = np.einsum("ij,ij->i", a.astype(np.float32), b.astype(np.float32))
        pace.add(0, len(pairs))
        return scores

    def _embedded(self, embed: Any, texts: list[str], pace: Pace) -> NDArray[np.float16]:
        rows = []
        for first in range(0, len(texts), _TEXTS_AT_ONCE):
            rows.append(embed(texts[first : first + _TEXTS_AT_ONCE]))
            pace.add(len(rows[-1]), 0)
        return np.concatenate(rows) if rows else embed([])


def score_scale(source: ModelSource) -> ScoreScale:
    """Tell what a model's scores are; ConfigError for what is neither cross-encoder nor embedder."""
    is_logit = is_bootstrap_teacher(fetch(source)) or is_cross_encoder(source)
    return ScoreScale.LOGIT if is_logit else ScoreScale.COSINE


@cache
def load_scorer(source: ModelSource, reading: Reading) -> Scorer:
    """Load a cross-encoder or an embedder; half precision on CUDA, single elsewhere.

    Raises ConfigError for what is neither, ModelOutOfReachError for what cannot be fetched.
    """
    scorer: Scorer
    if is_bootstrap_teacher(fetch(source)):
        return load_teacher(source)
    if is_cross_encoder(source):
        scorer = _load_cross_encoder(source, reading)
    else:
        scorer = EmbedderScorer(source.label, load_dense_model(source, reading, key="teacher"))
    query, document = _TRIAL
    row = np.zeros(1, dtype=np.int64)
    with load_errors(source):
        scorer.score(TextPairs([query], [document], row, row), Pace())
    return scorer


def is_cross_encoder(source: ModelSource) -> bool:
    """Tell a cross-encoder from an embedder by its files; ConfigError for what is neither."""
    folder = fetch(source)
    if (folder / "modules.json").is_file():
        kind = read_json(folder / "config_sentence_transformers.json").get("model_type")
        return kind == "CrossEncoder"
    heads = read_json(folder / "config.json").get("architectures") or [""]
    if not str(heads[0]).endswith(_HEADS):
        raise ConfigError(
            f"Model {source.name} is neither a cross-encoder nor an embedder of sentence-transformers; "
            "choose another mining.teacher."
        )
    return True


def _load_cross_encoder(source: ModelSource, reading: Reading) -> CrossEncoderScorer:
    library, where = mining_library("sentence_transformers"), device_of(reading.device, section="mining")
    silence_progress()
    with load_errors(source):
        model = library.CrossEncoder(
            str(fetch(source)), device=where, local_files_only=True, model_kwargs={"dtype": dtype_on(where)}
        )
    if model.num_labels != 1:
        raise ConfigError(
            f"Model {source.name} has {model.num_labels} outputs; mining.teacher must be a cross-encoder of "
            "one."
        )
    max_tokens = min(reading.max_tokens, model.max_seq_length or reading.max_tokens)
    model.max_seq_length = max_tokens
    return CrossEncoderScorer(source.label, model, max_tokens, reading.tokens_per_batch)
