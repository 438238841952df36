"""WARC records in decoded bytes, one by one: their extent, and whether they are whole.

The slow path's own small parser: FastWARC does not say where a damaged record ends, and stops there.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from extract.warc_members import HEAD_BYTES
from extract.warc_model import LossReason
from extract.warc_source import PIECE_BYTES

RECORD_TYPES = frozenset(
    ("warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation")
)
VERSION = re.compile(rb"WARC/[01]\.\d{1,3}\r*\n")
RECORD_START = re.compile(VERSION.pattern + rb"[A-Za-z][A-Za-z0-9-]*[ \t]*:")
HEAD_END = re.compile(rb"\n\r*\n")
_DIGESTS = {"sha1": 20, "sha256": 32, "sha512": 64, "md5": 16}


class PieceReader:
    """Peeks into and takes from an iterator of byte pieces; holds one piece more than was asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = bytearray()
        self.position = 0

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        while len(self._held) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held += piece
        return bytes(self._held[:size])

    def take(self, size: int) -> bytes:
        """As `peek`, and move past them."""
        taken = self.peek(size)
        del self._held[: len(taken)]
        self.position += len(taken)
        return taken


@dataclass(frozen=True, slots=True)
class RecordHead:
    """A record's header block: its length in the file, and the fields that the walk needs."""

    n_bytes: int
    n_block: int
    record_type: str
    block_digest: str | None
    normal: bytes  # the header block with CRLF line ends, as FastWARC wants it


@dataclass(frozen=True, slots=True)
class Span:
    """One record's extent `[start, end)` in the decoded bytes, or what is wrong with it.

    `content` is the record for FastWARC, its block cut after what the caller asked to keep. `digest_holds`
    is None where the record has no block digest, or one of an unknown kind, or nobody asked.
    """

    start: int
    end: int
    head: RecordHead | None
    fault: LossReason | None
    content: bytes = b""
    digest_holds: bool | None = None


def parse_head(start: bytes) -> RecordHead | None:
    """The header block that `start` begins with; None if it is malformed or does not end in it."""
    end = HEAD_END.search(start)
    if not VERSION.match(start) or end is None:
        return None
    fields: dict[str, str] = {}
    lines = [line.rstrip(b"\r") for line in start[: end.start()].split(b"\n")]
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(
                name.strip().lower().decode("latin-1"), value.strip().decode("utf-8", "replace")
            )
    length = fields.get("content-length", "")
    if not re.fullmatch(r"[0-9]{1,15}", length, re.ASCII) or "warc-type" not in fields:
        return None
    record_type = fields["warc-type"].lower()
    return RecordHead(
        n_bytes=end.end(),
        n_block=int(length),
        record_type=record_type if record_type in RECORD_TYPES else "unknown",
        block_digest=fields.get("warc-block-digest"),
        normal=b"\r\n".join(lines) + b"\r\n\r\n",
    )


def read_span(reader: PieceReader, *, keep_bytes: int, digest: bool = False) -> Span | None:
    """The record that the reader stands before (blank lines skipped), or None at the end of the bytes.

    `keep_bytes`: how much of the block of a response or resource `content` keeps. Other records' blocks
    are not kept.
    """
    size = 512
    while (blank := reader.peek(size)) and not blank.lstrip(b"\r\n"):
        reader.take(len(blank))
        size = HEAD_BYTES
    reader.take(len(blank) - len(blank.lstrip(b"\r\n")))
    start, opening = reader.position, reader.peek(HEAD_BYTES)
    if not opening:
        return None
    head = parse_head(opening)
    if head is None:
        return Span(start, start, None, _head_fault(opening))
    reader.take(head.n_bytes)
    keep = keep_bytes if head.record_type in ("response", "resource") else 0
    block, digest_holds, complete = _take_block(reader, head, keep, digest=digest)
    fault = None if complete else LossReason.TRUNCATED
    if complete:
        trailer = reader.peek(32)
        reader.take(_trailer_length(trailer))
        fault = None if _ends_record(trailer) else LossReason.DAMAGED_RECORD
    return Span(start, reader.position, head, fault, head.normal + block, digest_holds)


def _head_fault(opening: bytes) -> LossReason:
    is_cut = len(opening) < 10 and opening[:5] == b"WARC/"[: len(opening)]
    if not VERSION.match(opening) and not is_cut:
        return LossReason.GARBAGE
    ends_within = len(opening) < HEAD_BYTES and not HEAD_END.search(opening)
    return LossReason.TRUNCATED if ends_within else LossReason.DAMAGED_RECORD


def _take_block(
    reader: PieceReader, head: RecordHead, keep: int, *, digest: bool
) -> tuple[bytes, bool | None, bool]:
    """The kept part of the block, whether its digest holds, and whether the block is complete."""
    expected = _expected_digest(head.block_digest) if digest else None
    hasher = hashlib.new(expected[0], usedforsecurity=False) if expected else None
    kept, n_left = [], head.n_block
    while n_left > 0 and (piece := reader.take(min(n_left, PIECE_BYTES))):
        if keep > 0:
            kept.append(piece[:keep])
            keep -= len(kept[-1])
        if hasher:
            hasher.update(piece)
        n_left -= len(piece)
    holds = hasher.digest() == expected[1] if expected and hasher else None
    return b"".join(kept), holds, n_left == 0


def _expected_digest(labelled: str | None) -> tuple[str, bytes] | None:
    """Algorithm and value of a labelled digest in base 32 or hexadecimal; None if it is of no known kind."""
    algorithm, _, value = (labelled or "").partition(":")
    algorithm = algorithm.strip().lower().replace("-", "")
    value = value.strip()
    n_bytes = _DIGESTS.get(algorithm)
    try:
        if n_bytes and len(value) == 2 * n_bytes:
            return algorithm, bytes.fromhex(value)
        raw = base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (binascii.Error, ValueError):
        return None
    return (algorithm, raw) if len(raw) == n_bytes else None


def _ends_record(trailer: bytes) -> bool:
    """Whether a record may end before these bytes: two line ends, the next record, or the end of the file."""
    if trailer.startswith((b"\r\n\r\n", b"\n\n", b"\r\r\n\r\r\n")):
        return True
    rest = trailer.lstrip(b"\r\n")
    return not rest or rest.startswith(b"WARC/")


def _trailer_length(trailer: bytes) -> int:
    for ending in (b"\r\n\r\n", b"\r\r\n\r\r\n", b"\n\n"):
        if trailer.startswith(ending):
            return len(ending)
    return 0
