"""HTTP message bodies: transfer and content codings undone within limits, and a look at what they hold."""

import re
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import brotli  # type: ignore[import-untyped,unused-ignore]
import zstandard

from pipeline.core.outcomes import RecordOutcome

RATIO_FLOOR_BYTES = 1 << 20  # decoding less than this costs under a millisecond, whatever the ratio
_MAX_CODINGS = 4
_CHUNK_HEAD = re.compile(rb"[ \t]*([0-9a-fA-F]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
# The tags by which the WHATWG MIME Sniffing Standard (section 7.1) knows HTML.
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?[\t\n\x0c\r ]*(?:<\?xml[^>]{0,200}>[\t\n\x0c\r ]*)?"
    rb"<(?:!--|(?:!doctype[ ]html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)"
    rb"[ />\t\r\n])",
    re.IGNORECASE,
)


class _CodingError(Exception):
    """The coded bytes are not what their header says."""


def looks_like_html(body: bytes) -> bool:
    """Whether the body starts as HTML does."""
    return _HTML.match(body, 0, 1024) is not None


def decode_body(
    raw: bytes, *, transfer: str, content: str, max_bytes: int, max_ratio: float
) -> bytes | RecordOutcome:
    """The body with its codings undone (Transfer-Encoding, Content-Encoding), or TOO_LARGE, UNDECODABLE.

    Crawlers often store a decoded body under its old headers: a body that is no chunk sequence, or already
    starts as HTML, is taken as it is. A body that ends early is decoded as far as it goes, as browsers do.
    Codings that nobody knows (`utf-8`, `none`) are ignored.
    """
    codings = [part.strip().lower() for part in content.split(",") if part.strip()]
    if "chunked" in transfer.lower():
        raw = dechunk(raw)
    codings += [part.strip() for part in transfer.lower().split(",") if part.strip() not in ("chunked", "")]
    decoders = [_DECODERS[coding] for coding in codings if coding in _DECODERS]
    if len(decoders) > _MAX_CODINGS:
        return RecordOutcome.UNDECODABLE
    body = raw
    for decode in reversed(decoders):
        if looks_like_html(body):
            break
        try:
            decoded = decode(body, max_bytes + 1)
        except _CodingError:
            return RecordOutcome.UNDECODABLE
        n_out = len(decoded)
        if n_out > max_bytes or (n_out > RATIO_FLOOR_BYTES and n_out > max_ratio * len(body)):
            return RecordOutcome.TOO_LARGE
        body = decoded
    return body


def dechunk(raw: bytes) -> bytes:
    """The chunks' content; `raw` itself if it does not begin with a chunk; up to the first bad chunk."""
    pieces: list[bytes] = []
    at = 0
    while head := _CHUNK_HEAD.match(raw, at):
        n_chunk = int(head[1], 16)
        if n_chunk == 0:
            return b"".join(pieces)
        pieces.append(raw[head.end() : head.end() + n_chunk])
        at = head.end() + n_chunk
        at += 2 if raw[at : at + 2] == b"\r\n" else 1 if raw[at : at + 1] == b"\n" else 0
    return b"".join(pieces) if pieces else raw


def _gunzip(coded: bytes, limit: int) -> bytes:
    if not coded.startswith(b"\x1f\x8b"):
        if not coded:
            return b""
        raise _CodingError
    body = b""
    while coded.startswith(b"\x1f\x8b") and len(body) < limit:
        piece, coded = _inflate(coded, 31, limit - len(body))
        body = body + piece if body else piece
    return body


def _undeflate(coded: bytes, limit: int) -> bytes:
    """`deflate` is zlib's format (RFC 9110, 8.4.1.2), but many servers send the bare stream."""
    try:
        return _inflate(coded, 15, limit)[0]
    except _CodingError:
        return _inflate(coded, -15, limit)[0]


def _inflate(coded: bytes, wbits: int, limit: int) -> tuple[bytes, bytes]:
    """Decoded bytes (at most `limit`) and the input left after the stream's end."""
    stream = zlib.decompressobj(wbits=wbits)
    try:
        return stream.decompress(coded, limit), stream.unused_data
    except zlib.error as error:
        raise _CodingError from error


def _unbrotli(coded: bytes, limit: int) -> bytes:
    stream: Any = brotli.Decompressor()
    pieces, n_out = [], 0
    try:
        pieces.append(stream.process(coded, output_buffer_limit=limit))
        n_out = len(pieces[0])
        while n_out < limit and not stream.is_finished() and not stream.can_accept_more_data():
            pieces.append(stream.process(b"", output_buffer_limit=limit - n_out))
            n_out += len(pieces[-1])
    except brotli.error as error:
        raise _CodingError from error
    return b"".join(pieces)


def _unzstd(coded: bytes, limit: int) -> bytes:
    context = zstandard.ZstdDecompressor(max_window_size=8 << 20)  # RFC 9659: at most 8 MB in HTTP
    pieces, n_out = [], 0
    try:
        reader = context.stream_reader(BytesIO(coded), read_across_frames=True)
        while n_out < limit and (piece := reader.read(min(limit - n_out, 1 << 20))):
            pieces.append(piece)
            n_out += len(piece)
    except zstandard.ZstdError as error:
        raise _CodingError from error
    return b"".join(pieces)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
