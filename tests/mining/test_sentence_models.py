"""The embedder of alignment over tiny models made here; what it shares with enrich is tested there."""

import numpy as np
import pytest
import tiny_models as tiny

from mining.model_source import find_model
from mining.sentence_models import load_embedder
from pipeline.core.errors import ConfigError

ABSENT = "sentence-transformers is not installed; pip install faqtory[mining]"


@pytest.fixture(autouse=True)
def _no_models_kept():
    yield
    load_embedder.cache_clear()


@pytest.fixture
def libraries():
    pytest.importorskip("sentence_transformers", reason=ABSENT)


def embedder(folder, prompt=None, device="cpu"):
    return load_embedder(find_model(folder), max_tokens=512, device=device, batch_size=2, prompt=prompt)


def test_rows_of_length_one_in_the_order_of_the_texts(libraries, tmp_path):
    texts = ["north east north", "unknown", "west", "northeast"]  # means (1/3, 2/3), none, (-1, 0), (1, 1)
    rows = embedder(tiny.save_encoder(tmp_path / "m")).embed(texts)
    expected = [np.array([1, 2]) / np.sqrt(5), [0, 0], [-1, 0], np.array([1, 1]) / np.sqrt(2)]
    assert rows == pytest.approx(np.array(expected), abs=1e-6)
    assert rows.dtype == np.float32


def test_overflow_is_no_direction(libraries, tmp_path):
    rows = embedder(tiny.save_encoder(tmp_path / "m", scale=3e38)).embed(["northeast northeast", "unknown"])
    assert not rows.any()


@pytest.mark.parametrize(
    ("prompts", "prompt", "expected"),
    [
        ({}, None, (1, 0)),
        ({"query": "north ", "passage": "west "}, None, (1, 1)),
        ({"query": "west ", "STS": "north "}, None, (1, 1)),
        ({"query": "west "}, "north ", (1, 1)),
        ({"query": "west "}, "", (1, 0)),
    ],
)
def test_prompts(libraries, tmp_path, prompts, prompt, expected):
    (row,) = embedder(tiny.save_encoder(tmp_path / "m", prompts=prompts), prompt).embed(["east"])
    assert row == pytest.approx(np.array(expected) / np.linalg.norm(expected), abs=1e-6)


def test_errors_name_the_setting(libraries, tmp_path):
    import torch

    with pytest.raises(ConfigError, match=r"no modules.json. Choose another align\.embedder"):
        embedder(tiny.save_headless(tmp_path / "h"))
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ConfigError, match=r"align\.device=cuda: torch finds no CUDA device"):
        embedder(tiny.save_encoder(tmp_path / "m"), device="cuda")
