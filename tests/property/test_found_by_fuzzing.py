"""What `make fuzz` found, each with the smallest input that shows it."""

import io

import pytest

from extract.jsonld import JsonLdError, Limits, parse_json
from extract.page import extract_page
from extract.warc import WarcLimits, WarcScan, read_responses
from extract.warc_model import Response
from extract.wdc import WdcScan, parse_quad, read_wdc
from pipeline.core.config import ExtractConfig
from pipeline.core.outcomes import RecordOutcome
from pipeline.core.records import Page
from pipeline.core.table import arrow_batch, parse_utc


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_a_date_that_is_in_no_year_in_utc_is_no_date(date: str) -> None:
    assert parse_utc(date) is None
    response = Response(
        url="https://example.org/",
        date=date,
        record_id="",
        offset=0,
        record_type="response",
        status=200,
        headers=(),
        content_type="text/html",
        http_charset=None,
        body=b"<p>FAQPage",
        truncated=None,
    )
    page, _ = extract_page(response, warc_file="x", config=ExtractConfig())
    assert page.outcome == RecordOutcome.MENTION_ONLY
    assert page.crawl_date is None
    arrow_batch([page], Page)


@pytest.mark.parametrize("escape", ["\\UFFFFFFFF", "\\U80000000", "\\U00110000"])
def test_an_escape_beyond_unicode_costs_its_line_only(escape: str) -> None:
    line = f'_:q <http://schema.org/name> "{escape}" <http://a.org/> .'
    assert parse_quad(line) is None
    scan = WdcScan()
    whole = line.replace(escape, "Q?")
    assert list(read_wdc(io.BytesIO(f"{line}\n{whole}\n".encode()), scan=scan)) == []
    assert (scan.n_malformed, scan.n_quads) == (1, 1)


def test_implied_arrays_count_as_nesting() -> None:
    block = '{"a": {"b": 1}, {"b": 2}}'
    assert parse_json(block, limits=Limits(max_depth=3))[0] == [{"a": [{"b": 1}, {"b": 2}]}]
    with pytest.raises(JsonLdError, match="nested deeper than 2"):
        parse_json(block, limits=Limits(max_depth=2))


@pytest.mark.parametrize("lengths", [(39, 40), (40, 39), (39, 4100)])
def test_a_record_with_two_lengths_costs_nothing_but_itself(lengths: tuple[int, int]) -> None:
    block = b"HTTP/1.1 200 OK\r\n\r\n<html>FAQPage</html>"
    assert len(block) == 39
    two = "".join(f"Content-Length: {n}\r\n" for n in lengths)
    odd = f"WARC/1.0\r\nWARC-Type: response\r\n{two}\r\n".encode() + block + b"\r\n\r\n"
    sound = odd.replace(two.encode(), b"Content-Length: 39\r\n")
    scan = WarcScan()
    found = list(
        read_responses(io.BytesIO(sound + odd + sound), scan=scan, limits=WarcLimits(), wanted=lambda _: True)
    )
    assert scan.records["response"] == len(found) + scan.outcomes.total()
    assert [found[0].offset, found[-1].offset] == [0, len(sound + odd)]


def test_containers_that_the_end_closes_count_as_values() -> None:
    block = '[{"a": [{"b": 1'
    assert parse_json(block + " ", limits=Limits(max_values=5))[0] == [[{"a": [{"b": 1}]}]]
    with pytest.raises(JsonLdError, match="more than 4 values"):
        parse_json(block + " ", limits=Limits(max_values=4))
