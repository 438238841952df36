"""Write exchanges with servers as WARC/1.1 files that are the same byte for byte on every machine.

Two things make them so. Dates and record ids follow from the address. And the gzip members hold stored
(uncompressed) deflate blocks: what zlib makes of the same input differs between its versions and forks.
"""

import base64
import hashlib
import uuid
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

USER_AGENT = "faqtory-sample/1.0 (+https://crawler.example/)"

_SOFTWARE = "faqtory sample crawl"
_STORED_BYTES = 0xFFFF
_CHUNK_BYTES = 1999


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back."""

    url: str
    when: datetime
    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    """As sent: after content and transfer coding."""
    revisit_of: "Exchange | None" = None
    """The earlier exchange with the same body, which is then not stored again."""

    @property
    def warc_date(self) -> str:
        """The time of the exchange as WARC writes it."""
        return self.when.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_warc(path: Path, exchanges: Iterable[Exchange], *, began: datetime) -> int:
    """Write warcinfo, then a request and a response record for each exchange; return the file's bytes.

    A file that holds just this is left alone, so that what was done with it before still counts as done.
    """
    records = [_warcinfo(path.name, began), *(record for e in exchanges for record in _records(e))]
    content = b"".join(map(gzip_member, records))
    if not path.is_file() or path.read_bytes() != content:
        path.write_bytes(content)
    return len(content)


def gzip_member(content: bytes) -> bytes:
    """Return a gzip member (RFC 1952, without time stamp) of stored deflate blocks (RFC 1951)."""
    starts = range(0, max(len(content), 1), _STORED_BYTES)
    parts = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]
    for start in starts:
        block = content[start : start + _STORED_BYTES]
        is_last = start == starts[-1]
        parts += [bytes([is_last]), _word(len(block)), _word(len(block) ^ 0xFFFF), block]
    return b"".join([*parts, _word(zlib.crc32(content), 4), _word(len(content) & 0xFFFFFFFF, 4)])


def _word(number: int, n_bytes: int = 2) -> bytes:
    return number.to_bytes(n_bytes, "little")


def chunked(content: bytes) -> bytes:
    """Return the content in the chunked transfer coding (RFC 9112)."""
    pieces = (content[start : start + _CHUNK_BYTES] for start in range(0, len(content), _CHUNK_BYTES))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def http_date(when: datetime) -> str:
    """Return the time as HTTP's Date header has it."""
    return format_datetime(when, usegmt=True)


def _record_id(kind: str, url: str, when: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{kind} {when} {url}')}>"


def _warcinfo(name: str, began: datetime) -> bytes:
    date = began.strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {"software": _SOFTWARE, "format": "WARC File Format 1.1", "conformsTo": _CONFORMS_TO}
    body = "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode()
    headers = {"WARC-Filename": name, "WARC-Date": date, "WARC-Record-ID": _record_id("warcinfo", name, date)}
    return _record("", "warcinfo", headers, None, body)


_CONFORMS_TO = "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"


def _records(exchange: Exchange) -> Iterator[bytes]:
    kind = "revisit" if exchange.revisit_of else "response"
    date = exchange.warc_date
    response_id = _record_id(kind, exchange.url, date)
    request = {
        "WARC-Date": date,
        "WARC-Record-ID": _record_id("request", exchange.url, date),
        "WARC-Concurrent-To": response_id,
    }
    yield _record(exchange.url, "request", request, _request_head(exchange.url), b"")
    headers = {"WARC-Date": date, "WARC-Record-ID": response_id}
    if exchange.revisit_of:
        headers |= _revisit_headers(exchange.revisit_of)
    head = StatusAndHeaders(exchange.status, list(exchange.headers), protocol="HTTP/1.1")
    yield _record(exchange.url, kind, headers, head, b"" if exchange.revisit_of else exchange.body)


def _request_head(url: str) -> StatusAndHeaders:
    _, _, host, path = url.split("/", 3)
    headers = [
        ("Host", host),
        ("User-Agent", USER_AGENT),
        ("Accept", "text/html,*/*;q=0.8"),
        ("Connection", "close"),
    ]
    return StatusAndHeaders(f"GET /{path} HTTP/1.1", headers, is_http_request=True)


def _revisit_headers(original: Exchange) -> dict[str, str]:
    digest = base64.b32encode(hashlib.sha1(original.body, usedforsecurity=False).digest()).decode()
    return {
        "WARC-Profile": "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        "WARC-Refers-To": _record_id("response", original.url, original.warc_date),
        "WARC-Refers-To-Target-URI": original.url,
        "WARC-Refers-To-Date": original.warc_date,
        "WARC-Payload-Digest": f"sha1:{digest}",
    }


def _record(
    url: str, kind: str, headers: dict[str, str], http: StatusAndHeaders | None, body: bytes
) -> bytes:
    """Return one record as bytes, with the digests that warcio computes."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=False, warc_version="WARC/1.1")
    record = writer.create_warc_record(
        url, kind, payload=BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=headers
    )
    writer.write_record(record)
    return out.getvalue()
