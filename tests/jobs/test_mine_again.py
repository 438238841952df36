"""What the mine job does again after a change or a kill, and what it keeps."""

from collections import Counter

import pytest

pytest.importorskip("numba", reason="needs the extra mining")
pytest.importorskip("sentence_transformers", reason="needs the extra mining")

from retrieval_by_hand import ALL, ENGLISH, FRENCH, PARTS, ROWS, TABLES
from retrieval_tables import asked, contents, mine, write_retrieval_set
from work_tables import read

from pipeline.core.language_parts import part_of_id
from pipeline.core.manifest import read_commits, read_manifest
from pipeline.jobs import score_parts


def test_a_rerun_has_nothing_to_do(work, runner, settings, mined):
    before = contents(work, *TABLES)
    summary = mine(work, *settings)
    assert runner.done == []
    assert contents(work, *TABLES) == before
    assert summary.figures() | {"seconds": 0, "work_s": 0, "work": ""} == mined[1].figures() | {
        "seconds": 0,
        "work_s": 0,
        "work": "",
    }


@pytest.mark.parametrize(
    ("changed", "does"),
    [
        ("negatives.skip=1", {"select_part"}),
        ("negatives.percent_of_positive=0.5", {"select_part"}),
        ("negatives.min_percentile=20", {"select_part"}),
        ("mining.max_tokens=100", ALL),
        ("mining.depth=6", ALL - {"embed_part"}),
        ("mining.bm25_k1=2", ALL - {"embed_part"}),
        ("mining.rrf_constant=10", ALL - {"embed_part"}),
        ("mining.tokens_per_batch=1024", set()),
        ("mining.teacher_depth=9", set()),
    ],
)
def test_a_changed_setting_does_again_what_depends_on_it(work, runner, settings, changed, does):
    mine(work, *settings, changed)
    assert {part for part, _ in runner.done} == does
    n_parts = sum(PARTS.values()) + 1
    assert Counter(part for part, _ in runner.done) == dict.fromkeys(does, n_parts)


def test_depth_counts_without_a_dense_search_too(tmp_path, runner):
    write_retrieval_set(tmp_path, ROWS, n_parts=PARTS)
    for depth in (8, 3):
        runner.done.clear()
        mine(tmp_path, "mining.dense_model=none", f"mining.depth={depth}")
        assert {part for part, _ in runner.done} == {"search_part", "select_part"}
    others = [row["query_id"] for row in read(tmp_path, "candidates").to_pylist() if not row["is_positive"]]
    assert max(Counter(others).values()) == 3


def test_another_teacher_scores_and_selects_again(work, runner, settings, models):
    mine(work, *settings, f'mining.teacher=["{models[2]}"]')
    assert {part for part, _ in runner.done} == {"rerank_part", "select_part"}
    assert {row["teacher"].split("@")[0] for row in read(work, "scores").to_pylist()} == {"c"}


def test_a_changed_document_does_again_its_part_and_what_searches_its_language(work, runner, settings):
    rows = [*ROWS[:-1], asked(FRENCH[-1]["question"], "east porte neuve", language="fra")]
    write_retrieval_set(work, rows, n_parts=PARTS)
    mine(work, *settings)
    done = Counter(runner.done)
    assert {language for _, language in done} == {"fra"}
    assert 1 <= done["embed_part", "fra"] <= 3, "the parts of the query and of both documents"
    assert done["search_part", "fra"] == PARTS["fra"]


def test_one_language_first_and_then_all_keeps_what_was_done(mined, tmp_path, runner, settings):
    write_retrieval_set(tmp_path, ROWS, n_parts=PARTS)
    first = mine(tmp_path, *settings, 'mining.languages=["fra"]')
    assert Counter(runner.done) == Counter({(part, "fra"): PARTS["fra"] for part in ALL})
    assert list(first.languages) == ["fra"]
    runner.done.clear()
    mine(tmp_path, *settings)
    assert Counter(runner.done) == Counter(
        {(part, language): n for part in ALL for language, n in (("eng", 3), ("deu", 1))}
    )
    assert contents(tmp_path, *TABLES) == contents(mined[0], *TABLES)
    assert [read_manifest(str(tmp_path), table).key for table in TABLES] == [
        read_manifest(str(mined[0]), table).key for table in TABLES
    ]


@pytest.mark.parametrize("changed", ["negatives.skip=1", 'mining.teacher=["TEACHER"]', "mining.depth=6"])
def test_one_language_with_other_settings_after_all(work, runner, settings, models, changed):
    summary = mine(work, *settings, changed.replace("TEACHER", models[2]), 'mining.languages=["fra"]')
    assert {language for _, language in runner.done} == {"fra"}
    assert list(summary.languages) == ["fra"]
    assert {row["language"] for row in read(work, "negatives").to_pylist()} == {"fra"}
    rows = [row for row in read(work, "candidates").to_pylist() if row["language"] == "fra"]
    assert summary.n_candidates == len(rows) == read(work, "negatives").num_rows


def test_a_killed_teacher_goes_on_after_the_last_block(mined, tmp_path, runner, settings, monkeypatch):
    """Scoring ends within a part, between two of its blocks."""
    write_retrieval_set(tmp_path, ROWS, n_parts=PARTS)
    monkeypatch.setattr(score_parts, "_QUERIES_SCORED_AT_ONCE", 4)
    n_calls = 0
    score_cascade = score_parts.score_cascade

    def counted(*arguments, **named):
        nonlocal n_calls
        n_calls += 1
        return score_cascade(*arguments, **named)

    def killed(*arguments, **named):
        if n_calls == 2:
            raise KeyboardInterrupt
        return counted(*arguments, **named)

    monkeypatch.setattr(score_parts, "score_cascade", killed)
    with pytest.raises(KeyboardInterrupt):
        mine(tmp_path, *settings, 'mining.languages=["eng"]')
    assert read_commits(str(tmp_path), "rerank") == []
    monkeypatch.setattr(score_parts, "score_cascade", counted)
    runner.done.clear()
    mine(tmp_path, *settings, 'mining.languages=["eng"]')
    assert Counter(runner.done) == {("rerank_part", "eng"): 3, ("select_part", "eng"): 3}
    n_queries = [Counter(part_of(row) for row in ENGLISH)[no] for no in range(3)]
    assert n_calls == sum(-(-n // 4) for n in n_queries), "blocks that were scored are not scored again"
    ours, whole = contents(tmp_path, *TABLES), contents(mined[0], *TABLES)
    assert ours == {key: part for key, part in whole.items() if key[1].startswith("eng")}
    assert list((tmp_path / "checkpoints" / "rerank").iterdir()) == []


def part_of(row):
    return part_of_id(row["query_id"], PARTS["eng"])
