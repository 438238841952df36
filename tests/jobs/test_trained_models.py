"""What `mine` trains itself: on which texts, once, and nothing half done."""

from collections import Counter

import pytest

pytest.importorskip("numba", reason="needs the extra mining")
pytest.importorskip("sentence_transformers", reason="needs the extra mining")

from retrieval_tables import asked, in_this_process, mine, write_retrieval_set
from work_tables import read

from pipeline.core.errors import ConfigError
from pipeline.core.language_parts import commits_by_language
from pipeline.core.manifest import read_manifest
from pipeline.jobs import trained_models
from pipeline.jobs.trained_models import dense_bootstrap, teacher_bootstrap

WORDS = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch")
ENGLISH = [
    asked(f"Where does the {WORDS[n % 7]} number {n} grow?", f"The {WORDS[n % 7]} of row {n} grows there.")
    for n in range(40)
]
SEVERAL = asked("What of the elm?", "The elm is a tree.", "The elm is tall.")
GERMAN = [asked(f"Wo ist Baum {n}?", f"Baum {n} steht hier.", language="deu") for n in range(20)]
DEV = [asked(f"Which pine {n}?", f"The pine of {n}.", site="pine.com", split="dev") for n in range(5)]
OVERLAP = [asked("Which fir?", ENGLISH[0]["answers"][0], site="pine.com", split="dev")]
ROWS = [*ENGLISH, SEVERAL, *GERMAN, *DEV, *OVERLAP]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A retrieval set with candidates by BM25."""
    folder = tmp_path_factory.mktemp("trained")
    write_retrieval_set(folder, ROWS, n_parts={"eng": 2})
    with pytest.MonkeyPatch.context() as patch:
        in_this_process(patch)
        mine(folder, "mining.dense_model=none")
    return folder


def parts(work, table="corpus"):
    return commits_by_language(read_manifest(str(work), table))


@pytest.fixture
def seen(monkeypatch, tmp_path):
    """What trainers were given, and folders they left; nothing is learned."""
    found = []

    def train(items, *, out):
        assert not out.exists()
        found.append(list(items))
        out.mkdir()
        (out / "config.json").write_text("{}")

    monkeypatch.setattr(trained_models, "train_dense_model", train)
    monkeypatch.setattr(trained_models, "train_teacher", train)
    return found


def expected_pairs(rows):
    return Counter((r["question"], a, r["language"], r["site"]) for r in rows for a in r["answers"])


def test_the_embedder_learns_from_the_training_split_alone(work, tmp_path, seen):
    dense_bootstrap(str(tmp_path), {}, key="none")
    assert seen.pop() == []
    model = dense_bootstrap(str(work), parts(work), key="k1")
    assert Counter(seen[0]) == expected_pairs([*ENGLISH, SEVERAL, *GERMAN])
    assert model.name == "bootstrap"
    assert model.folder == f"{work}/models/k1/bootstrap"


def test_of_too_many_pairs_the_same_share_of_each_part(work, seen, monkeypatch):
    monkeypatch.setattr(trained_models, "MAX_PAIRS", len(ROWS) / 2)
    dense_bootstrap(str(work), parts(work), key="k2")
    half = Counter(language for _, _, language, _ in seen[0])
    assert half["eng"] == pytest.approx(21, abs=5)
    assert half["deu"] == pytest.approx(10, abs=1)
    assert set(seen[0]) < set(expected_pairs(ROWS))


def test_the_teacher_learns_from_candidates_that_nobody_calls_an_answer(work, seen):
    teacher = teacher_bootstrap(str(work), parts(work), parts(work, "candidates"), key="k3")
    assert teacher.name == "bootstrap-teacher"
    candidates = {}
    for row in read(work, "candidates").to_pylist():
        candidates.setdefault(row["query_id"], []).append(row)
    texts = {row["doc_id"]: row["text"] for row in read(work, "corpus").to_pylist()}
    by_question = {row["question"]: row for row in ROWS}
    assert len(seen[0]) > 30
    for example in seen[0]:
        row = by_question[example.question]
        assert row["split"] == "train"
        assert example.positive in row["answers"]
        others = sorted(
            (c for c in candidates[row["query_id"]] if not c["is_positive"]), key=lambda c: c["rank"]
        )
        assert list(example.negatives) == [texts[c["doc_id"]] for c in others[:20]]
        assert not set(example.negatives) & set(row["answers"])


def test_as_many_questions_of_each_language(work, seen, monkeypatch):
    monkeypatch.setattr(trained_models, "_MAX_EXAMPLES", 20)
    teacher_bootstrap(str(work), parts(work), parts(work, "candidates"), key="k4")
    languages = Counter("deu" if example.question.startswith("Wo ist") else "eng" for example in seen[0])
    assert languages == {"deu": 10, "eng": 10}


def test_a_model_is_trained_once_for_a_key(work, seen):
    first = dense_bootstrap(str(work), parts(work), key="k5")
    assert dense_bootstrap(str(work), parts(work), key="k5") == first
    assert len(seen) == 1
    dense_bootstrap(str(work), parts(work), key="k6")
    assert len(seen) == 2


def test_a_killed_training_leaves_no_model(work, seen, monkeypatch):
    def killed(items, *, out):
        out.mkdir()
        (out / "half").write_text("")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trained_models, "train_dense_model", killed)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                dense_bootstrap(str(work), parts(work), key="k7")
    model = dense_bootstrap(str(work), parts(work), key="k7")
    assert [path.name for path in (work / "models" / "k7").rglob("*")] == ["bootstrap", "config.json"]
    assert model.folder == f"{work}/models/k7/bootstrap"


def test_models_are_kept_in_a_local_folder_alone(work, seen):
    with pytest.raises(
        ConfigError, match=r"s3://bucket/work is no local folder.*dense_model=ID and --teacher"
    ):
        dense_bootstrap("s3://bucket/work", parts(work), key="k8")
    assert seen == []


def test_the_same_set_gives_the_same_model_however_it_is_cut(work, tmp_path):
    write_retrieval_set(tmp_path, ROWS, n_parts={"eng": 2, "deu": 3})
    first, second = (dense_bootstrap(str(folder), parts(folder), key="real") for folder in (work, tmp_path))
    assert first.revision == second.revision
