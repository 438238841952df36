"""Reading of whole web archives: formats, HTTP, what is yielded and what is counted."""

import bz2
import gzip
import io
import os
import random
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import brotli  # type: ignore[import-untyped,unused-ignore]
import pytest
import zstandard
from warcio.archiveiterator import ArchiveIterator as WarcioIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from extract.http_body import dechunk, decode_body, looks_like_html
from extract.warc import Loss, LossReason, Response, WarcLimits, WarcScan, read_responses
from pipeline.core.errors import ShardError
from pipeline.core.outcomes import RecordOutcome

SHARED = Path(os.environ.get("FAQTORY_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
RANDOM = random.Random(7)
HTML = b"<!doctype html><html><title>Questions</title><p>Why? Because.</html>"
HTML_TYPE = [("Content-Type", "text/html")]


def anything(body: bytes) -> bool:
    return True


def read(
    data: bytes,
    *,
    limits: WarcLimits | None = None,
    wanted: Callable[[bytes], bool] = anything,
    verify_digests: bool = False,
) -> tuple[list[Response], WarcScan]:
    scan = WarcScan()
    limits = limits or WarcLimits()
    stream = io.BytesIO(data)
    responses = list(
        read_responses(stream, scan=scan, limits=limits, wanted=wanted, verify_digests=verify_digests)
    )
    assert scan.records["response"] + scan.records["resource"] == len(responses) + scan.outcomes.total()
    return responses, scan


def http(
    body: bytes = HTML,
    headers: list[tuple[str, str]] = HTML_TYPE,
    status: str = "200 OK",
    uri: str = "https://example.org/a",
    record_type: str = "response",
    warc_headers: dict[str, str] | None = None,
) -> bytes:
    """One uncompressed record as warcio writes it."""
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=False)
    head = None
    if record_type == "response":
        head = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
    record = writer.create_warc_record(
        uri,
        record_type,
        payload=io.BytesIO(body),
        http_headers=head,
        warc_headers_dict={
            "WARC-Date": "2026-03-04T05:06:07Z",
            "WARC-Record-ID": "<urn:uuid:12345678-0000-4000-8000-000000000000>",
        }
        | (warc_headers or {}),
    )
    writer.write_record(record)
    return buffer.getvalue()


def raw(
    block: bytes,
    *,
    record_type: str = "response",
    content_type: str | None = "application/http; msgtype=response",
    more: str = "",
    eol: str = "\r\n",
) -> bytes:
    """One record written by hand."""
    lines = [
        "WARC/1.0",
        f"WARC-Type: {record_type}",
        "WARC-Record-ID: <urn:uuid:12345678-0000-0000-0000-000000000000>",
        "WARC-Date: 2026-03-04T05:06:07Z",
        "WARC-Target-URI: https://example.org/a",
        *([f"Content-Type: {content_type}"] if content_type else []),
        *([more] if more else []),
        f"Content-Length: {len(block)}",
    ]
    return (eol.join(lines) + 2 * eol).encode() + block + b"\r\n\r\n"


def only(record: bytes, limits: WarcLimits | None = None) -> Response | RecordOutcome:
    """What becomes of one record, the same by FastWARC's pass and by the slow path."""
    results: list[Response | RecordOutcome] = []
    after = http(uri="https://example.org/after")
    for verify_digests in (False, True):
        # Followed by another record it is judged in FastWARC's pass, unless digests are asked for.
        responses, scan = read(
            gzip.compress(record) + gzip.compress(after), limits=limits, verify_digests=verify_digests
        )
        assert scan.losses == []
        assert responses[-1].url == "https://example.org/after"
        if len(responses) == 2:
            results.append(responses[0])
        else:
            assert scan.outcomes.total() == 1
            results.append(next(iter(scan.outcomes)))
    assert results[0] == results[1]
    return results[0]


# ---------------------------------------------------------------------------------------------- one record


def test_a_response_as_it_was_served() -> None:
    headers = [
        ("Content-Type", 'Text/HTML; charset="ISO-8859-2"'),
        ("X-Robots-Tag", "noai"),
        ("x-robots-tag", "noarchive"),
    ]
    record = http(headers=headers, warc_headers={"WARC-Truncated": "length"})
    response = only(record)
    assert isinstance(response, Response)
    assert response.url == "https://example.org/a"
    assert response.date == "2026-03-04T05:06:07Z"
    assert response.record_id.startswith("<urn:uuid:")
    assert response.offset == 0
    assert (response.record_type, response.status, response.truncated) == ("response", 200, "length")
    assert (response.content_type, response.http_charset) == ("text/html", "ISO-8859-2")
    assert response.headers == tuple(headers)
    assert response.header("x-robots-TAG") == "noai"
    assert response.header_values("X-Robots-Tag") == ["noai", "noarchive"]
    assert response.header("ETag") is None
    assert response.body == HTML


def test_a_resource_is_a_page_without_http() -> None:
    record = raw(HTML, record_type="resource", content_type="text/html; charset=utf-8")
    response = only(record)
    assert isinstance(response, Response)
    assert (response.record_type, response.status, response.headers) == ("resource", None, ())
    assert (response.content_type, response.http_charset) == ("text/html", "utf-8")


def test_outcomes() -> None:
    assert only(http(status="404 Not Found")) is RecordOutcome.NOT_OK
    assert only(http(status="301 Moved")) is RecordOutcome.NOT_OK
    assert only(http(headers=[("Content-Type", "image/png")])) is RecordOutcome.NOT_HTML
    assert only(http(headers=[("Content-Type", "application/json")])) is RecordOutcome.NOT_HTML
    assert only(http(b"<p>" + bytes(2000)), WarcLimits(max_record_bytes=1000)) is RecordOutcome.TOO_LARGE
    assert only(raw(b"20260304 dns", content_type="text/dns")) is RecordOutcome.NO_HTTP
    assert only(raw(b"<html>no head")) is RecordOutcome.NO_HTTP
    assert only(raw(b"")) is RecordOutcome.NO_HTTP
    assert only(raw(b"HTTP/1.1 abc\r\n\r\n" + HTML)) is RecordOutcome.NO_HTTP
    long_head = b"HTTP/1.1 200 OK\r\nX: " + b"y" * (2 << 20) + b"\r\n\r\n" + HTML
    assert only(raw(long_head)) is RecordOutcome.NO_HTTP


@pytest.mark.parametrize("n_bytes", [999, 1000, 1001])
def test_the_limit_is_on_the_body(n_bytes: int) -> None:
    result = only(http(b"<p>".ljust(n_bytes)), WarcLimits(max_record_bytes=1000))
    assert isinstance(result, Response) == (n_bytes <= 1000)


def test_a_long_record_of_another_type_is_judged_by_its_head() -> None:
    limits = WarcLimits(max_record_bytes=1000)
    video = http(RANDOM.randbytes(3 << 20), headers=[("Content-Type", "video/mp4")])
    assert only(video, limits) is RecordOutcome.NOT_HTML
    assert only(http(RANDOM.randbytes(3 << 20)), limits) is RecordOutcome.TOO_LARGE


@pytest.mark.parametrize(
    "media", ["text/html; charset=utf-8", "TEXT/HTML", "application/xhtml+xml", "text/plain", "", None]
)
def test_html_under_many_names(media: str | None) -> None:
    headers = [] if media is None else [("Content-Type", media)]
    assert isinstance(only(http(headers=headers)), Response)


def test_odd_types_must_look_like_html() -> None:
    assert only(http(b"Dear all,", headers=[("Content-Type", "text/plain")])) is RecordOutcome.NOT_HTML
    assert only(http(b"\x89PNG", headers=[])) is RecordOutcome.NOT_HTML


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<html>", True),
        (b"\xef\xbb\xbf \r\n<!DOCTYPE html>", True),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', True),
        (b"<!-- saved --><html>", True),
        (b"<htmlx>", False),
        (b"text <html>", False),
        (b'<?xml version="1.0"?><rss>', False),
        (b"", False),
    ],
)
def test_looks_like_html(body: bytes, expected: bool) -> None:
    assert looks_like_html(body) is expected


def test_only_wanted_bodies() -> None:
    data = gzip.compress(http(HTML)) + gzip.compress(http(b"<p>FAQPage", uri="https://example.org/b"))
    responses, scan = read(data, wanted=lambda body: b"FAQPage" in body)
    assert [r.url for r in responses] == ["https://example.org/b"]
    assert scan.outcomes == {RecordOutcome.NO_MARKUP: 1}
    assert scan.records == {"response": 2}


def test_an_error_of_the_callers_filter_is_the_callers() -> None:
    def broken(body: bytes) -> bool:
        raise OSError("mine")

    with pytest.raises(OSError, match="mine"):
        read(gzip.compress(http()) * 3, wanted=broken)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/2 200 \r\ncontent-type: text/html\r\n\r\n",
        b"HTTP/1.1  200  OK\r\nCONTENT-TYPE:text/html\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n",
        b"HTTP/1.1 204 \xff\xfe\r\nContent-Type: text/html\r\nBroken line\r\n\r\n",
    ],
)
def test_strange_http_heads(head: bytes) -> None:
    response = only(raw(head + HTML))
    assert isinstance(response, Response)
    assert response.body == HTML
    assert response.content_type == "text/html"


@pytest.mark.parametrize("content_type", [None, "Application/HTTP;msgtype=response", "application/http"])
def test_strange_record_types_of_http(content_type: str | None) -> None:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML
    assert isinstance(only(raw(block, content_type=content_type)), Response)


def test_strange_warc_headers() -> None:
    record = http()
    spaced = only(record.replace(b"https://example.org/a", b"https://example.org/a b?c d"))
    assert isinstance(spaced, Response)
    assert spaced.url == "https://example.org/a b?c d"
    wget = only(record.replace(b"https://example.org/a", b"<https://example.org/a>"))
    assert isinstance(wget, Response)
    assert wget.url == "https://example.org/a"
    undated = only(record.replace(b"2026-03-04T05:06:07Z", b"Sat, 29 Feb 1999"))
    assert isinstance(undated, Response)
    assert undated.date == "Sat, 29 Feb 1999"
    lower = only(record.replace(b"WARC-Target-URI", b"warc-target-uri").replace(b"WARC-Date", b"Warc-date"))
    assert isinstance(lower, Response)
    assert (lower.url, lower.date) == ("https://example.org/a", "2026-03-04T05:06:07Z")
    twice = only(record.replace(b"/a\r\n", b"/a\r\nWARC-Target-URI: https://example.org/second\r\n", 1))
    assert isinstance(twice, Response)
    assert twice.url == "https://example.org/a"


# ---------------------------------------------------------------------------------------------- codings


def chunked(body: bytes, size: int = 20) -> bytes:
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\nTrailer: x\r\n\r\n"


def bare_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


CODED: dict[str, bytes] = {
    "gzip": gzip.compress(HTML),
    "x-gzip": gzip.compress(HTML[:20]) + gzip.compress(HTML[20:]),
    "GZip": gzip.compress(HTML),
    "deflate": zlib.compress(HTML),
    "br": brotli.compress(HTML),
    "zstd": zstandard.compress(HTML),
    "gzip, br": brotli.compress(gzip.compress(HTML)),
    "identity": HTML,
    "utf-8": HTML,
}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_content_codings(coding: str, is_chunked: bool) -> None:
    headers = [*HTML_TYPE, ("content-encoding", coding)]
    body = CODED[coding]
    if is_chunked:
        headers.append(("Transfer-Encoding", "chunked"))
        body = chunked(body)
    response = only(http(body, headers=headers))
    assert isinstance(response, Response)
    assert response.body == HTML


def decode(coded: bytes, content: str, **more: int | float | str) -> bytes | RecordOutcome:
    settings = {"transfer": "", "max_bytes": 1 << 20, "max_ratio": 1000.0} | more
    return decode_body(coded, content=content, **settings)  # type: ignore[arg-type]


def test_bare_deflate() -> None:
    assert decode(bare_deflate(HTML), "deflate") == HTML


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_body_stored_decoded_under_its_old_header(coding: str) -> None:
    assert decode(HTML, coding) == HTML


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_broken_coding_is_undecodable(coding: str) -> None:
    assert decode(b"\xff\x00\xff\x00" * 50, coding) is RecordOutcome.UNDECODABLE


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
def test_body_cut_short_is_decoded_as_far_as_it_goes(coding: str, compress: Callable[[bytes], bytes]) -> None:
    page = b"<html>" + RANDOM.randbytes(5000).hex().encode()
    body = decode(compress(page)[:-200], coding)
    assert isinstance(body, bytes)
    assert page.startswith(body)
    assert len(body) > 8000


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        ("gzip, gzip", lambda body: gzip.compress(gzip.compress(body))),
    ],
)
def test_bombs(coding: str, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(bytes(8 << 20))
    assert decode(bomb, coding) is RecordOutcome.TOO_LARGE  # by size
    assert decode(bomb, coding, max_bytes=64 << 20, max_ratio=100.0) is RecordOutcome.TOO_LARGE  # by ratio
    assert decode(bomb, coding, max_bytes=64 << 20, max_ratio=1e9) == bytes(8 << 20)


def test_too_many_codings() -> None:
    assert decode(b"x", ", ".join(["gzip"] * 5)) is RecordOutcome.UNDECODABLE


@pytest.mark.parametrize(
    ("coded", "expected"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"0003 \r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"3\nabc\n0\n\n", b"abc"),
        (b"3\r\nabc\r\n", b"abc"),  # no last chunk
        (b"9\r\nabc", b"abc"),  # cut
        (b"3\r\nabc\r\nzz\r\nde", b"abc"),  # up to the bad chunk
        (b"<html>", b"<html>"),  # not chunked at all
        (b"", b""),
    ],
)
def test_dechunk(coded: bytes, expected: bytes) -> None:
    assert dechunk(coded) == expected


# ---------------------------------------------------------------------------------------------- files


PAGES = [b"<html>%d " % i + RANDOM.randbytes(400 * i).hex().encode() for i in range(6)]
RECORDS = [http(page, uri=f"https://example.org/{i}") for i, page in enumerate(PAGES)]
WARCINFO = raw(b"software: x\r\n", record_type="warcinfo", content_type="application/warc-fields")


def zstd_with_dictionary(*, is_compressed: bool) -> bytes:
    dictionary = zstandard.train_dictionary(
        4096, [http(b"<p>%d" % i, uri=f"https://e.org/{i}") for i in range(400)]
    )
    content = dictionary.as_bytes()
    if is_compressed:
        content = zstandard.compress(content)
    first = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
    compressor = zstandard.ZstdCompressor(dict_data=dictionary, write_checksum=True)
    return first + b"".join(compressor.compress(record) for record in RECORDS)


FILES: dict[str, Callable[[], bytes]] = {
    "plain": lambda: b"".join(RECORDS),
    "plain without its last line ends": lambda: b"".join(RECORDS)[:-4],
    "plain after blank lines": lambda: b"\r\n\r\n" + b"\r\n".join(RECORDS),
    "plain with bare line feeds": lambda: b"".join(
        r.replace(b"\r\n", b"\n", r[: r.index(b"\r\n\r\n")].count(b"\r\n") + 2) for r in RECORDS
    ),
    "gzip": lambda: b"".join(map(gzip.compress, RECORDS)),
    "gzip, one member": lambda: gzip.compress(b"".join(RECORDS)),
    "gzip, two records a member": lambda: b"".join(
        gzip.compress(a + b) for a, b in zip(RECORDS[::2], RECORDS[1::2], strict=True)
    ),
    "gzip, one member first": lambda: (
        gzip.compress(RECORDS[0])
        + gzip.compress(b"".join(RECORDS[1:3]))
        + b"".join(map(gzip.compress, RECORDS[3:]))
    ),
    "gzip, header and body apart": lambda: b"".join(
        gzip.compress(r[:200]) + gzip.compress(r[200:]) for r in RECORDS
    ),
    "gzip, cut anywhere (bgzip)": lambda: b"".join(
        gzip.compress(b"".join(RECORDS)[i : i + 1000]) for i in range(0, len(b"".join(RECORDS)), 1000)
    ),
    "zstd": lambda: b"".join(zstandard.compress(r) for r in RECORDS),
    "zstd, one frame": lambda: zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(RECORDS)),
    "zstd, dictionary": lambda: zstd_with_dictionary(is_compressed=False),
    "zstd, compressed dictionary": lambda: zstd_with_dictionary(is_compressed=True),
    "zstd, skippable frames": lambda: b"".join(
        b"\x50\x2a\x4d\x18\x05\x00\x00\x00extra" + zstandard.compress(r) for r in RECORDS
    ),
}


@pytest.mark.parametrize("layout", FILES)
def test_layouts(layout: str) -> None:
    responses, scan = read(FILES[layout]())
    assert [r.url for r in responses] == [f"https://example.org/{i}" for i in range(6)]
    assert [r.body for r in responses] == PAGES
    assert scan.records == {"response": 6}
    assert (scan.losses, scan.n_bytes) == ([], scan.n_bytes)


def test_offsets() -> None:
    members = [gzip.compress(RECORDS[0] + RECORDS[1]), gzip.compress(RECORDS[2]), gzip.compress(RECORDS[3])]
    responses, _ = read(b"".join(members))
    second = len(members[0])
    assert [r.offset for r in responses] == [0, 0, second, second + len(members[1])]
    for kind, file in (("plain", RECORDS), ("zstd", [zstandard.compress(r) for r in RECORDS])):
        responses, _ = read(b"".join(file))
        assert [r.offset for r in responses] == [len(b"".join(file[:i])) for i in range(6)], kind


@pytest.mark.parametrize("n_body_bytes", [100, 70_000, 700_000])
def test_long_single_members_are_read_once(n_body_bytes: int) -> None:
    """Between records of one large member FastWARC's positions increase as between members."""
    pages = [b"<html>" + RANDOM.randbytes(n_body_bytes // 2).hex().encode() for _ in range(5)]
    records = [http(page) for page in pages]
    responses, scan = read(gzip.compress(b"".join(records), compresslevel=1))
    assert [r.body for r in responses] == pages
    assert {r.offset for r in responses} == {0}
    assert scan.losses == []


def test_records_of_every_type_are_counted() -> None:
    types = ["warcinfo", "request", "metadata", "revisit", "conversion", "continuation", "something"]
    records = [raw(b"abc\r\n", record_type=t, content_type="text/plain") for t in types]
    for data in (b"".join(records), b"".join(map(gzip.compress, records))):
        _, scan = read(data)
        assert scan.records == Counter([*types[:-1], "unknown"])
        assert scan.outcomes == {}


def test_a_clean_file_is_read_in_order_and_once() -> None:
    class Recorder(io.BytesIO):
        reads: list[tuple[int, int]]

        def read(self, size: int | None = -1, /) -> bytes:
            at = self.tell()
            piece = super().read(size)
            self.reads.append((at, len(piece)))
            return piece

    records = [http(b"<p>" + RANDOM.randbytes(40_000).hex().encode()) for _ in range(30)]
    stream = Recorder(b"".join(map(gzip.compress, records)))
    stream.reads = []
    scan = WarcScan()
    assert len(list(read_responses(stream, scan=scan, limits=WarcLimits(), wanted=anything))) == 30
    ends = [at + n for at, n in stream.reads]
    last = ends.index(scan.n_bytes)  # what follows proves the end of the file
    starts = [at for at, _ in stream.reads]
    assert starts[:2] == [0, 0]  # the first read tells the format
    assert starts[2 : last + 1] == ends[1:last]
    assert min(starts[last + 1 :]) > scan.n_bytes - (150 << 10)
    assert sum(n for _, n in stream.reads) < scan.n_bytes + (400 << 10)


def bomb(n_bytes: int) -> bytes:
    return http(b"<html>" + bytes(n_bytes), uri="https://example.org/bomb")


@pytest.mark.parametrize("compress", [lambda r: gzip.compress(r, 9), lambda r: zstandard.compress(r, 19)])
def test_a_member_that_is_a_bomb_is_not_unpacked(compress: Callable[[bytes], bytes]) -> None:
    coded = compress(bomb(40 << 20))
    data = compress(RECORDS[0]) + coded + compress(RECORDS[1])
    limits = WarcLimits(max_record_bytes=1 << 20, max_compression_ratio=20.0)
    responses, scan = read(data, limits=limits)
    assert [r.url for r in responses] == ["https://example.org/0", "https://example.org/1"]
    assert scan.losses == [Loss(len(compress(RECORDS[0])), len(coded), 1, LossReason.COMPRESSION_RATIO)]
    assert scan.outcomes == {RecordOutcome.TOO_LARGE: 1}
    # Below the ratio it is a page that is too large, and nothing is lost.
    responses, scan = read(data, limits=WarcLimits(max_record_bytes=1 << 20, max_compression_ratio=1e9))
    assert (len(responses), scan.losses, scan.outcomes) == (2, [], {RecordOutcome.TOO_LARGE: 1})


# ---------------------------------------------------------------------------------------------- not archives


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (
            b"Dear all,\nthis is a text\n" * 50,
            r"is not a WARC or ARC file: it begins with 'Dear all,\\nthis i'",
        ),
        (b"%PDF-1.7\n" * 50, "begins with '%PDF-1.7"),
        (b"PK\x03\x04" + bytes(99), "is a zip file.*archive/ folder"),
        (b"WARC/ is a format" * 9, "is not a WARC"),
        (gzip.compress(b"hello " * 999), "begins with gzip, but no WARC record"),
        (bz2.compress(RECORDS[0]), "is not a WARC"),
        (zstandard.compress(b"hello " * 999), "is not a WARC"),
        (b"\x04\x22\x4d\x18" + bytes(99), "is not a WARC"),
        (
            b"filedesc://x.arc 0.0.0.0 20200101000000 text/plain 9\n1 0 x\n",
            "is an ARC file.*warcio recompress",
        ),
        (gzip.compress(b"filedesc://x.arc 0.0.0.0 2020 text/plain 9\n1 0 x\n"), "is an ARC file"),
        (b"\x5d\x2a\x4d\x18\x08\x00\x00\x00\x28\xb5\x2f\xfdzzzz", "damaged zstd dictionary"),
        (b"\x5d\x2a\x4d\x18\x08\x00\x00\x00\x37\xa4\x30\xeczzzz", "damaged zstd dictionary"),
        (b"\x00" * 5000, "is not a WARC"),
        (b"\x1f\x8b\x08", "begins with gzip"),
    ],
)
def test_files_that_are_no_web_archive(data: bytes, message: str) -> None:
    with pytest.raises(ShardError, match=message):
        read(data)


def test_the_message_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.warc.gz"
    path.write_bytes(b"notes")
    with path.open("rb") as stream, pytest.raises(ShardError, match=r"notes\.warc\.gz is not a WARC"):
        list(read_responses(stream, scan=WarcScan(), limits=WarcLimits(), wanted=anything))


def test_a_stream_must_be_seekable() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(ValueError, match="seekable"):
        list(read_responses(Pipe(b"x"), scan=WarcScan(), limits=WarcLimits(), wanted=anything))


# ---------------------------------------------------------------------------------------------- digests


@pytest.mark.parametrize("digest", ["sha1:" + "A" * 32, "sha256:" + "0" * 64, "md5:" + "f" * 32])
def test_wrong_block_digest_is_a_loss_only_if_asked_for(digest: str) -> None:
    record = raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML, more=f"WARC-Block-Digest: {digest}"
    )
    data = RECORDS[1] + record + RECORDS[2]
    assert len(read(data)[0]) == 3
    responses, scan = read(data, verify_digests=True)
    assert len(responses) == 2
    assert scan.losses == [Loss(len(RECORDS[1]), len(record), 1, LossReason.DAMAGED_RECORD)]


@pytest.mark.parametrize("digest", ["sha1:?", "crc32:00000000", "", "sha1:ABC", "sha999:" + "0" * 64])
def test_unreadable_digests_are_ignored(digest: str) -> None:
    record = raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML, more=f"WARC-Block-Digest: {digest}"
    )
    responses, scan = read(record, verify_digests=True)
    assert (len(responses), scan.losses) == (1, [])


# ---------------------------------------------------------------------------------------------- differential


def real_files() -> list[Path]:
    return sorted((SHARED / "warc").glob("*.warc.gz"))


@pytest.mark.skipif(not real_files(), reason=f"no real WARC files in {SHARED / 'warc'}")
@pytest.mark.parametrize("verify_digests", [False, True])
@pytest.mark.parametrize("path", real_files(), ids=lambda path: path.name)
def test_same_as_warcio_on_real_files(path: Path, verify_digests: bool) -> None:
    with path.open("rb") as stream:
        expected = [
            (record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read())
            for record in WarcioIterator(stream)
            if record.rec_type == "response"
        ]
    scan = WarcScan()
    with path.open("rb") as stream:
        responses = list(
            read_responses(
                stream, scan=scan, limits=WarcLimits(), wanted=anything, verify_digests=verify_digests
            )
        )
    assert len(expected) > 100
    assert [(r.url, r.body) for r in responses] == expected
    assert scan.records["response"] == len(expected)
    assert scan.losses == []
