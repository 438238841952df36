"""Load and check the models behind `mining.enrich`; the only place of that stage that knows torch.

A model is loaded once a process and kept. The libraries belong to the extra `mining` and are imported inside
functions. What is held: a model's weights, in each process that scores; a batch of texts and its activations.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from mining.enrich import Classifier, Embeddings, Encoder, Label
from mining.model_source import ModelSource, fetch, mining_library
from mining.sentence_models import (
    device_of,
    dtype_on,
    load_errors,
    load_model,
    prompt_text,
    silence_progress,
)
from pipeline.core.errors import ConfigError

_ANSWER_PROMPTS = ("document", "passage", "corpus")
_TRIAL = ["Why?", "Because these are two texts of different lengths."]
"""Scored once after loading, so that a model that cannot be used is found before the work begins."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How and where a model reads texts."""

    max_tokens: int
    device: str
    question_prompt: str | None = None
    answer_prompt: str | None = None


@cache
def load_encoder(source: ModelSource, reading: Reading) -> Encoder:
    """Load a sentence-transformers model; half precision on CUDA, single elsewhere.

    Raises ConfigError for what is no such model, ModelOutOfReachError for what cannot be fetched.
    """
    model = load_model(
        source, max_tokens=reading.max_tokens, device=reading.device, section="enrich", key="similarity_model"
    )
    prompts = {key: text for key, text in model.prompts.items() if text}
    encoder = _SentenceEncoder(
        model,
        prompt_text(reading.question_prompt, ("query",), prompts, key="enrich.question_prompt"),
        prompt_text(reading.answer_prompt, _ANSWER_PROMPTS, prompts, key="enrich.answer_prompt"),
    )
    with load_errors(source):
        encoder.encode_questions(_TRIAL)
        encoder.encode_answers(_TRIAL)
    return encoder


@cache
def load_classifier(source: ModelSource, reading: Reading) -> Classifier:
    """Load a text-classification model; half precision on CUDA, single elsewhere.

    Raises ConfigError for what is no trained classifier, ModelOutOfReachError for what cannot be fetched.
    """
    folder, device = str(fetch(source)), device_of(reading.device, section="enrich")
    library = mining_library("transformers")
    silence_progress()
    with load_errors(source):
        tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, report = library.AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, dtype=dtype_on(device), output_loading_info=True
        )
    if report["missing_keys"]:  # transformers would fill them with random numbers
        raise ConfigError(
            f"Model {source.name} is no trained classifier: it has no weights {min(report['missing_keys'])}. "
            "Choose a text-classification model."
        )
    if model.config.num_labels < 2:
        raise ConfigError(
            f"Model {source.name} has one output, no labels; choose a text-classification model."
        )
    limits = (reading.max_tokens, tokenizer.model_max_length, _positions(model.config))
    classifier = _SequenceClassifier(model.to(device).eval(), tokenizer, min(limits))
    with load_errors(source):
        classifier.classify(_TRIAL)
    return classifier


def forget_models() -> None:
    """Free the models that this process has loaded."""
    load_encoder.cache_clear()
    load_classifier.cache_clear()


class _SentenceEncoder:
    """A SentenceTransformer with its prompts: `query` and `document` sides as the model was trained."""

    def __init__(self, model: Any, question_prompt: str, answer_prompt: str) -> None:
        self._model = model
        self._question_prompt = question_prompt
        self._answer_prompt = answer_prompt

    def encode_questions(self, texts: list[str]) -> Embeddings:
        return self._encode(self._model.encode_query, texts, self._question_prompt)

    def encode_answers(self, texts: list[str]) -> Embeddings:
        return self._encode(self._model.encode_document, texts, self._answer_prompt)

    def _encode(self, encode: Any, texts: list[str], prompt: str) -> Embeddings:
        rows = encode(texts, prompt=prompt, batch_size=len(texts), show_progress_bar=False)
        embeddings: Embeddings = rows.astype("float32")
        return embeddings


class _SequenceClassifier:
    """A transformers classifier with its tokenizer; texts are cut at `max_tokens`."""

    def __init__(self, model: Any, tokenizer: Any, max_tokens: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens

    def classify(self, texts: list[str]) -> list[Label]:
        torch = import_module("torch")
        inputs = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = self._model(**inputs.to(self._model.device)).logits.float()
        many = self._model.config.problem_type == "multi_label_classification"
        scores = (logits.sigmoid() if many else logits.softmax(dim=-1)).cpu().numpy()
        names = self._model.config.id2label
        return [Label(str(names[int(row.argmax())]), float(row.max())) for row in scores]


def _positions(config: Any) -> int:
    return int(getattr(config, "max_position_embeddings", None) or 1 << 30)
