"""The report's page: what it says, that it looks after itself, and what it does without some tables."""

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest

from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.core.records import (
    Bitext,
    Duplicate,
    Enrichment,
    FunnelStep,
    ParallelGroup,
    Reject,
    Scan,
    SwapTest,
)
from pipeline.report.write import write_report


def table_of(root, summary):
    """The rows of the table below the line that opens it."""
    (found,) = root.xpath("//details[summary=$summary]//table[1]", summary=summary)
    return [[cell.text_content() for cell in row.xpath("th|td")] for row in found.xpath("tbody/tr")]


def section(root, name):
    (found,) = root.xpath("//section[h2/@id=$name]", name=name)
    return found


def test_the_head_says_what_the_tables_hold(tmp_path, page, sample):
    header = page(tmp_path, sample).find(".//header")
    assert header.find(".//h1").text == "FAQ pairs: report"
    assert header.find(".//p").text == (
        "6 question-answer pairs in 4 languages from 2 origins, what cleaning left of 10 extracted ones."
    )
    facts = [element.text_content() for element in header.iter("dd")]
    assert facts[0] == "2026-09-14"
    assert facts[2] == "0123456789abcdef"


def test_the_numbers_of_the_funnel_are_on_the_page(tmp_path, page, sample):
    root = page(tmp_path, sample)
    assert table_of(root, "The rules in figures") == [
        ["too_short", "10", "1", "10.0 %", "2", "9"],
        ["placeholder", "9", "1", "11.1 %", "1", "8"],
        ["duplicate", "8", "2", "25.0 %", "0", "6"],
    ]
    labels = section(root, "funnel").xpath(".//*[local-name()='text']/text()")
    assert labels == [
        *("extracted", "10"),
        *("too_short", "−1 (10.0 %) · 9 left"),
        *("placeholder", "−1 (11.1 %) · 8 left"),
        *("duplicate", "−2 (25.0 %) · 6 left"),
    ]
    widths = section(root, "funnel").xpath(".//*[@class='kept' or @class='lost']/@width")
    assert widths == ["100.00%", "90.00%", "10.00%", "80.00%", "10.00%", "60.00%", "20.00%"]
    stages = [item.text_content() for item in section(root, "funnel").xpath(".//ol/li")]
    assert stages == [
        "1crawl files, 2.5 MB",
        "44responses in them",
        "4candidate pages: they name FAQPage",
        "3pages with pairs",
        "10pairs extracted",
        "6pairs after cleaning",
    ]
    assert not root.xpath("//*[@class='warning']")


def test_a_rule_that_drops_nothing_stands_in_the_table_alone(tmp_path, page, make):
    root = page(tmp_path, [make.pair(), FunnelStep(0, "quotes", "eng", 1, 1, 1)])
    assert table_of(root, "The rules in figures") == [["quotes", "1", "0", "0.0 %", "1", "1"]]
    labels = section(root, "funnel").xpath(".//*[local-name()='text']/text()")
    assert labels == ["extracted", "1"]
    caption = section(root, "funnel").find(".//figcaption").text_content()
    assert caption.endswith("Not drawn: 1 rule that dropped nothing.")


def test_counts_that_do_not_add_up_are_said_to(tmp_path, page, sample):
    root = page(tmp_path, [*sample, FunnelStep(0, "too_short", "deu", 1, 0, 0)])
    (warning,) = root.xpath("//*[@class='warning']")
    assert warning.text_content().startswith("The counts do not add up: Table pairs_raw has 10 rows, 11 come")


def test_survival_marks_the_language_that_loses_most(tmp_path, page, sample):
    root = page(tmp_path, sample)
    marked = section(root, "survival").xpath(".//*[@class='marked']/*[@class='label']/text()")
    assert marked == ["fra"]  # 33 % of 3, against 60 % of 10
    assert table_of(section(root, "survival"), "All languages") == [
        ["eng", "5", "3", "60.0 %"],
        ["fra", "3", "1", "33.3 %"],
        ["ara", "1", "1", "100.0 %"],
        ["spa", "1", "1", "100.0 %"],
    ]


def test_a_language_stands_out_only_well_below_the_share_of_all(tmp_path, page, make):
    kept = {"eng": 80, "deu": 60, "fra": 50}  # 63.3 % in all
    steps = [FunnelStep(0, "too_short", code, 100, n, 0) for code, n in kept.items()]
    survival = section(page(tmp_path, [make.pair(), *steps]), "survival")
    assert survival.xpath(".//*[@class='marked']/*[@class='label']/text()") == ["fra"]
    assert "Over all languages 63.3 % are kept" in survival.find(".//figcaption").text_content()


def test_every_text_is_shown_in_its_language_and_direction(tmp_path, page, sample):
    cards = section(page(tmp_path, sample), "samples").findall(".//article")
    shown = {card.find("p[@class='question']").text: card for card in cards}
    question = shown["متى تفتحون؟"].find("p[@class='question']")
    assert (question.get("lang"), question.get("dir")) == ("ar", "rtl")
    assert shown["متى تفتحون؟"].find("div").get("lang") == "ar"
    answer = shown["Où êtes-vous ?"].find("div")
    assert (answer.get("lang"), answer.get("dir")) == ("fr", "auto")
    assert shown["متى تفتحون؟"].xpath(".//bdi/text()") == ["https://one.example/faq"]


def test_samples_cover_every_script_before_further_languages(tmp_path, page, make):
    codes = [chr(97 + i) * 3 for i in range(20)]
    pairs = [make.pair(question=f"{code} {i}", language=code) for code in codes for i in range(3)]
    georgian = make.pair(question="როდის?", language="kat", script="Geor")
    root = page(tmp_path, [*pairs, georgian])
    headings = [heading.text for heading in section(root, "samples").iter("h3")]
    assert len(headings) == 12
    assert headings[-1] == "kat, 1 pair"
    assert headings[0] == "aaa, 3 pairs"
    assert len(section(root, "samples").findall(".//article")) == 11 * 2 + 1


def test_rejects_stand_below_their_reason_with_the_number_dropped(tmp_path, page, make):
    short = [replace(make.reject, raw_id=f"{i}", question=f"q{i}") for i in range(7)]
    blank = replace(make.reject, reason="blank")
    unknown = replace(make.reject, reason="an older rule")
    steps = [FunnelStep(0, "too_short", "eng", 60, 50, 0), FunnelStep(1, "blank", "eng", 50, 49, 0)]
    root = page(tmp_path, [make.pair(), unknown, blank, *short, *steps])
    summaries = [summary.text for summary in section(root, "rejects").iter("summary")]
    assert summaries == ["too_short: 5 of 10", "blank: 1 of 1", "an older rule: 1"]
    shown = section(root, "rejects").xpath("details[1]//p[@class='question']/text()")
    assert shown == ["q0", "q1", "q2", "q3", "q4"]


@pytest.mark.parametrize(
    ("record", "name", "line"),
    [
        (FunnelStep, "funnel", "there is no table funnel. faqtory clean --work DIR makes it."),
        (FunnelStep, "survival", "there is no table funnel. faqtory clean --work DIR makes it."),
        (Scan, "funnel", "there is no table scan. faqtory extract INPUT... --work DIR makes it."),
        (Duplicate, "duplicates", "there is no table duplicates. faqtory clean --work DIR makes it."),
        (Reject, "rejects", "there is no table rejects. faqtory clean --work DIR makes it."),
        (Enrichment, "similarity", "there is no table enrichments. faqtory enrich --work DIR makes it."),
        (Bitext, "translations", "there is no table bitexts. faqtory align --work DIR makes it."),
        (Bitext, "sample-translations", "there is no table bitexts. faqtory align --work DIR makes it."),
        (ParallelGroup, "translations", "no table parallel_groups. faqtory align --work DIR makes it."),
        (SwapTest, "swap-test", "there is no table swap_test. faqtory align --work DIR makes it."),
    ],
)
def test_a_missing_table_is_named_with_the_command_that_makes_it(tmp_path, page, sample, record, name, line):
    root = page(tmp_path, [row for row in sample if not isinstance(row, record)])
    assert line in section(root, name).text_content()


def test_tables_without_rows_make_a_page(tmp_path, page, make):
    root = page(tmp_path, [make.pair()], [])
    assert root.find(".//header//p").text == "1 question-answer pair in 1 language from 1 origin."
    write_report(make.work(tmp_path / "empty", [make.pair()]))
    root = _emptied(tmp_path, make)
    assert root.find(".//header//p").text == "0 question-answer pairs in 0 languages from 0 origins."
    assert "No translations were found." in section(root, "translations").text_content()
    assert "unknown" in section(root, "swap-test").text_content()
    assert "None." in section(root, "sample-translations").text_content()


def _emptied(tmp_path, make):
    """The page of a table pairs whose only part holds no row, as of a crawl without FAQ pages."""
    from pipeline.core.manifest import Commit, Shard, publish
    from pipeline.core.parts import open_part
    from pipeline.core.records import Pair

    work = str(tmp_path / "none")
    shard = Shard.of("a", "parquet", version="", settings="s")
    records = (Pair, Duplicate, Reject, FunnelStep, Scan, Enrichment, Bitext, ParallelGroup, SwapTest)
    for record in records:
        with open_part(work, record, shard.id):
            pass
    publish(work, "any", records=records, commits=[Commit(shard, "read", {r.TABLE: 0 for r in records})])
    return lxml.html.fromstring(Path(write_report(work)).read_bytes())


def test_the_policy_allows_the_one_style_sheet_and_nothing_else(tmp_path, page, sample):
    root = page(tmp_path, sample)
    (policy,) = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    (style,) = root.xpath("//style/text()")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        "default-src 'none'; script-src 'none'; img-src 'none'; "
        f"style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    head = list(root.find("head"))
    assert head[0].get("charset") == "utf-8"
    assert head[1].get("http-equiv") == "Content-Security-Policy"  # before anything it could apply to
    assert not root.xpath("//@style")
    assert "url(" not in style
    assert "@import" not in style


def test_headings_tables_and_charts_can_be_read_aloud(tmp_path, page, sample):
    root = page(tmp_path, sample)
    assert root.get("lang") == "en"
    anchors = [link.removeprefix("#") for link in root.xpath("//nav//a/@href")]
    assert anchors == root.xpath("//h2/@id")
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert not root.xpath("//thead//th[not(@scope='col')] | //tbody//th[not(@scope='row')]")
    charts = root.xpath("//*[local-name()='svg'][@role='img']")
    assert len(charts) == 8  # rules, languages, survival, two lengths, similarity, scores, groups
    for chart in charts:
        for name in (chart.get("aria-labelledby"), chart.get("aria-describedby")):
            assert root.xpath("//*[@id=$name]/text()", name=name)


def test_the_same_tables_give_the_same_bytes_in_any_batches(tmp_path, make, sample, monkeypatch):
    first = Path(write_report(make.work(tmp_path / "a", sample))).read_bytes()
    assert Path(write_report(make.work(tmp_path / "b", sample))).read_bytes() == first
    monkeypatch.setattr("pipeline.report.tables.ROWS_PER_BATCH", 1)
    assert Path(write_report(make.work(tmp_path / "c", sample))).read_bytes() == first


def test_the_report_goes_where_it_is_asked_to(tmp_path, make, sample):
    work = make.work(tmp_path / "work", sample)
    assert write_report(work) == f"{work}/report.html"
    assert write_report(work, str(tmp_path / "new" / "r.html")) == f"{tmp_path}/new/r.html"
    assert (tmp_path / "new" / "r.html").read_bytes() == (tmp_path / "work" / "report.html").read_bytes()
    with pytest.raises(ConfigError, match=r"Cannot write .*; choose another place with --out"):
        write_report(work, str(tmp_path / "new"))


def test_work_folders_on_object_stores_are_read_and_written(make, sample):
    path = write_report(make.work("memory://bucket/faq", sample))
    assert path == "memory://bucket/faq/report.html"
    assert storage.read_bytes(path).startswith(b"<!doctype html>")
