"""One record as FastWARC gives it: the HTML response that is wanted, or why it is not."""

import re
from collections.abc import Callable

from fastwarc.warc import WarcRecord

from extract.http_body import decode_body, looks_like_html
from extract.warc_model import Response, WarcLimits
from pipeline.core.outcomes import RecordOutcome

HTTP_HEAD_BYTES = 1 << 20  # a longer HTTP header block cannot be read (FastWARC's own default is 32 KiB)
RESPONSE, RESOURCE = 4, 8  # `WarcRecordType` as int: its members do not hash
TYPE_NAMES = {
    2: "warcinfo",
    4: "response",
    8: "resource",
    16: "request",
    32: "metadata",
    64: "revisit",
    128: "conversion",
    256: "continuation",
}
_HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))
_ODD_TYPES = frozenset(
    (
        None,
        "text/plain",
        "text/htm",
        "text",
        "html",
        "*/*",
        "text/xml",
        "application/xml",
        "application/html",
        "application/octet-stream",
        "binary/octet-stream",
        "application/unknown",
        "application/x-unknown-content-type",
        "content/unknown",
        "unknown/unknown",
        "unknown",
    )
)
_STATUS = re.compile(r"HTTP(?:/[0-9.]*)?[ \t]+([0-9]{3})(?![0-9])")
_CHARSET = re.compile(r";[ \t]*charset[ \t]*=[ \t]*[\"']?([^\s;\"',]+)", re.IGNORECASE)


class ShortBodyError(Exception):
    """FastWARC gave fewer bytes than the record has: the file ends within it."""


def is_fault(error: BaseException) -> bool:
    """Whether this is how FastWARC reports bad bytes: a panic of its Rust code is no `Exception`."""
    return isinstance(error, (OSError, ValueError, OverflowError, ShortBodyError)) or (
        type(error).__name__ == "PanicException"
    )


def parse_http(record: WarcRecord) -> None:
    """Parse the HTTP head of a record that has one and was not parsed yet."""
    if record.is_http_parsed:
        return
    if not record.is_http:
        kind = record.headers.get("Content-Type")
        response = int(record.record_type) == RESPONSE
        record.is_http = (response and kind is None) or (kind or "").lower().startswith("application/http")
    if record.is_http:
        record.parse_http(quirks_mode=True, max_header_len=HTTP_HEAD_BYTES)  # quirks: bare LF line ends


def judge(
    record: WarcRecord, offset: int, *, limits: WarcLimits, wanted: Callable[[bytes], object]
) -> Response | RecordOutcome:
    """A response or resource record as what the caller wants, or why not; cheapest question first."""
    parse_http(record)
    status: int | None = None
    if record.is_http:
        status = record.http_headers.status_code or _lenient_status(record)
        if status is None:
            return RecordOutcome.NO_HTTP
        if not 200 <= status < 300:
            return RecordOutcome.NOT_OK
        media = record.http_content_type
    elif int(record.record_type) == RESOURCE:
        media = record.headers.get("Content-Type")
    else:
        return RecordOutcome.NO_HTTP
    if media != "text/html":
        media = _media_type(media)
        if media not in _HTML_TYPES and media not in _ODD_TYPES:
            return RecordOutcome.NOT_HTML
    body = _body(record, limits)
    if not isinstance(body, bytes):
        return body
    if media not in _HTML_TYPES and not looks_like_html(body):
        return RecordOutcome.NOT_HTML
    if not wanted(body):
        return RecordOutcome.NO_MARKUP
    return _response(record, offset=offset, status=status, media=media, body=body)


def _lenient_status(record: WarcRecord) -> int | None:
    match = _STATUS.match(record.http_headers.status_line or "")
    return int(match[1]) if match else None


def _media_type(content_type: str | None) -> str | None:
    return (content_type or "").partition(";")[0].strip().lower() or None


def _body(record: WarcRecord, limits: WarcLimits) -> bytes | RecordOutcome:
    """The body with its codings undone, within the limits."""
    n_bytes = record.content_length
    if n_bytes > limits.max_record_bytes:
        return RecordOutcome.TOO_LARGE
    body = record.reader.read(n_bytes) if n_bytes else b""
    if len(body) != n_bytes:
        raise ShortBodyError
    if not record.is_http:
        return body
    for key in record.http_headers.keys_bytes():
        # `Content-Encoding` and `Transfer-Encoding` by their lengths: most heads have neither.
        if 16 <= len(key) <= 17 and key.lower() in (b"content-encoding", b"transfer-encoding"):
            headers = record.http_headers
            return decode_body(
                body,
                transfer=", ".join(headers.get_multiple("Transfer-Encoding")),
                content=", ".join(headers.get_multiple("Content-Encoding")),
                max_bytes=limits.max_record_bytes,
                max_ratio=limits.max_compression_ratio,
            )
    return body


def _response(
    record: WarcRecord, *, offset: int, status: int | None, media: str | None, body: bytes
) -> Response:
    fields = {name.lower(): value for name, value in reversed(record.headers.to_tuples())}  # the first counts
    headers = record.http_headers.to_tuples() if record.is_http else ()
    content_type = fields.get("content-type", "")
    if record.is_http:
        content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    charset = _CHARSET.search(content_type) if ";" in content_type else None
    return Response(
        url=fields.get("warc-target-uri", "").strip("<>"),  # wget 1.14 to 1.20 writes <uri>
        date=fields.get("warc-date", ""),
        record_id=fields.get("warc-record-id", ""),
        offset=offset,
        record_type=TYPE_NAMES.get(int(record.record_type), "unknown"),
        status=status,
        headers=headers,
        content_type=media,
        http_charset=charset[1] if charset else None,
        body=body,
        truncated=fields.get("warc-truncated"),
    )
