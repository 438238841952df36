"""Cross-encoders and embedders of random or chosen weights behind one interface; no network."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import tiny_models as tiny

from mining.dense_model import Reading, load_dense_model
from mining.model_source import find_model
from mining.rerank import score_pairs
from mining.scorers import is_cross_encoder, load_scorer
from pipeline.core.errors import ConfigError

ABSENT = "sentence-transformers is not installed; pip install faqtory[mining]"
READING = Reading(max_tokens=64, device="cpu", tokens_per_batch=40)
ROOT = math.sqrt(0.5)


@pytest.fixture(autouse=True)
def _no_models_kept():
    yield
    load_scorer.cache_clear()
    load_dense_model.cache_clear()


@pytest.fixture
def libraries():
    pytest.importorskip("sentence_transformers", reason=ABSENT)


def save_cross_encoder(folder):
    """Save a two-layer BERT with one output and random weights."""
    import torch
    from transformers import BertForSequenceClassification

    model = BertForSequenceClassification.from_pretrained(tiny.save_classifier(folder, bias=[0.0]))
    torch.manual_seed(3)
    with torch.no_grad():
        model.classifier.weight.normal_(std=3.0)
    model.save_pretrained(folder)
    return str(folder)


def scores_of(folder, pairs, reading=READING):
    queries, documents = ([pair[side] for pair in pairs] for side in (0, 1))
    rows = np.arange(len(pairs))
    scorer = load_scorer(find_model(folder), reading)
    return score_pairs(rows, rows, queries=queries, documents=documents, scorer=scorer).tolist()


PAIRS = [
    (" ".join(list(tiny.VECTORS)[: i % 4 + 1]), " ".join((list(tiny.VECTORS) * 2)[i % 3 : 1 + 2 * i % 7]))
    for i in range(20)
]


def test_a_cross_encoder_gives_logits_and_no_probabilities(libraries, tmp_path):
    folder = tiny.save_classifier(tmp_path / "m", bias=[2.5])
    assert scores_of(folder, [("north", "east"), ("west", "west")]) == pytest.approx([2.5, 2.5])


def test_logits_equal_those_of_the_model_one_by_one(libraries, tmp_path):
    import torch
    from transformers import BertForSequenceClassification

    folder = save_cross_encoder(tmp_path / "m")
    found = scores_of(folder, PAIRS)
    model, tokenizer = BertForSequenceClassification.from_pretrained(folder).eval(), tiny._fast_tokenizer()
    with torch.inference_mode():
        expected = [float(model(**tokenizer(q, d, return_tensors="pt")).logits[0, 0]) for q, d in PAIRS]
    assert found == pytest.approx(expected, abs=1e-4)
    assert len({round(score, 3) for score in found}) > 8
    assert scores_of(folder, PAIRS, Reading(64, "cpu", 1)) == pytest.approx(found, abs=1e-4)


def test_progress_ends_with_all_pairs(libraries, tmp_path):
    told = []
    scorer = load_scorer(find_model(save_cross_encoder(tmp_path / "m")), READING)
    queries, documents = ([pair[side] for pair in PAIRS] for side in (0, 1))
    rows = np.arange(len(PAIRS))
    score_pairs(rows, rows, queries=queries, documents=documents, scorer=scorer, listener=told.append)
    assert len(told) > 2
    assert told[-1].n_done == told[-1].n_pairs == len(set(PAIRS))
    assert told[-1].remaining_s == 0


def test_an_embedder_gives_cosines(libraries, tmp_path):
    told = []
    scorer = load_scorer(find_model(tiny.save_encoder(tmp_path / "m")), READING)
    rows = np.arange(4)
    found = score_pairs(
        rows,
        rows,
        queries=["north", "east", "north", "nothing known"],
        documents=["northeast", "west", "east", "north"],
        scorer=scorer,
        listener=told.append,
    )
    assert found.tolist() == pytest.approx([ROOT, -1.0, 0.0, 0.0], abs=1e-3)
    assert scorer.label == find_model(str(tmp_path / "m")).label
    assert (told[-1].n_done, told[-1].remaining_s) == (4, 0)


def test_kinds_are_told_by_files(libraries, tmp_path):
    assert is_cross_encoder(find_model(tiny.save_classifier(tmp_path / "c", bias=[1.0])))
    assert not is_cross_encoder(find_model(tiny.save_encoder(tmp_path / "e")))
    modular = Path(tiny.save_encoder(tmp_path / "m"))
    (modular / "config_sentence_transformers.json").write_text(json.dumps({"model_type": "CrossEncoder"}))
    assert is_cross_encoder(find_model(str(modular)))
    with pytest.raises(
        ConfigError, match=r"Model h is neither a cross-encoder nor an embedder.*mining\.teacher"
    ):
        load_scorer(find_model(tiny.save_headless(tmp_path / "h")), READING)


def test_a_cross_encoder_of_several_outputs_is_refused(libraries, tmp_path):
    with pytest.raises(
        ConfigError, match=r"Model m has 3 outputs; mining\.teacher must be a cross-encoder of one"
    ):
        load_scorer(find_model(tiny.save_classifier(tmp_path / "m")), READING)
