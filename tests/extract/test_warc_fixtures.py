"""Every archive file that other projects keep as a test of odd input ends in a stated result.

The expected values were written down after a look at each file's bytes.
"""

import io
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from extract.warc import Loss, LossReason, WarcLimits, WarcScan, read_responses
from pipeline.core.errors import ShardError
from pipeline.core.outcomes import RecordOutcome

SHARED = Path(os.environ.get("FAQTORY_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
FOLDER = SHARED / "warc_fixtures"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no fixture files in {FOLDER}")

COMMONS = "iipc__webarchive-commons/src/test/resources/org/archive"
RESILIPARSE = "chatnoir-eu__chatnoir-resiliparse/tests/data"
ARC = "is an ARC file, which is not read"
ZIP = r"is a zip file \(WACZ\?\), not a WARC file; unpack it"


@dataclass
class Expected:
    """`n_pages`: pages yielded; `records` by type."""

    n_pages: int = 0
    records: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()


EXPECTED: dict[str, Expected | str] = {
    "LAW-Unimi__BUbiNG/data/it/unimi/di/law/warc/io/misc.warc": Expected(
        0, {"warcinfo": 1, "request": 3, "response": 3}, {"not_html": 3}
    ),
    "LAW-Unimi__BUbiNG/data/it/unimi/di/law/warc/io/request.warc": Expected(0, {"request": 1}),
    "LAW-Unimi__BUbiNG/data/it/unimi/di/law/warc/io/response.warc": Expected(
        0, {"response": 1}, {"not_html": 1}
    ),
    "LAW-Unimi__BUbiNG/data/it/unimi/di/law/warc/io/warcinfo.warc": Expected(0, {"warcinfo": 1}),
    # Three records in one member.
    "apache__stormcrawler/external/warc/src/test/resources/unparsable-date.warc.gz": Expected(
        0, {"warcinfo": 1, "request": 1, "response": 1}, {"not_ok": 1}
    ),
    "archivesunleashed__aut/src/test/resources/arc/badexample.arc.gz": ARC,
    "archivesunleashed__aut/src/test/resources/warc/example.txt.warc.gz": Expected(
        0, {"warcinfo": 2, "response": 2, "request": 2}, {"not_html": 2}
    ),
    # WARC-Type: custom.
    f"{RESILIPARSE}/block-sized-records.warc.gz": Expected(0, {"unknown": 3}),
    f"{RESILIPARSE}/block-sized-records.warc.lz4": Expected(0, {"unknown": 3}),
    # The only member is cut off.
    f"{RESILIPARSE}/clipped.warc.gz": Expected(
        0, {"response": 1}, {"truncated": 1}, (Loss(0, 18184, 1, LossReason.TRUNCATED),)
    ),
    "iipc__jwarc/test-resources/org/netpreserve/jwarc/cc.warc.gz": Expected(1, {"response": 1}),
    "iipc__jwarc/test-resources/org/netpreserve/jwarc/gzip_extra_sl.warc.gz": Expected(0, {"warcinfo": 1}),
    f"{COMMONS}/format/warc/mutliple-headers.warc": Expected(1, {"response": 1}),
    f"{COMMONS}/resource/html/link-extraction-test.warc": Expected(7, {"warcinfo": 1, "response": 7}),
    "webrecorder__pywb/sample_archive/waczs/invalid_example_1.wacz": ZIP,
    "webrecorder__pywb/sample_archive/waczs/valid_example_1.wacz": ZIP,
    "webrecorder__pywb/sample_archive/warcs/dupes.warc.gz": Expected(
        1, {"warcinfo": 1, "response": 3, "request": 12, "revisit": 9}, {"not_ok": 1, "not_html": 1}
    ),
    # The status line of its second response begins "HTTPX/1.1".
    "webrecorder__pywb/sample_archive/warcs/example-extra.warc": Expected(
        1, {"response": 2, "request": 2, "revisit": 2}, {"no_http": 1}
    ),
    "webrecorder__pywb/sample_archive/warcs/example-url-agnostic-orig.warc.gz": Expected(
        1, {"warcinfo": 1, "response": 1}
    ),
    "webrecorder__pywb/sample_archive/warcs/example-url-agnostic-revisit.warc.gz": Expected(
        0, {"warcinfo": 1, "revisit": 1}
    ),
    "webrecorder__pywb/sample_archive/warcs/example-wget-1-14.warc.gz": Expected(
        1, {"warcinfo": 1, "request": 1, "response": 1, "resource": 3}, {"not_html": 3}
    ),
    "webrecorder__pywb/sample_archive/warcs/example-wpull.warc.gz": Expected(
        1, {"warcinfo": 1, "request": 1, "response": 1, "resource": 1}, {"not_html": 1}
    ),
    # The request at 4061 claims 7 bytes more than stand before its line ends.
    "webrecorder__pywb/sample_archive/warcs/example.warc": Expected(
        1,
        {"warcinfo": 1, "response": 2, "request": 1, "revisit": 1},
        {"not_ok": 1},
        (Loss(4061, 710, 1, LossReason.DAMAGED_RECORD),),
    ),
    "webrecorder__pywb/sample_archive/warcs/example.warc.gz": Expected(
        1, {"warcinfo": 1, "response": 2, "request": 2, "revisit": 1}, {"not_ok": 1}
    ),
    "webrecorder__pywb/sample_archive/warcs/example2.warc.gz": Expected(
        1, {"warcinfo": 1, "response": 1, "request": 1}
    ),
    "webrecorder__pywb/sample_archive/warcs/httpbin-resource.warc.gz": Expected(
        0, {"resource": 1}, {"not_html": 1}
    ),
    # Status line "HTTP/1.0 302 ", every line ending in two carriage returns.
    "webrecorder__pywb/sample_archive/warcs/missing-status-text.warc": Expected(
        0, {"response": 1}, {"not_ok": 1}
    ),
    "webrecorder__warcio/test/data/bad.arc": ARC,
    # "Not chunked" is the gzip: all records in one member.
    "webrecorder__warcio/test/data/example-bad-non-chunked.warc.gz": Expected(
        1, {"warcinfo": 2, "response": 1, "request": 2, "revisit": 1}
    ),
    "webrecorder__warcio/test/data/example-bad.warc.gz.bad": Expected(
        1, {"warcinfo": 1, "response": 2, "request": 2, "revisit": 1}, {"not_ok": 1}
    ),
    "webrecorder__warcio/test/data/example-digest.warc": Expected(0, {"request": 4}),
    "webrecorder__warcio/test/data/example-iana.org-chunked.warc": Expected(
        1, {"warcinfo": 1, "response": 1, "request": 1}
    ),
    "webrecorder__warcio/test/data/example-resource.warc.gz": Expected(1, {"warcinfo": 2, "resource": 1}),
    "webrecorder__warcio/test/data/example-space-in-target-uri.warc.gz": Expected(
        0, {"warcinfo": 1, "resource": 1}, {"not_html": 1}
    ),
    "webrecorder__warcio/test/data/example-space-in-url.arc": ARC,
    # The response at 1197 claims 2 bytes fewer than its body has.
    "webrecorder__warcio/test/data/example-trunc.warc": Expected(
        0, {"warcinfo": 2, "request": 1}, {}, (Loss(1197, 1369, 1, LossReason.DAMAGED_RECORD),)
    ),
    "webrecorder__warcio/test/data/example-wget-bad-target-uri.warc.gz": Expected(
        1, {"warcinfo": 1, "request": 1, "response": 1, "metadata": 1, "resource": 2}, {"not_html": 2}
    ),
    # The response's header and body are in a member each.
    "webrecorder__warcio/test/data/example-wrong-chunks.warc.gz": Expected(1, {"response": 1, "request": 1}),
    "webrecorder__warcio/test/data/example.arc": ARC,
    "webrecorder__warcio/test/data/example.arc.gz": ARC,
    "webrecorder__warcio/test/data/example.warc": Expected(
        1, {"warcinfo": 2, "response": 1, "request": 2, "revisit": 1}
    ),
    "webrecorder__warcio/test/data/example.warc.gz": Expected(
        1, {"warcinfo": 2, "response": 1, "request": 2, "revisit": 1}
    ),
    "webrecorder__warcio/test/data/post-test.warc.gz": Expected(
        0, {"response": 3, "request": 3}, {"not_html": 3}
    ),
}


def test_every_file_is_expected() -> None:
    assert {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_fixture(name: str) -> None:
    expected = EXPECTED[name]
    scan = WarcScan()
    with (FOLDER / name).open("rb") as stream:
        reading = read_responses(stream, scan=scan, limits=WarcLimits(), wanted=lambda body: True)
        if isinstance(expected, str):
            with pytest.raises(ShardError, match=expected):
                list(reading)
            return
        pages = list(reading)
    assert len(pages) == expected.n_pages
    assert scan.records == Counter(expected.records)
    assert scan.outcomes == Counter({RecordOutcome(name): n for name, n in expected.outcomes.items()})
    assert tuple(scan.losses) == expected.losses
    assert scan.records["response"] + scan.records["resource"] == len(pages) + scan.outcomes.total()


def test_a_panic_of_the_reader_is_damage() -> None:
    """FastWARC 2.0.1 panics, with an error that is no `Exception`, where this header does not end."""
    data = bytearray((FOLDER / RESILIPARSE / "block-sized-records.warc.lz4").read_bytes())
    data[154] ^= 0x10
    scan = WarcScan()
    pages = list(read_responses(io.BytesIO(data), scan=scan, limits=WarcLimits(), wanted=lambda body: True))
    assert (pages, scan.records) == ([], {})
    assert scan.losses == [Loss(0, 720, 1, LossReason.DAMAGED_MEMBER)]
