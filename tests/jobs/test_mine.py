"""The mine job on a retrieval set made by hand: what stands in the tables after any kind of search."""

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs the extra mining")
pytest.importorskip("sentence_transformers", reason="needs the extra mining")

from retrieval_by_hand import (
    DEPTH,
    GERMAN,
    NEAR,
    NOT_FOUND,
    OTHER_SPLITS,
    PARALLEL,
    PARTS,
    ROWS,
    SAME_QUESTION,
    SEVERAL,
    UNKNOWN_WORDS,
    decision,
    ids_of,
    n_documents,
    rows_by_query,
)
from retrieval_tables import mine, write_retrieval_set
from work_tables import read


def test_depth_others_are_left_beside_all_positives_however_many_a_query_has(mined):
    candidates = rows_by_query(mined[0], "candidates")
    for query in (row for row in ROWS if row["split"] == "train" and row is not UNKNOWN_WORDS):
        rows = candidates[query["query_id"]]
        others = [row for row in rows if not row["is_positive"]]
        assert len(others) == min(DEPTH, n_documents(query["language"]) - len(query["doc_ids"])), query
        assert {row["doc_id"] for row in rows if row["is_positive"]} <= set(query["doc_ids"])
        assert not {row["doc_id"] for row in others} & set(query["doc_ids"])
    first = {row["doc_id"] for row in candidates[SEVERAL["query_id"]] if row["bm25_rank"] in (1, 2, 3)}
    assert first == set(SEVERAL["doc_ids"]), "positives take the first places"


def test_only_queries_and_documents_of_the_split_are_mined(mined):
    queries = {row["query_id"] for row in ROWS if row["split"] == "train"}
    documents = {id for row in ROWS if row["split"] == "train" for id in row["doc_ids"]}
    for table in ("candidates", "scores", "negatives"):
        rows = read(mined[0], table).to_pylist()
        assert {row["query_id"] for row in rows} == queries - (
            set() if table == "scores" else {UNKNOWN_WORDS["query_id"]}
        )
        assert {row["doc_id"] for row in rows} <= documents
    assert read(mined[0], "document_vectors").num_rows == len({id for row in ROWS for id in row["doc_ids"]})


def test_the_development_split_has_its_own(work, runner, settings):
    mine(work, *settings, "mining.split=dev")
    assert {row["query_id"] for row in read(work, "scores").to_pylist()} == {OTHER_SPLITS[0]["query_id"]}
    assert [row["doc_id"] for row in read(work, "candidates").to_pylist()] == OTHER_SPLITS[0]["doc_ids"]
    assert "embed_part" not in dict(runner.done)


def test_candidates_of_a_language_are_of_that_language(mined):
    for row in read(mined[0], "candidates").to_pylist():
        assert row["doc_id"] in ids_of(row["language"])


def test_scores_and_ranks_are_those_of_both_searches(mined):
    rows = rows_by_query(mined[0], "candidates")[SEVERAL["query_id"]]
    (own,) = [row for row in rows if row["bm25_rank"] == 1]
    assert own["is_positive"]
    assert own["bm25_score"] == max(row["bm25_score"] or 0 for row in rows)
    assert own["dense_score"] == pytest.approx(1, abs=1e-3)
    for row in rows:
        assert row["rrf_score"] == pytest.approx(
            sum(1 / (60 + row[name]) for name in ("bm25_rank", "dense_rank") if row[name])
        )
        for name in ("bm25", "dense"):
            assert (row[f"{name}_rank"] is None) == (row[f"{name}_score"] is None)
    assert [row["rrf_score"] for row in rows] == sorted((row["rrf_score"] for row in rows), reverse=True)


def test_nothing_is_lost_between_the_tables(mined):
    work, summary, _ = mined
    candidates, negatives, scores = (
        [(row["query_id"], row["doc_id"]) for row in read(work, table).to_pylist()]
        for table in ("candidates", "negatives", "scores")
    )
    positives = {(row["query_id"], id) for row in ROWS if row["split"] == "train" for id in row["doc_ids"]}
    missed = positives - set(candidates)
    assert negatives == candidates
    assert len(scores) == len(set(scores)) == len(candidates) + len(missed)
    assert set(scores) == set(candidates) | positives
    assert missed >= {(row["query_id"], row["doc_ids"][0]) for row in (NOT_FOUND, UNKNOWN_WORDS)}
    assert (summary.n_candidates, summary.n_scores) == (len(candidates), len(scores))
    assert summary.n_negatives == sum(r["decision"] == "kept" for r in read(work, "negatives").to_pylist())
    assert summary.languages["deu"] == {
        "n_queries": 1,
        "n_candidates": 1,
        "n_negatives": 0,
        "n_short": 1,
    }


def test_scores_are_the_cosines_of_their_own_pair(mined):
    vectors = {"north": (0, 1), "east": (1, 0), "west": (-1, 0), "northeast": (0.5**0.5, 0.5**0.5)}

    def direction(text):
        known = [vectors[word] for word in text.lower().replace("?", "").split() if word in vectors]
        return np.array(known[0] if known else (0, 0))

    texts = {row["query_id"]: row["question"] for row in ROWS}
    answers = {id: text for row in ROWS for id, text in zip(row["doc_ids"], row["answers"], strict=True)}
    for row in read(mined[0], "scores").to_pylist():
        expected = direction(texts[row["query_id"]]) @ direction(answers[row["doc_id"]])
        assert row["score"] == pytest.approx(expected, abs=2e-3), row
        assert row["is_positive"] == any(row["doc_id"] in r["doc_ids"] for r in ROWS if is_query(r, row))
        assert row["first_score"] is None


def is_query(asked_row, row):
    return asked_row["query_id"] == row["query_id"]


def test_what_documents_share_reaches_the_decisions(mined):
    work = mined[0]
    assert decision(work, NEAR[0], NEAR[1]["answers"][0]) == "near_duplicate"
    assert decision(work, SAME_QUESTION[0], SAME_QUESTION[1]["answers"][0]) == "same_question"
    assert decision(work, PARALLEL[1], PARALLEL[0]["answers"][0]) == "parallel"
    assert decision(work, SEVERAL, SEVERAL["answers"][2]) == "positive"


def test_negatives_are_numbered_from_the_hardest_and_below_the_margin(mined):
    scores = {(r["query_id"], r["doc_id"]): r["score"] for r in read(mined[0], "scores").to_pylist()}
    n_kept = 0
    for query_id, rows in rows_by_query(mined[0], "negatives").items():
        kept = sorted((row for row in rows if row["decision"] == "kept"), key=lambda row: row["place"])
        assert [row["place"] for row in kept] == list(range(1, len(kept) + 1))
        assert all(row["place"] is None for row in rows if row["decision"] != "kept")
        assert [row["score"] for row in kept] == sorted((row["score"] for row in kept), reverse=True)
        positives = [
            scores[r["query_id"], id] for r in ROWS if r["query_id"] == query_id for id in r["doc_ids"]
        ]
        assert all(row["score"] == scores[query_id, row["doc_id"]] <= 0.95 * min(positives) for row in kept)
        n_kept += len(kept)
    assert n_kept > 10


def test_same_site_negatives_can_be_banned(work, runner, settings):
    mine(work, *settings, "negatives.same_site_limit=0")
    sites = {id: {r["site"] for r in ROWS if id in r["doc_ids"]} for row in ROWS for id in row["doc_ids"]}
    site = {row["query_id"]: row["site"] for row in ROWS}
    kept = [row for row in read(work, "negatives").to_pylist() if row["decision"] == "kept"]
    assert kept
    assert not [row for row in kept if site[row["query_id"]] in sites[row["doc_id"]]]


def test_without_a_teacher_ranks_decide(work, runner, settings):
    summary = mine(work, *settings, "mining.teacher=[]")
    assert {part for part, _ in runner.done} == {"select_part"}
    assert (summary.teachers, summary.n_scores) == ([], 0)
    for rows in rows_by_query(work, "negatives").values():
        kept = sorted((row for row in rows if row["decision"] == "kept"), key=lambda row: row["place"])
        assert [row["rank"] for row in kept] == sorted(row["rank"] for row in kept)
        assert {row["score"] for row in rows} == {None}


def test_bm25_alone_finds_what_shares_a_term(tmp_path, runner, models):
    write_retrieval_set(tmp_path, ROWS, n_parts=PARTS)
    summary = mine(tmp_path, "mining.dense_model=none", f"mining.depth={DEPTH}")
    assert summary.dense_model is None
    rows = read(tmp_path, "candidates").to_pylist()
    assert rows
    assert {(row["dense_rank"], row["dense_score"]) for row in rows} == {(None, None)}
    assert all(row["bm25_rank"] == row["rank"] for row in rows)
    assert {row["query_id"] for row in rows} == {
        row["query_id"] for row in ROWS if row["split"] == "train" and row is not UNKNOWN_WORDS
    }
    assert not list((tmp_path / "cache").glob("*/dense"))
    assert {part for part, _ in runner.done} == {"search_part", "select_part"}


def test_a_dense_search_alone(tmp_path, runner, settings):
    write_retrieval_set(tmp_path, ROWS, n_parts=PARTS)
    mine(tmp_path, *settings, "mining.bm25=false")
    rows = read(tmp_path, "candidates").to_pylist()
    assert {(row["bm25_rank"], row["bm25_score"]) for row in rows} == {(None, None)}
    assert all(row["dense_rank"] == row["rank"] for row in rows)
    assert not list((tmp_path / "cache").glob("*/bm25"))
    (german,) = [row for row in rows if row["language"] == "deu"]
    assert (german["doc_id"], german["is_positive"]) == (GERMAN[0]["doc_ids"][0], True)


def test_a_quantised_search(tmp_path, runner, settings):
    """A corpus beyond mining.flat_below, with fewer documents than a query has candidates and with none."""
    write_retrieval_set(tmp_path, ROWS, n_parts=PARTS)
    summary = mine(tmp_path, *settings, "mining.flat_below=0", "mining.depth=100")
    assert summary.languages["eng"]["n_candidates"] > 30 * 10


def test_the_second_teacher_scores_what_the_first_ranks_best(work, runner, settings, models):
    summary = mine(
        work, *settings, f'mining.teacher=["{models[1]}", "{models[2]}"]', "mining.teacher_depth=2"
    )
    assert [label.split("@")[0] for label in summary.teachers] == ["b", "c"]
    n_not_scored = 0
    decisions = {
        (row["query_id"], row["doc_id"]): row["decision"] for row in read(work, "negatives").to_pylist()
    }
    for query_id, rows in rows_by_query(work, "scores").items():
        assert all(row["first_score"] is not None for row in rows)
        assert all(row["score"] is not None for row in rows if row["is_positive"])
        others = sorted(
            (row for row in rows if not row["is_positive"]),
            key=lambda row: (-row["first_score"], row["doc_id"]),
        )
        assert [row["score"] is not None for row in others] == [n < 2 for n in range(len(others))]
        assert {row["first_teacher"].split("@")[0] for row in rows} == {"b"}
        assert {row["teacher"].split("@")[0] for row in rows} == {"c"}
        found = {decisions[query_id, row["doc_id"]] for row in others[2:]}
        assert found <= {"not_scored", "near_duplicate", "same_question", "parallel"}
        n_not_scored += len(others[2:])
    assert n_not_scored > 50


def test_percentiles_are_those_of_the_language(work, runner, settings):
    """Of English a twentieth scores at most cos 45 degrees, of French all score 1."""
    mine(work, *settings, "negatives.max_percentile=5", "negatives.percent_of_positive=1")
    scores = {(row["query_id"], row["doc_id"]): row for row in read(work, "scores").to_pylist()}
    english = [r["score"] for r in scores.values() if r["doc_id"] in ids_of("eng") and not r["is_positive"]]
    highest = {"eng": np.percentile(english, 5) + 0.01, "fra": 1.01}
    assert highest["eng"] < 0.8
    n_kept = Counter()
    for row in read(work, "negatives").to_pylist():
        score = scores[row["query_id"], row["doc_id"]]["score"]
        if row["decision"] in ("kept", "above_percentile"):
            assert (row["decision"] == "kept") == (score < highest[row["language"]])
            n_kept[row["language"], row["decision"]] += 1
    assert set(n_kept) == {("eng", "kept"), ("eng", "above_percentile"), ("fra", "kept")}
