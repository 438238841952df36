"""The report's sections on translations: counts by hand, the matrix, and what is told of a bitext."""

from dataclasses import replace

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.records import SwapTest
from pipeline.report.bitexts import SCORE_EDGES
from pipeline.report.figures import gather
from pipeline.report.matrix import brief, matrix, shade_edges
from pipeline.report.side_by_side import direction, evidence, weight_in_words


@pytest.fixture
def bitexts(make):
    """Seven bitexts: four of German and English, two of Arabic and English, one of Arabic and German."""

    def one(n, a, b, **changes):
        return replace(make.bitext, id_a=f"a{n}", id_b=f"b{n}", language_a=a, language_b=b, **changes)

    return [
        one(0, "deu", "eng", score=0.8),
        one(1, "deu", "eng", score=0.899999),
        one(2, "deu", "eng", score=0.9, same_path=True),
        one(3, "deu", "eng", score=1.0, hreflang=False, same_path=True, site="two.example"),
        one(4, "ara", "eng", score=0.99, hreflang=False, similarity=0.5, margin=1.25),
        one(5, "ara", "eng", score=0.999),
        one(6, "ara", "deu", score=0.81),
    ]


SWAPS = [
    SwapTest("deu", "eng", 10, 60, 10, 3, 0.05),
    SwapTest("ara", "eng", 6, 30, 5, 5, 0.2),
    SwapTest("ara", "deu", 6, 10, 4, 5, 0.5),  # too few that could be exchanged
    SwapTest("deu", "fra", 9, 20, 9, 0, 0.0),  # nothing wrong
    SwapTest("fra", "ita", 1, 0, 0, 0, None),
]


def section(root, name):
    (found,) = root.xpath("//section[h2/@id=$name]", name=name)
    return found


def rows_of(table):
    return [[cell.text_content() for cell in row.xpath("th|td")] for row in table.xpath("tbody/tr")]


@pytest.mark.parametrize("n_parts", [1, 3])
def test_counts_of_bitexts_by_hand(tmp_path, make, bitexts, n_parts):
    parts = [[make.pair(question=f"{i}"), *bitexts[i::n_parts]] for i in range(n_parts)]
    found = gather(make.work(tmp_path, *parts)).bitexts

    assert found.n == 7
    assert found.language_pairs() == {("deu", "eng"): 4, ("ara", "eng"): 2, ("ara", "deu"): 1}
    assert found.grounds() == {"hreflang": 4, "hreflang and path": 1, "path": 1, "embedding alone": 1}
    assert found.sites.n == {"one.example": 6, "two.example": 1}
    by_edge = {edge: n for edge, n in zip(SCORE_EDGES, found.scores, strict=True) if n}
    assert by_edge == {0.8: 3, 0.9: 1, 0.99: 1, 0.999: 1, 0.999999: 1}
    assert found.missing_millionths == 200_000 + 100_001 + 100_000 + 0 + 10_000 + 1_000 + 190_000


def test_the_edges_of_scores_are_round_and_rise():
    assert SCORE_EDGES[:9] == [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998]
    assert SCORE_EDGES[-1] == 0.999999
    assert sorted(set(SCORE_EDGES)) == SCORE_EDGES


def test_the_numbers_of_translations_are_on_the_page(tmp_path, page, make, bitexts):
    groups = [make.group("ara", "deu", "eng"), make.group("deu", "eng"), make.group("deu", "fra")]
    found = section(page(tmp_path, [make.pair(), *bitexts, *groups]), "translations")
    assert [item.text_content() for item in found.xpath(".//ol/li")] == [
        "7bitexts",
        "3language pairs",
        "3languages",
        "2sites with bitexts",
        "3parallel groups: one question in all its languages",
    ]
    drawn, grounds, listed, sites = found.xpath(".//table")
    assert rows_of(drawn) == [
        ["eng", "", "4", "2", "6"],
        ["deu", "4", "", "1", "5"],
        ["ara", "2", "1", "", "3"],
    ]
    assert [(row[0], *row[2:]) for row in rows_of(grounds)] == [
        ("hreflang", "4", "57.1 %"),
        ("hreflang and path", "1", "14.3 %"),
        ("path", "1", "14.3 %"),
        ("embedding alone", "1", "14.3 %"),
    ]
    assert rows_of(listed) == [
        ["deu – eng", "4", "57.1 %", "2", "1", "1", "0"],
        ["ara – eng", "2", "28.6 %", "1", "0", "0", "1"],
        ["ara – deu", "1", "14.3 %", "1", "0", "0", "0"],
    ]
    assert rows_of(sites)[0] == ["one.example", "6", "85.7 %"]
    charts = found.xpath(".//*[local-name()='svg'][@role='img']")
    tips = [
        [tip.text for tip in chart.xpath(".//*[local-name()='g']/*[local-name()='title']")]
        for chart in charts
    ]
    assert tips[0][:4] == ["0 to 0.5: 0", "0.5 to 0.8: 0", "0.8 to 0.9: 3", "0.9 to 0.95: 1"]
    assert tips[0][-1] == "0.999999 to 1: 1"
    assert tips[1] == ["2 languages: 2", "3 languages: 1"]
    ticks = [[tick.text for tick in chart.xpath(".//*[local-name()='text']")] for chart in charts]
    assert ticks == [["0", "0.9", "0.99", "0.999", "0.9999"], ["2", "3"]]
    assert charts[1].xpath(".//*[local-name()='text']/@x") == [
        "22.50%",
        "72.50%",
    ]  # below the columns' middle
    captions = [caption.text_content() for caption in found.iter("figcaption")]
    assert captions[1].endswith("By the scores, 8.6 % of the bitexts are wrong.")  # 0.601001 of 7
    assert captions[2].endswith("3 groups of 2.3 languages on average.")


def test_of_many_language_pairs_the_largest_are_listed(tmp_path, page, make, monkeypatch):
    monkeypatch.setattr("pipeline.report.translations.N_LANGUAGE_PAIRS_LISTED", 1)
    root = page(tmp_path, [make.pair(), make.bitext, replace(make.bitext, language_a="ara", id_a="x")])
    listed = section(root, "translations").xpath(".//details[summary='Language pairs']")[0]
    assert listed.find("p").text == "The 1 largest of 2."
    assert len(rows_of(listed.xpath(".//table")[0])) == 1


def test_many_languages_share_a_row_and_a_column():
    codes = [f"l{i:02}" for i in range(27)]
    counts = {(codes[0], code): 100 - i for i, code in enumerate(codes[1:], 1)}
    counts |= {(codes[25], codes[26]): 3, (codes[1], codes[26]): 7}
    # l00: 2249; l01: 106, l02: 98, ..., l24: 76, l25: 78 and l26: 84 move up; l23: 77 and l24: 76 are left
    table = lxml.html.fromstring(matrix(counts, title="t", summary="s")).find(".//table")
    heads = [head.text for head in table.xpath("thead//th")]
    rows = {row[0]: row[1:] for row in rows_of(table)}
    assert heads == [*rows, "all"]
    assert len(rows) == 26
    assert not {"l23", "l24"} & set(rows)
    assert rows["l00"][-2:] == [str(77 + 76), str(sum(100 - i for i in range(1, 27)))]
    assert rows["other"] == [str(77 + 76), *[""] * 25, str(77 + 76)]
    assert rows["l26"] == ["74", "7", *[""] * (heads.index("l25") - 2), "3", *_rest(heads), "84"]
    assert not table.xpath("tbody/tr[last()]/td[starts-with(@class, 'shade')]")
    assert table.xpath("count(tbody/tr/td[starts-with(@class, 'shade')])") == 2 * (24 + 2)


def _rest(heads):
    return [""] * (len(heads) - heads.index("l25") - 2)


def test_what_is_between_the_summed_up_languages_counts_once(monkeypatch):
    counts = {("a", "b"): 5, ("c", "d"): 2, ("a", "c"): 1}
    monkeypatch.setattr("pipeline.report.matrix.MAX_NAMES", 2)
    table = lxml.html.fromstring(matrix(counts, title="t", summary="s")).find(".//table")
    assert rows_of(table) == [["a", "", "5", "1", "6"], ["b", "5", "", "", "5"], ["other", "1", "", "2", "3"]]


def test_a_cell_is_as_dark_as_the_legend_says():
    counts = {("a", "b"): 1000, ("a", "c"): 99, ("b", "c"): 1}
    figure = lxml.html.fromstring(matrix(counts, title="t", summary="s"))
    legend = {item.text: item.get("class") for item in figure.iter("li")}
    assert legend == {
        "1 to 2": "shade-1",
        "3 to 9": "shade-2",
        "10 to 29": "shade-3",
        "30 to 99": "shade-4",
        "100 to 299": "shade-5",
        "300 to 1,000": "shade-6",
    }
    cells = {(cell.text, cell.get("class"), cell.get("title")) for cell in figure.xpath(".//td[@title]")}
    assert cells == {("1000", "shade-6", "1,000"), ("99", "shade-4", "99"), ("1", "shade-1", "1")}


counts_of_cells = st.sets(st.integers(1, 10**9), min_size=1, max_size=30)


@given(counts_of_cells)
def test_shades_begin_with_the_smallest_count_and_leave_none_out(counts):
    edges = shade_edges(counts)
    assert edges == sorted(set(edges))
    assert len(edges) <= 6
    assert 1 <= edges[0] <= min(counts)
    assert edges[-1] <= max(counts)
    assert all(int(str(edge)[1:] or "0") == 0 for edge in edges)


@pytest.mark.parametrize(
    ("n", "written"),
    [
        (0, ""),
        (7, "7"),
        (9_999, "9999"),
        (10_000, "10k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (9_949_999, "9.9M"),
        (9_950_000, "10M"),
    ],
)
def test_counts_in_cells_are_short(n, written):
    assert brief(n) == written


def test_the_swap_test_names_the_whole_and_the_worst_language_pairs(tmp_path, page, make):
    found = section(page(tmp_path, [make.pair(), *SWAPS]), "swap-test")
    facts = [fact.text_content() for fact in found.iter("dd")]
    assert facts == [
        "12.4 %",  # 13 of 28 against 120 of 32: 0.4643 / 3.75
        "32, with 120 accepted alignments: 3.75 each",
        "28, with 13 accepted alignments: 0.46 each",
    ]
    assert rows_of(found.find(".//table")) == [
        ["ara – eng", "20.0 %", "6", "30", "5", "5"],
        ["deu – eng", "5.0 %", "10", "60", "10", "3"],
    ]


def test_what_an_embedder_finds_without_the_translation_is_told(tmp_path, page, make):
    taken = [SwapTest("deu", "eng", n_removed=50, n_removed_aligned=2), SwapTest("ara", "eng", n_removed=30)]
    found = section(page(tmp_path, [make.pair(), *taken]), "swap-test").text_content()
    assert "Of 80 translations taken away it put another one in the place of 2 (2.5 %)." in found


def test_without_an_embedder_nothing_is_said_of_it(tmp_path, page, make):
    found = section(page(tmp_path, [make.pair(), *SWAPS]), "swap-test").text_content()
    assert "taken away" not in found


def test_a_swap_test_that_says_nothing_is_said_to(tmp_path, page, make):
    found = section(page(tmp_path, [make.pair(), SWAPS[-1]]), "swap-test")
    assert found.find(".//dd").text == "unknown: no page could be exchanged, or nothing was aligned"
    assert found.xpath("p[@class='note']")[0].text.startswith("None. Looked for are language pairs")
    assert found.find(".//table") is None


def test_samples_do_not_favour_high_scores_and_the_lowest_are_shown(tmp_path, page, make, bitexts):
    more = [
        replace(make.bitext, id_a=f"{i}", id_b=f"{i * i}", question_a=f"Frage {i}?", score=0.8 + i / 1000)
        for i in range(200)
    ]
    found = section(page(tmp_path, [make.pair(), *bitexts, *more]), "sample-translations")
    heads = [head.text for head in found.iter("h3")]
    assert heads == ["deu – eng, 204 bitexts", "ara – eng, 2 bitexts", "ara – deu, 1 bitext", "Lowest scores"]
    cards = found.findall("article")
    assert len(cards) == 2 + 2 + 1 + 3
    scores = [float(card.find("p").text.removeprefix("Score ").removesuffix(" · ")) for card in cards]
    assert scores[5:] == [0.8, 0.81, 0.99]
    assert max(scores[:2]) < 0.998  # of 204, two by hash: hardly the best, and not the worst
    assert min(scores[:2]) > 0.802


def test_samples_do_not_depend_on_the_order_of_the_rows(tmp_path, make, bitexts):
    def chosen(folder, rows):
        found = gather(make.work(tmp_path / folder, [make.pair(), *rows])).bitexts
        return found.samples.rows(), found.weakest.rows()

    assert chosen("a", bitexts) == chosen("b", bitexts[::-1])


def test_both_sides_are_shown_in_their_language_and_direction(tmp_path, page, make):
    arabic = replace(
        make.bitext,
        language_a="ara",
        question_a="IBAN: ما هو رقم الحساب المصرفي؟",
        answer_a="رقم حسابك.",
        answer_b="Your account.\nIt is yours.",
    )
    card = section(page(tmp_path, [make.pair(), arabic]), "sample-translations").find("article")
    left, right = card.xpath("div[@class='sides']/div")
    question, answer = left.find("p[@class='question']"), left.find("div")
    assert (question.get("lang"), question.get("dir"), question.text) == ("ar", "rtl", arabic.question_a)
    assert (answer.get("lang"), answer.get("dir")) == ("ar", "rtl")
    answer = right.find("div")
    assert (answer.get("lang"), answer.get("dir"), answer.text) == ("en", "auto", arabic.answer_b)
    assert card.xpath(".//bdi/text()") == ["one.example", arabic.url_a, arabic.url_b]
    assert card.xpath(".//*[@class='badge']/text()") == ["ara", "eng"]
    assert not card.xpath(".//a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Passwort: מה?", "auto"),
        ("PIN: מה זה הקוד?", "rtl"),
        ("1, 2, 3", "auto"),
        ("متى", "rtl"),
        ("", "auto"),
    ],
)
def test_the_direction_follows_most_letters(text, expected):
    assert direction(text) == expected


def test_the_evidence_is_put_in_words(make):
    row = {name: getattr(make.bitext, name) for name in make.bitext.__dataclass_fields__}
    assert list(evidence(row)) == [
        "Numbers speak strongly for it (+3.4)",
        "Words and addresses in both say little (+0.2)",
        "Lengths speak against it (−1.2)",
        "Places on the pages: 75.0 % probable",
        "One page names the other as its translation",
    ]
    off_page = row | {"hreflang": False, "similarity": -0.125, "margin": 1.25}
    assert list(evidence(off_page))[3:] == [
        "Cosine of the embeddings: −0.12",
        "Margin over the nearest others: 1.25",
    ]
    assert list(evidence(row | {"same_path": True}))[5:] == ["The addresses differ in the language alone"]


@pytest.mark.parametrize(
    ("nats", "words"),
    [
        (0.0, "Lengths say nothing (+0.0)"),
        (0.99, "Lengths say little (+1.0)"),
        (1.0, "Lengths speak for it (+1.0)"),
        (-3.0, "Lengths speak strongly against it (−3.0)"),
        (-50.0, "Lengths speak very strongly against it (−50.0)"),
    ],
)
def test_weights_of_evidence_are_named_after_their_strength(nats, words):
    assert weight_in_words("Lengths", nats) == words
