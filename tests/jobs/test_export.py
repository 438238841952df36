"""Exports by hand, what ends and resumes them, and that trainers take them."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mined_tables import Asked, Doc, doc_id, write_mined, write_retrieval
from rich.console import Console

from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.storage import exclusive
from pipeline.jobs import export as module
from pipeline.jobs import export_parts
from pipeline.jobs.document_texts import DocumentTexts
from pipeline.jobs.export import export
from pipeline.jobs.mined import mined_parts

ROWS = [
    Asked(
        "How?",
        (
            Doc("Like so.", 3.0, "positive"),
            Doc("Or so.", 2.0, "positive", is_found=False),
            Doc("With care.", 1.5),
            Doc("Nearly so.", 1.9, "above_margin"),
            Doc("Never.", -1.0),
            Doc("Tomorrow.", -2.0),
        ),
    ),
    Asked("When?", (Doc("At nine.", 4.0, "positive"), Doc("Tomorrow.", 0.5))),
    Asked("Why?", (Doc("Because.", 1.0, "positive"), Doc("At nine.", 0.9, "above_margin"))),
    Asked("Wann?", (Doc("Um neun.", 5.0, "positive"), Doc("Nie.", 0.0)), language="deu"),
]


def run(work, out, form="triplets", *, n=None, with_texts=True, file_type="parquet", languages=()):
    return export(
        work=str(work),
        out=str(out),
        form=form,
        n=n,
        with_texts=with_texts,
        file_type=file_type,
        languages=languages,
        console=Console(quiet=True),
    )


def rows_of(out):
    """All rows of a folder, and the names of the columns."""
    tables = [pq.read_table(path) for path in sorted(Path(out).glob("*.parquet"))]
    assert len({str(table.schema) for table in tables}) == 1
    return sorted(tuple(row.values()) for t in tables for row in t.to_pylist()), tables[0].column_names


@pytest.fixture
def work(tmp_path):
    return write_mined(tmp_path / "work", ROWS)


TRIPLETS = [
    ("How?", "Like so.", "Never."),
    ("How?", "Like so.", "Tomorrow."),
    ("How?", "Like so.", "With care."),
    ("How?", "Or so.", "Never."),
    ("How?", "Or so.", "Tomorrow."),
    ("How?", "Or so.", "With care."),
    ("Wann?", "Um neun.", "Nie."),
    ("When?", "At nine.", "Tomorrow."),
]


@pytest.mark.parametrize("n_parts", [1, 3])
@pytest.mark.parametrize("n_rows", [1, 4, 20_000])
def test_triplets_by_hand_in_any_parts_and_blocks(tmp_path, monkeypatch, n_parts, n_rows):
    monkeypatch.setattr(export_parts, "_ROWS", n_rows)
    summary = run(write_mined(tmp_path / "work", ROWS, n_parts=n_parts), tmp_path / "out")
    assert rows_of(tmp_path / "out") == (TRIPLETS, ["query", "positive", "negative"])
    assert (summary.n_rows, summary.n_left_out) == (8, 0)
    assert summary.languages == {"eng": 7, "deu": 1}
    assert summary.n_files == len(list((tmp_path / "out").glob("*.parquet")))


def test_ids_of_the_first_negatives(work, tmp_path):
    run(work, tmp_path / "out", n=1, with_texts=False, languages=["eng"])
    how, when = ROWS[0].id, ROWS[1].id
    named = [(how, "Like so.", "With care."), (how, "Or so.", "With care."), (when, "At nine.", "Tomorrow.")]
    expected = sorted((query, doc_id(positive), doc_id(negative)) for query, positive, negative in named)
    assert rows_of(tmp_path / "out") == (expected, ["query_id", "positive_id", "negative_id"])


def test_grouped_has_queries_without_negatives_and_all_scores(work, tmp_path):
    run(work, tmp_path / "out", "grouped")
    table = pq.read_table(tmp_path / "out" / "eng-00000-of-00001.parquet")
    by_query = {row["query"]: row for row in table.to_pylist()}
    how = by_query["How?"]
    assert dict(zip(how["positives"], how["positive_scores"], strict=True)) == {"Like so.": 3, "Or so.": 2}
    assert how["negatives"] == ["With care.", "Never.", "Tomorrow."]
    assert how["negative_scores"] == [1.5, -1.0, -2.0]
    assert (by_query["Why?"]["positives"], by_query["Why?"]["negatives"]) == (["Because."], [])


def test_tuples_leave_out_queries_with_too_few(work, tmp_path):
    summary = run(work, tmp_path / "out", "n-tuples", n=2)
    assert rows_of(tmp_path / "out") == (
        [("How?", "Like so.", "With care.", "Never."), ("How?", "Or so.", "With care.", "Never.")],
        ["query", "positive", "negative_1", "negative_2"],
    )
    assert (summary.n_rows, summary.n_left_out, summary.n_files) == (2, 3, 1)  # When?, Why?, Wann?
    assert not (tmp_path / "out" / "deu-00000-of-00001.parquet").exists()


def test_labelled_pairs(work, tmp_path):
    run(work, tmp_path / "out", "labelled", n=1)
    rows, names = rows_of(tmp_path / "out")
    assert names == ["query", "passage", "label"]
    assert rows == [
        ("How?", "Like so.", 1),
        ("How?", "Or so.", 1),
        ("How?", "With care.", 0),
        ("Wann?", "Nie.", 0),
        ("Wann?", "Um neun.", 1),
        ("When?", "At nine.", 1),
        ("When?", "Tomorrow.", 0),
        ("Why?", "Because.", 1),
    ]


def test_margins_are_above_zero_where_the_teacher_prefers_the_positive(work, tmp_path):
    run(work, tmp_path / "out", "margins", n=1)
    assert rows_of(tmp_path / "out") == (
        [
            ("How?", "Like so.", "With care.", 1.5),
            ("How?", "Or so.", "With care.", 0.5),
            ("Wann?", "Um neun.", "Nie.", 5.0),
            ("When?", "At nine.", "Tomorrow.", 3.5),
        ],
        ["query", "positive", "negative", "label"],
    )
    run(work, tmp_path / "tuples", "margin-tuples", n=3)
    rows, names = rows_of(tmp_path / "tuples")
    assert names == ["query", "positive", "negative_1", "negative_2", "negative_3", "label"]
    assert [row[-1] for row in rows] == [[1.5, 4.0, 5.0], [0.5, 3.0, 4.0]]


def test_without_a_teacher(tmp_path):
    work = write_mined(tmp_path / "work", ROWS, teacher=None)
    run(work, tmp_path / "triplets")
    assert rows_of(tmp_path / "triplets")[0] == TRIPLETS
    run(work, tmp_path / "grouped", "grouped", languages=["deu"])
    (row,) = pq.read_table(tmp_path / "grouped" / "deu-00000-of-00001.parquet").to_pylist()
    assert (row["positive_scores"], row["negative_scores"]) == ([None], [None])
    with pytest.raises(ConfigError, match="--format margins needs a teacher's scores"):
        run(work, tmp_path / "out", "margins")


def test_json_lines(work, tmp_path):
    summary = run(work, tmp_path / "out", file_type="jsonl", languages=["deu"])
    assert summary.n_rows == 1
    (line,) = (tmp_path / "out" / "deu-00000-of-00001.jsonl").read_text().splitlines()
    assert json.loads(line) == {"query": "Wann?", "positive": "Um neun.", "negative": "Nie."}
    run(write_mined(tmp_path / "more", ROWS, teacher=None), tmp_path / "all", "grouped", file_type="jsonl")
    lines = (tmp_path / "all" / "eng-00000-of-00001.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["query"] for line in lines) == ["How?", "When?", "Why?"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"form": "pairs"}, "--format pairs: choose one of grouped, triplets, n-tuples"),
        ({"file_type": "csv"}, "--file-type csv: choose one of parquet, jsonl"),
        ({"form": "n-tuples"}, "say how many with --n"),
        ({"form": "margin-tuples"}, "say how many with --n"),
        (
            {"languages": ["deu", "xho"]},
            "There are no negatives in xho; the languages mined in .* are deu, eng",
        ),
    ],
)
def test_requests_that_cannot_be_met(work, tmp_path, options, says):
    with pytest.raises(ConfigError, match=says):
        run(work, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_nothing_mined_or_out_of_date(work, tmp_path):
    with pytest.raises(ConfigError, match=r"has no negatives; `faqtory mine --work .*` makes them"):
        run(tmp_path / "none", tmp_path / "out")
    write_retrieval(work, ROWS[:2])
    with pytest.raises(ConfigError, match=r"has no negatives|are out of date"):
        run(work, tmp_path / "out")


def test_a_folder_holds_one_export(work, tmp_path):
    run(work, tmp_path / "out")
    for options in ({"n": 1}, {"with_texts": False}, {"form": "labelled"}, {"languages": ["eng"]}):
        with pytest.raises(ConfigError, match="holds another export"):
            run(work, tmp_path / "out", **options)
    with exclusive(str(tmp_path / "out")), pytest.raises(TransientError, match="Another run is writing"):
        run(work, tmp_path / "out")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).glob("*.parquet"))}


@pytest.mark.parametrize("n_done", [0, 1, 3])
def test_a_run_that_ended_goes_on_after_the_last_file(tmp_path, monkeypatch, n_done):
    work = write_mined(tmp_path / "work", ROWS, n_parts=2)
    run(work, tmp_path / "whole")
    done = []

    def until(part, *arguments, **named):
        if len(done) == n_done:
            raise KeyboardInterrupt
        done.append(part)
        return export_parts.export_part(part, *arguments, **named)

    monkeypatch.setattr(module, "export_part", until)
    with pytest.raises(KeyboardInterrupt):
        run(work, tmp_path / "out")
    n_done = 100
    before = list(done)
    (tmp_path / "out" / ".texts").mkdir()  # as kill -9 leaves it
    summary = run(work, tmp_path / "out")
    assert not set(before) & set(done[len(before) :])
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert summary.n_rows == 8
    assert not (tmp_path / "out" / ".texts").exists()
    run(work, tmp_path / "out")
    assert len(done) == 4  # two languages in two parts each: nothing was left to do


def test_texts_of_documents_by_id(tmp_path):
    work = write_mined(tmp_path / "work", ROWS, n_parts=4)
    DocumentTexts.write(work, mined_parts(work).documents["eng"], tmp_path / "texts")
    texts = DocumentTexts(tmp_path / "texts")
    names = ["Tomorrow.", "At nine.", "Never.", "Because.", "At nine."]
    ids = pa.array([doc_id(name) for name in names])
    assert texts.of(ids).to_pylist() == names
    assert texts.of(ids.slice(1, 2)).to_pylist() == names[1:3]
    assert texts.of(pa.array([], pa.string())).to_pylist() == []
    for missing in (doc_id("none"), "0" * 32, "f" * 32):
        with pytest.raises(KeyError):
            texts.of(pa.array([missing]))


def test_a_language_without_documents_has_no_texts(tmp_path):
    DocumentTexts.write("nowhere", [], tmp_path / "texts")
    with pytest.raises(KeyError):
        DocumentTexts(tmp_path / "texts").of(pa.array([doc_id("any")]))


def test_a_long_row_group_is_ended(tmp_path, monkeypatch):
    from pipeline.jobs import export_files

    monkeypatch.setattr(export_parts, "_ROWS", 1)
    monkeypatch.setattr(export_files, "ROW_GROUP_BYTES", 1)
    run(write_mined(tmp_path / "work", ROWS), tmp_path / "out", languages=["eng"])
    part = pq.ParquetFile(tmp_path / "out" / "eng-00000-of-00001.parquet")
    assert [part.metadata.row_group(i).num_rows for i in range(part.num_row_groups)] in ([6, 1], [1, 6])


@pytest.mark.parametrize(
    ("form", "n", "loss"),
    [
        ("triplets", 1, "MultipleNegativesRankingLoss"),
        ("n-tuples", 2, "MultipleNegativesRankingLoss"),
        ("margins", 1, "MarginMSELoss"),
        ("margin-tuples", 2, "MarginMSELoss"),
        ("labelled", 1, "ContrastiveLoss"),
    ],
)
def test_sentence_transformers_take_what_is_exported(work, tmp_path, form, n, loss):
    datasets = pytest.importorskip("datasets", reason="needs the extra training")
    pytest.importorskip("sentence_transformers", reason="needs the extra training")
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import losses
    from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
    from tiny_models import save_encoder

    model = SentenceTransformer(save_encoder(tmp_path / "model"), device="cpu")
    run(work, tmp_path / "out", form, n=n)
    files = str(tmp_path / "out" / "*.parquet")
    found = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "hf"))
    collated = SentenceTransformerDataCollator(model.preprocess)(list(found))
    label = collated.pop("label", None)
    assert (label is None) == (form in ("triplets", "n-tuples"))
    columns = [name for name in found.column_names if name != "label"]
    features = [
        {key.removeprefix(f"{name}_"): value for key, value in collated.items() if key.startswith(f"{name}_")}
        for name in columns
    ]
    value = getattr(losses, loss)(model)(features, label)
    assert torch.isfinite(value)
    assert not np.isnan(value.item())
