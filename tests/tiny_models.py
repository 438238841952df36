"""Models small enough to be made in a test, with weights that make the expected scores plain."""

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before any import of the hub's client: tests never use the network

VECTORS = {"north": (0.0, 1.0), "east": (1.0, 0.0), "west": (-1.0, 0.0), "northeast": (1.0, 1.0)}
"""Words of the static encoder; a text is the mean of its words, unknown words are zero."""


def save_encoder(folder: Path, *, prompts: dict[str, str] | None = None, scale: float = 1.0) -> str:
    """Save a static encoder of the words above."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    weights = np.array([(0, 0), (0, 0), *VECTORS.values()], dtype="float32") * scale
    module = StaticEmbedding(_tokenizer(VECTORS), embedding_weights=weights)
    model = SentenceTransformer(modules=[module], prompts=prompts, device="cpu")
    model.save(str(folder), create_model_card=False)
    return str(folder)


def save_transformer(folder: Path, *, max_seq_length: int = 16) -> str:
    """Save a two-layer BERT with mean pooling, of random weights."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertModel

    torch.manual_seed(1)
    backbone = folder.with_name(folder.name + "-backbone")
    BertModel(_bert()).save_pretrained(backbone)
    _fast_tokenizer().save_pretrained(backbone)
    module = Transformer(str(backbone), max_seq_length=max_seq_length)
    model = SentenceTransformer(modules=[module, Pooling(8)], device="cpu")
    model.save(str(folder), create_model_card=False)
    return str(folder)


def save_classifier(folder: Path, *, bias: list[float] | None = None, problem: str | None = None) -> str:
    """Save a two-layer BERT of random weights with labels a, b, ...

    With a bias its head sees nothing else, so that all texts get the same logits: the bias.
    """
    import torch
    from transformers import BertForSequenceClassification

    torch.manual_seed(5)
    labels = "abcdef"[: len(bias) if bias else 3]
    config = _bert(id2label=dict(enumerate(labels)), label2id={n: i for i, n in enumerate(labels)})
    config.problem_type = problem
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.normal_(std=3.0)
        if bias:
            model.classifier.weight.zero_()
            model.classifier.bias.copy_(torch.tensor(bias))
    model.save_pretrained(folder)
    _fast_tokenizer().save_pretrained(folder)
    return str(folder)


def save_headless(folder: Path) -> str:
    """Save a BERT without a classification head."""
    from transformers import BertModel

    BertModel(_bert()).save_pretrained(folder)
    _fast_tokenizer().save_pretrained(folder)
    return str(folder)


def _bert(**more):
    from transformers import BertConfig

    return BertConfig(
        vocab_size=2 + len(VECTORS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
        initializer_range=0.5,
        **more,
    )


def _tokenizer(words):
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def _fast_tokenizer():
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(VECTORS), pad_token="[PAD]", unk_token="[UNK]", model_max_length=16
    )
