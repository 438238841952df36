"""Real model libraries over tiny models made here; the hub's client is offline throughout."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny_models as tiny

from mining.enrich import Label, semantic_similarities, top_labels
from mining.enrich_models import Reading, forget_models, load_classifier, load_encoder
from mining.model_source import ModelOutOfReachError, ModelSource, fetch, find_model, mining_library
from pipeline.core.errors import ConfigError

ABSENT = "sentence-transformers is not installed; pip install faqtory[mining]"
READING = Reading(max_tokens=512, device="cpu")
ROOT = math.sqrt(0.5)


@pytest.fixture(autouse=True)
def _no_models_kept():
    yield
    forget_models()


@pytest.fixture
def libraries(monkeypatch):
    pytest.importorskip("sentence_transformers", reason=ABSENT)
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return huggingface_hub


def similarities(folder, pairs, reading=READING, batch_size=2):
    encoder = load_encoder(find_model(folder), reading)
    questions, answers = zip(*pairs, strict=True)
    return semantic_similarities(questions, answers, encoder=encoder, batch_size=batch_size)


def test_without_the_extra(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("mining.model_source.import_module", absent)
    with pytest.raises(ConfigError, match=r"needs sentence-transformers; pip install 'faqtory\[mining\]'"):
        mining_library("torch")


def test_similarities_by_hand(libraries, tmp_path):
    pairs = [
        ("north", "northeast"),  # (0, 1) and (1, 1)
        ("north east", "east"),  # (1/2, 1/2) and (1, 0)
        ("east", "west"),
        ("east", "north"),
        ("nothing known", "east"),  # (0, 0)
        ("west north west", "east"),  # (-2/3, 1/3) and (1, 0)
    ]
    expected = [ROOT, ROOT, -1.0, 0.0, None, -2 / math.sqrt(5)]
    found = similarities(tiny.save_encoder(tmp_path / "m"), pairs)
    assert found[4] is None
    assert found[:4] + found[5:] == pytest.approx(expected[:4] + expected[5:], abs=1e-6)


def test_prompts_of_the_model_itself(libraries, tmp_path):
    """As E5 names them: the library's own choice for answers would be an empty `document`."""
    folder = tiny.save_encoder(tmp_path / "m", prompts={"query": "north ", "passage": "east "})
    assert similarities(folder, [("east", "north")]) == pytest.approx([1.0])  # north east, east north


@pytest.mark.parametrize(
    ("question_prompt", "answer_prompt", "pair", "expected"),
    [
        ("up", None, ("east", "north"), ROOT),  # (north east) and (north)
        ("north ", "east ", ("east", "north"), 1.0),  # (north east) and (east north)
        ("west ", "left", ("north", "east north"), ROOT),  # (-1/2, 1/2) and (west east north) = (0, 1/3)
    ],
)
def test_prompts_by_name_and_as_text(libraries, tmp_path, question_prompt, answer_prompt, pair, expected):
    folder = tiny.save_encoder(tmp_path / "m", prompts={"up": "north ", "left": "west "})
    reading = Reading(512, "cpu", question_prompt, answer_prompt)
    assert similarities(folder, [pair], reading) == pytest.approx([expected])


def test_an_unknown_prompt_is_refused(libraries, tmp_path):
    folder = tiny.save_encoder(tmp_path / "m", prompts={"up": "north "})
    for name in ("query", "query:"):
        with pytest.raises(ConfigError, match=r"enrich.question_prompt=query.*\(it defines up\)"):
            load_encoder(find_model(folder), Reading(512, "cpu", question_prompt=name))
    with pytest.raises(ConfigError, match=r"enrich.answer_prompt=x.*\(it defines none\)"):
        bare = tiny.save_encoder(tmp_path / "bare")
        load_encoder(find_model(bare), Reading(512, "cpu", answer_prompt="x"))


def test_scores_of_a_transformer_do_not_depend_on_batches(libraries, tmp_path):
    folder = tiny.save_transformer(tmp_path / "m")
    words = list(tiny.VECTORS)
    pairs = [(" ".join(words[: i % 4 + 1]), " ".join(words[i % 3 :] * (1 + i % 5))) for i in range(20)]
    one_by_one = similarities(folder, pairs, batch_size=1)
    assert len({round(s, 4) for s in one_by_one}) > 10
    for batch_size in (3, 20):
        assert similarities(folder, pairs, batch_size=batch_size) == pytest.approx(one_by_one, abs=1e-5)


def test_texts_are_cut_at_max_tokens(libraries, tmp_path):
    folder = tiny.save_transformer(tmp_path / "m", max_seq_length=16)
    long, cut = " ".join(["north", "east"] * 7), " ".join(["north", "east"] * 4)
    (whole,) = similarities(folder, [(long, "west")])
    (first_8,) = similarities(folder, [(cut, "west")])
    assert abs(whole - first_8) > 1e-4
    assert similarities(folder, [(long, "west")], Reading(8, "cpu")) == pytest.approx([first_8], abs=1e-6)


def test_what_is_no_encoder(libraries, tmp_path):
    headless = tiny.save_headless(tmp_path / "m")
    with pytest.raises(ConfigError, match="Model m is no sentence-transformers model"):
        load_encoder(find_model(headless), READING)
    reranker = Path(tiny.save_encoder(tmp_path / "r"))
    (reranker / "config_sentence_transformers.json").write_text('{"model_type": "CrossEncoder"}')
    with pytest.raises(ConfigError, match=r"is a CrossEncoder; enrich\.similarity_model must be an encoder"):
        load_encoder(find_model(str(reranker)), READING)
    (reranker / "config_sentence_transformers.json").write_text("{")
    with pytest.raises(ConfigError, match="is not JSON"):
        load_encoder(find_model(str(reranker)), READING)
    broken = Path(tiny.save_encoder(tmp_path / "b"))
    next(broken.rglob("model.safetensors")).write_bytes(b"no weights")
    with pytest.raises(ConfigError, match="Model b cannot be loaded"):
        load_encoder(find_model(str(broken)), READING)


def test_probabilities_by_hand(libraries, tmp_path):
    bias = [0.0, math.log(3), 0.0]  # softmax 1/5, 3/5, 1/5; sigmoid 1/2, 3/4, 1/2
    one = tiny.save_classifier(tmp_path / "one", bias=bias)
    many = tiny.save_classifier(tmp_path / "many", bias=bias, problem="multi_label_classification")
    for folder, expected in ((one, 0.6), (many, 0.75)):
        classifier = load_classifier(find_model(folder), READING)
        (label,) = top_labels(["north"], classifier=classifier, batch_size=1)
        assert label == Label("b", pytest.approx(expected, abs=1e-6))


def test_labels_equal_those_of_the_library_text_by_text(libraries, tmp_path):
    from transformers import pipeline

    folder = tiny.save_classifier(tmp_path / "m")
    words = list(tiny.VECTORS)
    texts = [" ".join((words[i % 4 :] + words) * (1 + i % 3)) for i in range(12)]  # some beyond 16 tokens
    reference = pipeline("text-classification", model=folder, device="cpu")
    expected = [reference(text, truncation=True)[0] for text in texts]
    assert len({e["label"] for e in expected}) > 1
    for batch_size in (1, 5):
        classifier = load_classifier(find_model(folder), READING)
        found = top_labels(texts, classifier=classifier, batch_size=batch_size)
        assert [f.name for f in found] == [e["label"] for e in expected]
        assert [f.score for f in found] == pytest.approx([e["score"] for e in expected], abs=1e-5)


def test_a_model_without_a_trained_head_is_refused(libraries, tmp_path):
    """The library itself would fill the head with random numbers."""
    with pytest.raises(ConfigError, match="Model m is no trained classifier: it has no weights classifier"):
        load_classifier(find_model(tiny.save_headless(tmp_path / "m")), READING)
    with pytest.raises(ConfigError, match="has one output, no labels"):
        load_classifier(find_model(tiny.save_classifier(tmp_path / "r", bias=[0.5])), READING)


def test_a_device_that_is_not_there(libraries, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    source = find_model(tiny.save_encoder(tmp_path / "m"))
    with pytest.raises(ConfigError, match=r"enrich\.device=cuda: torch finds no CUDA device"):
        load_encoder(source, Reading(512, "cuda"))


def test_the_revision_of_a_folder_follows_its_content_alone(tmp_path):
    def save(name, content, readme="", weights="w"):
        folder = tmp_path / name
        (folder / "1_Pooling").mkdir(parents=True)
        (folder / "1_Pooling" / "config.json").write_text(content)
        (folder / "modules.json").write_text("[]")
        (folder / "model.safetensors").write_text(weights)
        (folder / "README.md").write_text(readme)
        (folder / "checkpoint-5").mkdir()
        (folder / "checkpoint-5" / "optimizer.pt").write_text(name)
        return find_model(str(folder))

    first = save("a", "{}")
    assert first.label == f"a@{first.revision}"
    assert first.folder == str(tmp_path / "a")
    assert save("b", "{}", readme="other").revision == first.revision
    assert save("c", "{ }").revision != first.revision
    assert save("d", "{}", weights="v").revision != first.revision


def test_names_that_are_no_model(tmp_path):
    with pytest.raises(ConfigError, match=r"holds no model: it has neither config\.json nor modules\.json"):
        find_model(str(tmp_path))
    for spec in ("/no/such/folder", "./x", "~/x", "a/b/c"):
        with pytest.raises(ConfigError, match="There is no model folder"):
            find_model(spec)


def test_a_model_of_the_hub_out_of_reach(libraries):
    with pytest.raises(ModelOutOfReachError) as caught:
        find_model("nobody/no-such-model")
    assert str(caught.value) == (
        "model nobody/no-such-model is neither a local folder nor in the cache and the hub cannot be reached"
    )
    commit = "0" * 40
    assert find_model(f"nobody/no-such-model@{commit}").label == f"nobody/no-such-model@{commit}"
    with pytest.raises(ModelOutOfReachError):
        fetch(find_model(f"nobody/no-such-model@{commit}"))
    with pytest.raises(ConfigError, match="There is no model no model"):
        find_model("no model")


def in_cache(hub, folder, name, source):
    """Put a model into the cache as a download would."""
    commit = "0123456789abcdef" * 2 + "01234567"
    repo = folder / f"models--{name.replace('/', '--')}"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text(commit)
    (repo / "snapshots").mkdir()
    Path(source).rename(repo / "snapshots" / commit)
    return commit


def test_a_model_in_the_cache_is_used_offline(libraries, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setattr(libraries.constants, "HF_HUB_CACHE", str(cache))
    commit = in_cache(libraries, cache, "some/one", tiny.save_encoder(tmp_path / "m"))
    source = find_model("some/one")
    assert source == ModelSource("some/one", commit)
    assert similarities("some/one", [("north", "northeast")]) == pytest.approx([ROOT])


def test_half_a_download_is_out_of_reach(libraries, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setattr(libraries.constants, "HF_HUB_CACHE", str(cache))
    folder = Path(tiny.save_encoder(tmp_path / "m"))
    next(folder.rglob("model.safetensors")).unlink()
    in_cache(libraries, cache, "some/one", folder)
    with pytest.raises(ModelOutOfReachError):
        load_encoder(find_model("some/one"), READING)


@pytest.mark.parametrize(
    ("kind", "status", "expected", "says"),
    [
        ("RepositoryNotFoundError", 404, ConfigError, "There is no model a/b"),
        ("GatedRepoError", 403, ConfigError, "is gated"),
        ("RevisionNotFoundError", 404, ConfigError, "no such revision"),
        ("HfHubHTTPError", 400, ConfigError, "cannot be fetched: nothing"),
        ("HfHubHTTPError", 429, ModelOutOfReachError, "cannot be reached"),
        ("HfHubHTTPError", 503, ModelOutOfReachError, "cannot be reached"),
    ],
)
def test_what_the_hub_may_answer(libraries, monkeypatch, kind, status, expected, says):
    import huggingface_hub.errors as errors

    def answer(*_, **__):
        error = getattr(errors, kind).__new__(getattr(errors, kind))
        Exception.__init__(error, "nothing")
        error.response = SimpleNamespace(status_code=status)
        raise error

    monkeypatch.setattr(libraries.HfApi, "resolve_revision", answer)
    with pytest.raises(expected, match=says):
        find_model("a/b")
