"""The report's sections on the retrieval set and on negatives: counts by hand, charts, samples."""

from pathlib import Path

import lxml.html
import numpy as np
import pytest
from mined_tables import Asked, Doc, write_mined, write_retrieval

from mining.negatives_scores import ScoreHistogram
from pipeline.report import mined as gathering
from pipeline.report import mined_samples
from pipeline.report.figures import gather
from pipeline.report.negatives import _round_step, _score_columns
from pipeline.report.write import write_report

ROWS = [
    Asked(
        "How?",
        (
            Doc("Like so.", 3.0, "positive", bm25=1, dense=1),
            Doc("Or so.", 2.0, "positive", is_found=False),
            Doc("With care.", 1.5, bm25=2, dense=12),
            Doc("Nearly so.", 1.9, "above_margin", bm25=60, dense=None),
            Doc("Never.", -1.0, bm25=None, dense=2),
        ),
    ),
    Asked("When?", (Doc("At nine.", 4.0, "positive", bm25=3), Doc("Tomorrow.", 0.5, bm25=1))),
    Asked("Why?", (Doc("Because.", 1.0, "positive", is_found=False), Doc("Aha.", 2.0, "same_question"))),
    Asked("متى؟", (Doc("في التاسعة.", 1.0, "positive"), Doc("<b>غدا</b>", 0.5)), language="ara"),
    Asked("Later?", (Doc("Yes.", 1.0, "positive"),), split="dev"),
]


@pytest.fixture
def written(tmp_path, make):
    """Write a work folder's tables and its report; returns the parsed page."""

    def write(rows=ROWS, write=write_mined, **options):
        work = make.work(
            tmp_path, [make.pair(), make.pair(question="متى؟", answer="غدا", language="ara", script="Arab")]
        )
        write(work, rows, **options)
        return lxml.html.fromstring(Path(write_report(work)).read_bytes())

    return write


def section(root, name):
    (found,) = root.xpath("//section[h2/@id=$name]", name=name)
    return found


def rows_of(table):
    return [[cell.text_content() for cell in row.xpath("th|td")] for row in table.xpath("tbody/tr")]


def anchors(root):
    return root.xpath("//h2/@id")


def test_sections_are_absent_where_their_tables_are(tmp_path, make, written):
    work = make.work(tmp_path / "pairs", [make.pair()])
    root = lxml.html.fromstring(Path(write_report(work)).read_bytes())
    assert not {"retrieval", "negatives", "sample-negatives"} & set(anchors(root))
    assert {"retrieval"} == {"retrieval", "negatives"} & set(anchors(written(write=write_retrieval)))


def test_the_retrieval_set_by_hand(written):
    found = section(written(), "retrieval")
    assert [item.text_content() for item in found.xpath(".//ol/li/b")] == ["12", "5", "1.20", "2"]
    splits, languages = found.xpath(".//table")
    assert [(row[0], *row[2:]) for row in rows_of(splits)] == [
        ("train", "4", "11"),
        ("dev", "1", "1"),
        ("test", "0", "0"),
        ("overlap", "0", ""),
    ]
    assert rows_of(languages) == [
        ["eng", "10", "0", "4", "1.25", "3", "1", "0", "0"],
        ["ara", "2", "0", "1", "1.00", "1", "0", "0", "0"],
    ]


@pytest.mark.parametrize("n_rows", [1, 3, 65_536])
@pytest.mark.parametrize("n_parts", [1, 2])
def test_figures_of_mining_by_hand_in_any_parts_and_batches(tmp_path, make, monkeypatch, n_parts, n_rows):
    monkeypatch.setattr(gathering, "ROWS_PER_BATCH", n_rows)
    work = make.work(tmp_path, [make.pair()])
    found = gather(write_mined(work, ROWS, n_parts=n_parts)).mined
    assert found.languages() == ["eng", "ara"]
    overlap = {key: n for key, n in found.overlap_of_all().items() if n}
    assert overlap == {
        (10, "both"): 1,  # Like so.
        (10, "bm25"): 7,  # With care., At nine., Tomorrow., Aha., Yes., and two in Arabic
        (10, "dense"): 1,  # Never.
        (50, "both"): 2,  # and With care.
        (50, "bm25"): 6,
        (50, "dense"): 1,
        (200, "both"): 2,
        (200, "bm25"): 7,  # and Nearly so.
        (200, "dense"): 1,
        (gathering.POSITIVES, "both"): 1,
        (gathering.POSITIVES, "bm25"): 3,
    }
    assert found.positives["eng"].scores.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found.positives["eng"].counts.tolist() == [2, 1, 1, 1]
    assert found.others["eng"].scores.tolist() == [-1.0, 0.5, 1.5]
    assert found.teachers.n == {"teacher@1": 12}


def test_negatives_on_the_page(written):
    found = section(written(), "negatives")
    assert [item.text_content() for item in found.xpath(".//ol/li/b")] == ["5", "10", "4", "0.8", "2"]
    labels = found.xpath("figure[1]//*[local-name()='text']/text()")
    assert labels[:2] == ["kept: negatives", "4 (40.0 %)"]
    assert "same_question: answer the same question elsewhere" in labels
    overlap, languages = found.xpath(".//table")
    assert [row[:2] for row in rows_of(overlap)] == [
        ["first 10 of either search", "9"],
        ["first 50 of either search", "9"],
        ["first 200 of either search", "10"],
        ["positives that were found, at any rank", "4"],
    ]
    assert rows_of(overlap)[0][2:] == ["11.1 %", "77.8 %", "11.1 %"]
    assert rows_of(languages) == [
        ["eng", "4", "8", "3", "3", "2", "2", "0.5"],
        ["ara", "1", "2", "1", "1", "0", "1", "0.5"],
    ]
    captions = [caption.text_content() for caption in found.iter("figcaption")]
    assert captions[1].startswith("Scores of positives and negativesScores as teacher@1 gave them.")
    assert "75.0 % of the negatives are below the median positive, 1." in captions[1]
    assert captions[2] == (
        "Negatives a query4 of 5 queries have fewer than 2, 2 have none. Of those with fewer, 4 have fewer "
        "candidates; of the others, rules took too many."
    )


def test_positives_stand_above_negatives_on_one_scale(written):
    chart = section(written(), "negatives").xpath("figure[2]/*[local-name()='svg']")[0]
    tips = chart.xpath(".//*[local-name()='g']/*[local-name()='title']/text()")
    upper, lower = tips[: len(tips) // 2], tips[len(tips) // 2 :]
    assert [tip.split(":")[0] for tip in upper] == [tip.split(":")[0] for tip in lower]
    assert next(tip for tip in upper if ": 0" not in tip) == "1 to 1.2: 3 (50.0 %)"
    assert [tip for tip in lower if ": 0" not in tip] == [
        "−1 to −0.8: 1 (25.0 %)",
        "0.4 to 0.6: 2 (50.0 %)",
        "1.4 to 1.6: 1 (25.0 %)",
    ]
    rects = chart.xpath(".//*[local-name()='rect']")
    spans = [(float(rect.get("y")), float(rect.get("y")) + float(rect.get("height"))) for rect in rects]
    above, below = spans[: len(spans) // 2], spans[len(spans) // 2 :]
    (floor,), (ceiling,) = {round(end, 2) for _, end in above}, {round(start, 2) for start, _ in below}
    assert floor < ceiling
    assert (
        floor - min(start for start, _ in above) == max(end for _, end in below) - ceiling
    )  # both have halves


def test_without_a_teacher_ranks_are_shown(written):
    found = section(written(teacher=None), "negatives")
    captions = [caption.text_content() for caption in found.iter("figcaption")]
    assert captions[1].startswith("Ranks, for want of scoresNo teacher was asked")
    assert "of the other candidates are below the median positive" in captions[1]


def test_queries_with_fewer_negatives_than_candidates_are_told_apart(written):
    taken = [Doc(f"nearly {i}", 1.9, "above_margin") for i in range(2)]
    rows = [
        Asked("all", (Doc("right", 2.0, "positive"), Doc("a", 1.0), Doc("b", 1.0))),
        Asked("rules took them", (Doc("right", 2.0, "positive"), *taken)),
        Asked("none were found", (Doc("right", 2.0, "positive"), Doc("a", 1.0))),
    ]
    caption = section(written(rows), "negatives").xpath(".//figcaption")[2].text_content()
    assert "2 of 3 queries have fewer than 2, 1 have none. Of those with fewer, 1 have fewer cand" in caption


def test_negatives_of_an_older_retrieval_set_are_said_to_be(tmp_path, make):
    work = make.work(tmp_path, [make.pair()])
    write_mined(work, ROWS)
    write_retrieval(work, ROWS[:2])
    root = lxml.html.fromstring(Path(write_report(work)).read_bytes())
    text = section(root, "negatives").text_content()
    assert "Left out: negatives of an older retrieval set" in text
    assert "No query has a candidate." in text
    assert "None." in section(root, "sample-negatives").text_content()


def test_samples_side_by_side(written):
    found = section(written(), "sample-negatives")
    assert [heading.text for heading in found.iter("h3")] == ["ara, 1 query", "eng, 4 queries"]
    cards = {card.find("p[@class='question']").text: card for card in found.iter("article")}
    assert set(cards) == {"متى؟", "How?", "When?"}
    how = cards["How?"]
    assert how.find("p[@class='meta']").text_content() == "eng2 positives, 2 negatives · one.example"
    named = [p.text_content() for p in how.xpath(".//div[@class='sides passages']/div/p")]
    assert sorted(named[:2]) == ["positivescore 2.000", "positivescore 3.000"]
    assert named[2:] == ["negative 1score 1.500, rank 2", "negative 2score −1.000, rank 4"]
    arabic = cards["متى؟"]
    (first,) = arabic.xpath(".//div[@class='sides passages']/div[2]/div")
    assert (first.text_content(), first.get("lang"), first.get("dir")) == ("<b>غدا</b>", "ar", "rtl")
    assert arabic.find("p[@class='question']").get("dir") == "rtl"


@pytest.mark.parametrize("n_parts", [1, 3])
def test_samples_are_the_first_of_a_language_in_any_batches(tmp_path, make, monkeypatch, n_parts):
    work = make.work(tmp_path, [make.pair()])
    rows = [
        Asked(f"q{i}", (Doc(f"right {i}", 1.0, "positive"), *(Doc(f"wrong {i} {j}", 0.5) for j in range(5))))
        for i in range(9)
    ]
    write_mined(work, rows, n_parts=n_parts)
    monkeypatch.setattr(mined_samples, "_ROWS", 2)
    samples = gather(work).mined.samples
    first = sorted((asked for asked in rows), key=lambda asked: asked.id)[:2]
    assert [sample.text for sample in samples] == [asked.question for asked in first]
    for sample in samples:
        no = sample.text[1:]
        assert [passage.text for passage in sample.positives] == [f"right {no}"]
        assert [passage.text for passage in sample.negatives] == [f"wrong {no} {j}" for j in range(3)]
        assert (sample.n_positives, sample.n_negatives) == (1, 5)


def test_a_document_of_a_megabyte_is_cut(written):
    rows = [Asked("q", (Doc("a" * 1_000_000, 1.0, "positive"), Doc("b" * 1_000_000, 0.5)))]
    text = section(written(rows), "sample-negatives").text_content()
    assert "a" * 400 + " …" in text
    assert len(text) < 2_000


@pytest.mark.parametrize(
    ("scores", "n_columns"), [([1.0], 1), ([0.0, 0.0], 1), ([-3.0, 7.0], 21), ([0.016, 0.033], 35)]
)
def test_bins_have_round_edges_and_hold_all(scores, n_columns):
    histogram = ScoreHistogram.of(np.array(scores, np.float32))
    upper, lower = _score_columns(histogram, ScoreHistogram.of(np.empty(0, np.float32)))
    assert len(upper) == len(lower) == n_columns
    assert sum(column.n for column in upper) == len(scores)
    assert sum(column.n for column in lower) == 0
    assert 1 <= sum(column.tick is not None for column in upper) <= 8


def test_far_outliers_share_the_last_column():
    scores = np.concatenate([np.linspace(0, 1, 5000), [1e6]]).astype(np.float32)
    upper, _ = _score_columns(ScoreHistogram.of(scores), ScoreHistogram.of(np.empty(0, np.float32)))
    assert len(upper) <= 45
    assert sum(column.n for column in upper) == 5001


@pytest.mark.parametrize(("x", "step"), [(0, 1), (0.011, 0.02), (0.02, 0.02), (0.3, 0.5), (7, 10), (1, 1)])
def test_steps_are_round(x, step):
    assert _round_step(x) == pytest.approx(step)
