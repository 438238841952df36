"""Exports by hand, their margins against the loss that learns them, and what must not change a row."""

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.exports import (
    Mined,
    Texts,
    grouped,
    labelled_pairs,
    margin_triplets,
    margin_tuples,
    n_tuples,
    triplets,
)
from pipeline.core.errors import ConfigError

POSITIVES = [("q2", "d7", 0.5), ("q1", "d2", 3.0), ("q3", "d1", -2.0), ("q1", "d1", 4.0)]
NEGATIVES = [
    ("q1", "d9", 1.0, 2),
    ("q2", "d1", -1.5, 1),
    ("q1", "d3", 2.0, 1),
    ("q1", "d8", 0.25, 3),
]
"""In no order; q1 has two positives and three negatives, q3 no negative."""


def positives_table(rows):
    columns = zip(*rows, strict=True) if rows else [()] * 3
    types = (pa.string(), pa.string(), pa.float32())
    return pa.table(
        [pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=["query_id", "doc_id", "score"]
    )


def negatives_table(rows):
    table = positives_table([row[:3] for row in rows])
    return table.append_column("place", pa.array([row[3] for row in rows], pa.int32()))


def mined(query_ids=("q1", "q2", "q3"), positives=POSITIVES, negatives=NEGATIVES):
    return Mined(pa.array(query_ids, pa.string()), positives_table(positives), negatives_table(negatives))


def texts():
    queries = pa.table({"query_id": ["q3", "q2", "q1"], "text": ["three?", "two?", "one?"]})
    numbers = range(10)
    documents = {"doc_id": [f"d{i}" for i in numbers], "text": [f"Answer {i}." for i in numbers]}
    return Texts.of_tables(queries, pa.table(documents))


def listed(table):
    """Return the rows as tuples, and the names of the columns."""
    return [tuple(row.values()) for row in table.to_pylist()], table.column_names


def test_grouped_by_hand():
    rows, names = listed(grouped(mined()))
    assert names == ["query_id", "positive_ids", "positive_scores", "negative_ids", "negative_scores"]
    assert rows == [
        ("q1", ["d1", "d2"], [4.0, 3.0], ["d3", "d9", "d8"], [2.0, 1.0, 0.25]),
        ("q2", ["d7"], [0.5], ["d1"], [-1.5]),
        ("q3", ["d1"], [-2.0], [], []),
    ]


def test_grouped_with_texts_and_at_most_two_negatives():
    table = grouped(mined(), n=2, texts=texts())
    assert table.column_names == [
        "query_id",
        "query",
        "positive_ids",
        "positives",
        "positive_scores",
        "negative_ids",
        "negatives",
        "negative_scores",
    ]
    assert table.to_pylist()[0] == {
        "query_id": "q1",
        "query": "one?",
        "positive_ids": ["d1", "d2"],
        "positives": ["Answer 1.", "Answer 2."],
        "positive_scores": [4.0, 3.0],
        "negative_ids": ["d3", "d9"],
        "negatives": ["Answer 3.", "Answer 9."],
        "negative_scores": [2.0, 1.0],
    }


TRIPLETS = [("q1", "d1", n) for n in ("d3", "d9", "d8")] + [("q1", "d2", n) for n in ("d3", "d9", "d8")]
TRIPLETS += [("q2", "d7", "d1")]


def test_triplets_by_hand():
    assert listed(triplets(mined())) == (TRIPLETS, ["query_id", "positive_id", "negative_id"])
    rows, names = listed(triplets(mined(), n=1, texts=texts()))
    assert names == ["query", "positive", "negative"]
    assert rows == [
        ("one?", "Answer 1.", "Answer 3."),
        ("one?", "Answer 2.", "Answer 3."),
        ("two?", "Answer 7.", "Answer 1."),
    ]


def test_the_sign_of_a_margin():
    """The teacher's score of the positive less that of the negative: 4 - 2, 4 - 1, 4 - 0.25 and so on."""
    rows, names = listed(margin_triplets(mined()))
    assert names == ["query_id", "positive_id", "negative_id", "label"]
    margins = [2.0, 3.0, 3.75, 1.0, 2.0, 2.75, 2.0]  # the last: 0.5 - (-1.5)
    assert rows == [(*row, margin) for row, margin in zip(TRIPLETS, margins, strict=True)]
    reversed_pair = mined(["q"], [("q", "a", -3.0)], [("q", "b", -1.0, 1)])
    assert margin_triplets(reversed_pair)["label"].to_pylist() == [-2.0]


def test_tuples_leave_out_queries_with_too_few_negatives():
    found = n_tuples(mined(), n=2, texts=texts())
    assert listed(found.table) == (
        [
            ("one?", "Answer 1.", "Answer 3.", "Answer 9."),
            ("one?", "Answer 2.", "Answer 3.", "Answer 9."),
        ],
        ["query", "positive", "negative_1", "negative_2"],
    )
    assert found.n_left_out == 2  # q2 and q3, a positive each
    none = n_tuples(mined(), n=4)
    assert (none.table.num_rows, none.n_left_out) == (0, 4)
    assert none.table.column_names == ["query_id", "positive_id"] + [f"negative_{i}_id" for i in range(1, 5)]


def test_margins_of_tuples():
    found = margin_tuples(mined(), n=2)
    assert found.table["label"].to_pylist() == [[2.0, 3.0], [1.0, 2.0]]
    assert found.table.column_names == ["query_id", "positive_id", "negative_1_id", "negative_2_id", "label"]
    assert found.n_left_out == 2
    assert margin_tuples(mined(), n=1).table["label"].to_pylist() == [[2.0], [1.0], [2.0]]


PAIRS = [
    ("q1", "d1", 1, 4.0),
    ("q1", "d2", 1, 3.0),
    ("q1", "d3", 0, 2.0),
    ("q1", "d9", 0, 1.0),
    ("q1", "d8", 0, 0.25),
    ("q2", "d7", 1, 0.5),
    ("q2", "d1", 0, -1.5),
    ("q3", "d1", 1, -2.0),
]


def test_labelled_pairs_by_hand():
    labels = [(query, passage, label) for query, passage, label, _ in PAIRS]
    scores = [(query, passage, score) for query, passage, _, score in PAIRS]
    assert listed(labelled_pairs(mined())) == (labels, ["query_id", "passage_id", "label"])
    assert listed(labelled_pairs(mined(), target="score")) == (scores, ["query_id", "passage_id", "score"])
    table = labelled_pairs(mined(), n=1, texts=texts())
    assert table.column_names == ["query", "passage", "label"]
    assert listed(table)[0][:4] == [
        ("one?", "Answer 1.", 1),
        ("one?", "Answer 2.", 1),
        ("one?", "Answer 3.", 0),
        ("two?", "Answer 7.", 1),
    ]


@pytest.mark.parametrize("missing", [None, math.nan])
def test_forms_with_scores_need_a_teacher(missing):
    without = mined(["q1"], [("q1", "d1", missing)], [("q1", "d2", missing, 1)])
    for form in (
        lambda: margin_triplets(without),
        lambda: margin_tuples(without, n=1),
        lambda: labelled_pairs(without, target="score"),
    ):
        with pytest.raises(ConfigError, match="needs a teacher's scores"):
            form()
    assert listed(triplets(without))[0] == [("q1", "d1", "d2")]
    assert listed(labelled_pairs(without))[0] == [("q1", "d1", 1), ("q1", "d2", 0)]
    assert listed(grouped(without))[0] == [("q1", ["d1"], [None], ["d2"], [None])]


def test_ids_that_nothing_is_known_of_are_refused():
    with pytest.raises(ValueError, match="query_id q3 is not in the table"):
        triplets(mined(["q1", "q2"]))
    few = Texts(
        texts().queries,
        Texts.of_tables(*[pa.table({"query_id": ["q1"], "doc_id": ["d1"], "text": ["x"]})] * 2).documents,
    )
    with pytest.raises(ValueError, match="doc_id d2 is not in the table"):
        triplets(mined(), texts=few)


def test_nothing_mined():
    nothing = mined([], [], [])
    for table in (
        grouped(nothing),
        triplets(nothing),
        margin_triplets(nothing),
        labelled_pairs(nothing),
        n_tuples(nothing, n=2).table,
        margin_tuples(nothing, n=2).table,
    ):
        assert table.num_rows == 0


@st.composite
def rows_of_queries(draw):
    """Return positives and negatives of up to five queries, every score another."""
    n, scores = draw(st.integers(1, 5)), iter(range(1000))
    positives, negatives = [], []
    for i in range(n):
        documents = draw(st.permutations([f"d{j}" for j in range(10)]))
        n_positives, n_negatives = draw(st.integers(1, 3)), draw(st.integers(0, 5))
        positives += [(f"q{i}", d, next(scores) / 8) for d in documents[:n_positives]]
        chosen = documents[n_positives : n_positives + n_negatives]
        negatives += [(f"q{i}", d, next(scores) / 8, place + 1) for place, d in enumerate(chosen)]
    return n, draw(st.permutations(positives)), draw(st.permutations(negatives))


@settings(deadline=None, max_examples=60)
@given(rows_of_queries(), st.integers(1, 4), st.data())
def test_every_row_says_what_was_mined_and_blocks_add_up(case, n, data):
    n_queries, positives, negatives = case
    score = {(query, document): value for query, document, value, *_ in positives + negatives}
    place = {(query, document): at for query, document, _, at in negatives}
    ids = [f"q{i}" for i in range(n_queries)]
    whole = mined(ids, positives, negatives)
    found, margins = listed(triplets(whole, n=n))[0], margin_triplets(whole, n=n)["label"].to_pylist()
    n_of = {query: min(sum(row[0] == query for row in negatives), n) for query in ids}
    assert len(set(found)) == len(found) == sum(n_of[query] for query, *_ in positives)
    for (query, positive, negative), margin in zip(found, margins, strict=True):
        assert (query, positive) not in place
        assert place[query, negative] <= n
        assert margin == score[query, positive] - score[query, negative]
    labels = listed(labelled_pairs(whole))[0]
    assert {(query, passage): not label for query, passage, label in labels} == {
        pair: pair in place for pair in score
    }
    assert {(q, d): s for q, d, s in listed(labelled_pairs(whole, target="score"))[0]} == score
    complete = n_tuples(whole, n=n)
    assert complete.table.num_rows + complete.n_left_out == len(positives)
    cut = data.draw(st.integers(0, n_queries))
    for form in (grouped, triplets, margin_triplets, labelled_pairs, lambda part: n_tuples(part, n=n).table):
        parts = [
            form(mined(own, *([r for r in rows if r[0] in own] for rows in (positives, negatives))))
            for own in (ids[:cut], ids[cut:])
        ]
        assert pa.concat_tables(parts).to_pylist() == form(whole).to_pylist()


def test_the_loss_is_zero_for_a_model_that_scores_as_the_teacher():
    """sentence-transformers' own MarginMSELoss, of vectors whose products are the teacher's scores."""
    pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    import torch
    from sentence_transformers.sentence_transformer.losses import MarginMSELoss

    score = {(query, document): value for query, document, value, *_ in POSITIVES + NEGATIVES}
    loss = MarginMSELoss(model=None)

    def loss_of(table):
        rows = listed(table)[0]
        columns = list(zip(*(row[:-1] for row in rows), strict=True))
        passages = [
            torch.tensor(
                [[score[query, document]] for query, document in zip(columns[0], column, strict=True)]
            )
            for column in columns[1:]
        ]
        labels = torch.tensor([row[-1] for row in rows])
        return (
            loss.compute_loss_from_embeddings([torch.ones(len(rows), 1), *passages], labels).item(),
            loss.compute_loss_from_embeddings([torch.ones(len(rows), 1), *passages], -labels).item(),
        )

    for table in (margin_triplets(mined()), margin_tuples(mined(), n=2).table):
        right, turned = loss_of(table)
        assert right == 0
        assert turned > 1
