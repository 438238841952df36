"""What must hold of whole files and pages, whatever their bytes are."""

import gzip
import io
import time
from collections.abc import Iterable

import seeds

from extract.charset import decode_html, parse_html
from extract.page import extract_page, mentions_faqpage, read_markup
from extract.shard import ShardScan, read_pages
from extract.warc import WarcLimits, WarcScan, read_responses
from extract.warc_model import Response
from pipeline.core.config import ExtractConfig
from pipeline.core.errors import ShardError
from pipeline.core.ids import pair_id
from pipeline.core.manifest import Shard
from pipeline.core.outcomes import RecordOutcome
from pipeline.core.records import Page, PairRaw, Scan
from pipeline.core.table import arrow_batch

URL = "https://example.org/faq"
GRACE_S = 1.0


def check_warc(data: bytes) -> None:
    if len(data) < 4:
        return
    flags = data[1]
    content = _damaged(
        _stored(data[4:], data[0] % 5), flags >> 3 & 3, int.from_bytes(data[2:4], "big") / 65536
    )
    limits = WarcLimits(2048, 50.0) if flags & 1 else WarcLimits(1 << 20, 1000.0)
    scan = WarcScan()
    responses = read_responses(
        io.BytesIO(content),
        scan=scan,
        limits=limits,
        wanted=mentions_faqpage if flags & 4 else lambda body: True,
        verify_digests=bool(flags & 2),
    )
    found = []
    try:
        found.extend(responses)
    except ShardError:
        assert not found, "a file that is no archive gave responses"
        return
    assert scan.records["response"] + scan.records["resource"] == len(found) + scan.outcomes.total()
    assert scan.n_bytes == len(content)
    end = 0
    for loss in scan.losses:
        assert loss.offset >= end, scan.losses
        assert loss.n_bytes >= 0, scan.losses
        assert loss.n_members >= 0, scan.losses
        end = loss.offset + loss.n_bytes
    assert end <= len(content), scan.losses
    for response in found:
        assert 0 <= response.offset < len(content)
        assert len(response.body) <= limits.max_record_bytes
    assert [r.offset for r in found] == sorted(r.offset for r in found)


def _stored(plain: bytes, container: int) -> bytes:
    if container == seeds.RAW:
        return plain
    if container == seeds.GZIP_WHOLE:
        return seeds.compressed(plain, container)
    first, *rest = plain.split(b"WARC/1")
    records = [first] * bool(first) + [b"WARC/1" + record for record in rest]
    return b"".join(seeds.compressed(record, container) for record in records[:40])


def _damaged(content: bytes, kind: int, place: float) -> bytes:
    at = int(place * len(content))
    if kind == 1:
        return content[:at] + bytes(byte ^ 0x10 for byte in content[at : at + 1]) + content[at + 1 :]
    if kind == 2:
        return content[:at]
    return content[:at] + bytes(len(content[at : at + 30])) + content[at + 30 :] if kind == 3 else content


# --- rows


def check_rows(rows: Iterable[tuple[Page, list[PairRaw]]], config: ExtractConfig) -> tuple[int, int]:
    """Check what must hold for every page, and return the numbers of pages and pairs."""
    n_pages = n_pairs = 0
    for page, pairs in rows:
        n_pages += 1
        n_pairs += len(pairs)
        assert page.outcome != RecordOutcome.FAILED, page.detail
        assert page.outcome in list(RecordOutcome)
        assert page.n_questions == sum(count.n for count in page.questions)
        assert page.n_pairs == len(pairs)
        assert bool(pairs) == (page.outcome == RecordOutcome.EXTRACTED)
        assert len(pairs) <= config.max_pairs_per_page
        for pair in pairs:
            assert pair.id == pair_id(pair.question, pair.answer)
            assert pair.question.strip()
            assert "\n" not in pair.question
            assert all(line.strip() for line in pair.answer.split("\n"))
            assert max(len(pair.question), len(pair.answer)) <= config.max_text_chars
        arrow_batch([page], Page).validate(full=True)
        arrow_batch(pairs, PairRaw).validate(full=True)
    return n_pages, n_pairs


def check_page(data: bytes) -> None:
    head, _, body = data.partition(b"\n\n") if not data.startswith(b"\n") else (b"", b"", data[1:])
    fields, headers = _head(head.decode("utf-8", "replace"))
    config = ExtractConfig(
        page_timeout_s=4.0,
        max_pairs_per_page=20,
        max_text_chars=2000,
        keep_answer_html="keep-html" in fields,
        respect_opt_out="any-robots" not in fields,
    )
    response = Response(
        url=fields.get("url", URL),
        date=fields.get("date", "2026-10-03T12:00:00Z"),
        record_id=fields.get("id", "<urn:x>"),
        offset=0,
        record_type="response",
        status=200,
        headers=headers,
        content_type="text/html",
        http_charset=fields.get("charset"),
        body=body,
        truncated=None,
    )
    mentions_faqpage(body)
    began = time.monotonic()
    page, pairs = extract_page(response, warc_file="x.warc.gz", config=config)
    seconds = time.monotonic() - began
    assert seconds < config.page_timeout_s + GRACE_S, f"took {seconds:.1f} s"
    check_rows([(page, pairs)], config)
    if page.outcome in (RecordOutcome.EXTRACTED, RecordOutcome.NO_PAIRS):
        tree = parse_html(decode_html(body, response.http_charset).text)
        found = read_markup(tree, body, base_url=response.url)
        assert page.n_questions == len(found.questions), "questions are lost"


def _head(text: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Split into our own fields (`:date 2026-10-03`) and HTTP headers (`Link: </en>`)."""
    fields, headers = {}, []
    for line in text.split("\n"):
        if line.startswith(":"):
            name, _, value = line[1:].partition(" ")
            fields[name] = value
        elif line:
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
    return fields, tuple(headers)


def _check_file(content: bytes, format: str, config: ExtractConfig) -> None:
    shard = Shard.of("x", format, version="", settings="")
    scan = ShardScan()
    error = None
    n_pages = n_pairs = 0
    try:
        n_pages, n_pairs = check_rows(
            read_pages(io.BytesIO(content), shard=shard, config=config, scan=scan), config
        )
    except ShardError as shard_error:
        error = str(shard_error)
    row = scan.row(shard, error=error, n_pages=n_pages, n_pairs=n_pairs, seconds=0.0)
    arrow_batch([row], Scan).validate(full=True)
    assert row.n_bytes == len(content) or error
    assert all(loss.n_bytes >= 0 and loss.n_members >= 0 for loss in row.losses)
    assert row.n_bytes_lost <= len(content), row.losses


def check_wdc(data: bytes) -> None:
    if len(data) < 3:
        return
    container, flags, place, text = data[0] % 3, data[1], data[2] / 256, data[3:]
    if container == 1:
        text = gzip.compress(text, compresslevel=1, mtime=0)
    elif container == 2:
        third = len(text) // 3 + 1
        parts = [text[i : i + third] for i in range(0, len(text), third)]
        text = b"".join(gzip.compress(part, compresslevel=1, mtime=0) for part in parts)
    config = ExtractConfig(max_record_bytes=1024) if flags & 1 else ExtractConfig()
    _check_file(_damaged(text, flags >> 3 & 3, place), "wdc", config)


def check_owi(data: bytes) -> None:
    if len(data) < 8:
        return
    content = data[8:]
    if data[0]:
        rows = [row.split(seeds.FIELD) for row in content.split(seeds.ROW)[:20]]
        damaged = bytearray(seeds.owi_file(rows, options=data[1]))
        for place, mask in (data[2:4], data[4:6], data[6:8]):
            damaged[place * len(damaged) // 256] ^= mask
        content = bytes(damaged)
    _check_file(content, "owi", ExtractConfig(max_text_chars=2000))
