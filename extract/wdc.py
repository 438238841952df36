"""Reading Web Data Commons' class-specific extracts: N-Quads whose graph is the address of a page.

Each line is `subject predicate object graph .`; the quads of a page stand together. Format:
https://www.w3.org/TR/n-quads/ and https://webdatacommons.org/structureddata/.
"""

import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from extract.items import Item, Text, Value
from extract.markup import fold_type, local_name, top_level
from pipeline.core.errors import TransientError
from pipeline.core.outcomes import RecordOutcome
from pipeline.core.records import LostBytes

_GZIP_MAGIC = b"\x1f\x8b"
_READ_BYTES = 1 << 20
_STEP_BYTES = 16 << 10
"""Stored bytes decoded at a time, so that at most 16 MiB of text come at once (deflate's ratio is 1032)."""


@dataclass(frozen=True, slots=True)
class WdcLimits:
    """What one page or line may cost."""

    max_quads_per_page: int = 100_000
    """Three times what 5,000 questions need (six quads each: two types, two texts, two links)."""
    max_page_bytes: int = 32 << 20
    """Length of a page's quads as text; the same as `extract.max_record_bytes` allows a page."""
    max_line_bytes: int = 4 << 20
    """Longer lines are malformed. A text of 200,000 characters, the most that is kept, has 2 MB escaped."""


@dataclass(slots=True)
class WdcScan:
    """What was in a file; filled while it is read.

    Invariant: n_lines = n_quads + n_malformed + blank lines and comments; n_pages = pages yielded + sum of
    outcomes. Losses count no members: how many quads they held cannot be known.
    """

    n_bytes: int = 0
    """Stored bytes, lost ones included."""
    n_lines: int = 0
    n_quads: int = 0
    n_malformed: int = 0
    """Lines that are no quad with a page's address, are not UTF-8, or are over the limit."""
    n_pages: int = 0
    outcomes: Counter[RecordOutcome] = field(default_factory=Counter)
    """Pages not yielded: without FAQPage (no_markup), over a limit (too_complex, too_large), or being read
    when gzip failed (truncated)."""
    losses: list[LostBytes] = field(default_factory=list)
    """At most one: damaged_member, garbage after a member, or truncated (0 bytes: what is there was read)."""

    @property
    def n_bytes_lost(self) -> int:
        """Stored bytes that could not be read."""
        return sum(loss.n_bytes for loss in self.losses)


class Quad(NamedTuple):
    """One statement. IRIs stand without brackets, blank nodes with their `_:`."""

    subject: str
    predicate: str
    object: str
    """IRI, blank node, or the text of a literal."""
    is_literal: bool
    language: str | None
    datatype: str | None
    graph: str | None


@dataclass(frozen=True, slots=True)
class WdcPage:
    """One page that has a FAQPage item."""

    url: str
    items: list[Item]
    """Items that no other one refers to, in order of appearance; of items in a circle, the first."""
    offset: int
    """Byte offset of the page's first line in the text, that is, in the decompressed file."""


def read_wdc(stream: BinaryIO, *, scan: WdcScan, limits: WdcLimits | None = None) -> Iterator[WdcPage]:
    """Yield the pages that have a FAQPage item, in the file's order, holding one page at a time.

    The stream must be seekable; it holds plain text or gzip of any number of members. Gzip is read twice,
    first to find the first damaged member: a flipped bit garbles the text from there on, and nearly always
    only the checksum at the member's end shows it. From that member on the file is lost; of a file that was
    cut off, nothing is. The page being read at a loss is not delivered. Raises TransientError where the
    stream itself fails.
    """
    limits = limits or WdcLimits()
    page: _Page | None = None
    try:
        for offset, line in _lines(_pieces(stream, scan), limits.max_line_bytes):
            quad = _counted_quad(line, scan)
            if quad is None or not quad.graph or line is None:
                continue
            if page is None or page.url != quad.graph:
                if page:
                    yield from page.finish(scan)
                page = _Page(quad.graph, offset)
            page.add(quad, len(line), limits=limits)
    except _GzipError as error:
        scan.losses.append(LostBytes(error.offset, scan.n_bytes - error.offset, 0, error.reason))
        if page:
            page.stop(RecordOutcome.TRUNCATED)
    if page:
        yield from page.finish(scan)


def _counted_quad(line: bytes | None, scan: WdcScan) -> Quad | None:
    """Return the line's statement, if it is one about a page; a line of None is over the limit."""
    scan.n_lines += 1
    try:
        text = line.decode("utf-8") if line is not None else None
    except UnicodeDecodeError:
        text = None
    quad = parse_quad(text) if text is not None else None
    if quad and quad.graph and not quad.graph.startswith("_:"):
        scan.n_quads += 1
        return quad
    scan.n_malformed += text is None or not _NO_STATEMENT.fullmatch(text)
    return None


# IRIs are read leniently (anything but angle brackets): extracts hold addresses as the pages wrote them.
# All repetitions are possessive, so that matching takes linear time on any line.
_IRI = r"<([^<>]*+)>"
_BLANK = r'(_:[^\s<>".]++(?:\.++[^\s<>".]++)*+)'
_LITERAL = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(?:@([A-Za-z]++(?:-[A-Za-z0-9]++)*+)|\^\^[ \t]*+<([^<>]*+)>)?+'
_QUAD = re.compile(
    rf"[ \t]*+(?:{_IRI}|{_BLANK})[ \t]*+{_IRI}[ \t]*+(?:{_IRI}|{_BLANK}|{_LITERAL})"
    rf"[ \t]*+(?:{_IRI}|{_BLANK})?+[ \t]*+\.[ \t\r]*+(?:#.*+)?+",
    re.DOTALL,
)
_NO_STATEMENT = re.compile(r"\s*(?:#.*)?", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.?))", re.DOTALL)
_SHORT_ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_quad(line: str) -> Quad | None:
    """Read one line of N-Quads, with or without a graph; None where it is no statement.

    Surrogate pairs written as two escapes (Java does so) become one character, single ones U+FFFD.
    """
    match = _QUAD.fullmatch(line)
    if match is None:
        return None
    subject, blank, predicate, to_iri, to_blank, literal, language, datatype, graph, blank_graph = (
        match.groups()
    )
    target = literal if literal is not None else to_blank if to_iri is None else to_iri
    if "\\" in line:
        try:
            subject, predicate, target, datatype, graph = (
                _unescaped(term) if term and "\\" in term else term
                for term in (subject, predicate, target, datatype, graph)
            )
        except (ValueError, OverflowError):  # such as \UFFFFFFFF
            return None
    return Quad(
        blank if subject is None else subject,
        predicate,
        target,
        literal is not None,
        language,
        datatype,
        blank_graph if graph is None else graph,
    )


def _unescaped(term: str) -> str:
    text = _ESCAPE.sub(_character, term)
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _character(match: re.Match[str]) -> str:
    """Raises ValueError for an escape that N-Quads does not have."""
    short, long, single = match.groups()
    if short or long:
        return chr(int(short or long, 16))
    if single not in _SHORT_ESCAPES:
        raise ValueError(match.group())
    return _SHORT_ESCAPES[single]


_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_MAX_NAME_CHARS = 300  # longer ones are no types or properties, and would fill the caches of names
_SCHEMA_ORG = re.compile(r"https?://(?:www\.)?schema\.org[/#]", re.IGNORECASE)


@lru_cache(4096)
def _property(predicate: str) -> str | None:
    """Return a schema.org property's local name; old extracts put its class in front (`Question/name`)."""
    return local_name(predicate) if _SCHEMA_ORG.match(predicate) else None


class _Page:
    """The quads of one page, collected until its last one has been read."""

    def __init__(self, url: str, offset: int) -> None:
        self.url = url
        self.offset = offset
        self._quads: list[tuple[Quad, str | None]] = []
        self._n_quads = 0
        self._n_bytes = 0
        self._outcome: RecordOutcome | None = None

    def add(self, quad: Quad, n_bytes: int, *, limits: WdcLimits) -> None:
        """Keep the quad if it is a type or a schema.org property; beyond a limit, keep none of the page."""
        self._n_quads += 1
        self._n_bytes += n_bytes
        if self._n_quads > limits.max_quads_per_page:
            self.stop(RecordOutcome.TOO_COMPLEX)
        elif self._n_bytes > limits.max_page_bytes:
            self.stop(RecordOutcome.TOO_LARGE)
        if self._outcome:
            return
        if quad.predicate == _RDF_TYPE:
            if len(quad.object) < _MAX_NAME_CHARS:
                self._quads.append((quad, None))
        elif len(quad.predicate) < _MAX_NAME_CHARS and (name := _property(quad.predicate)):
            self._quads.append((quad, name))

    def stop(self, outcome: RecordOutcome) -> None:
        """Deliver nothing of the page; the first reason stands."""
        self._outcome = self._outcome or outcome
        self._quads.clear()

    def finish(self, scan: WdcScan) -> Iterator[WdcPage]:
        """Yield the page, or count its outcome."""
        scan.n_pages += 1
        if self._outcome:
            scan.outcomes[self._outcome] += 1
        elif not any(name is None and _names_faq_page(quad.object) for quad, name in self._quads):
            scan.outcomes[RecordOutcome.NO_MARKUP] += 1
        else:
            yield WdcPage(self.url, _items(self._quads), self.offset)


def _names_faq_page(type_iri: str) -> bool:
    return "faqpage" in fold_type(local_name(type_iri))


def _items(quads: list[tuple[Quad, str | None]]) -> list[Item]:
    """Link a page's quads to items and return those that lead to all others."""
    items = {quad.subject: Item((), id=quad.subject) for quad, _ in quads}
    types: dict[str, list[str]] = {}
    for quad, name in quads:
        value: Value | None = None
        if name is None:
            types.setdefault(quad.subject, []).append(local_name(quad.object))
        elif not quad.is_literal and quad.object in items:
            value = items[quad.object]
        elif quad.is_literal or not quad.object.startswith("_:"):  # such a blank node has nothing to say
            value = Text(quad.object, quad.language)
        if name and value:
            items[quad.subject].properties.setdefault(name, []).append(value)
    for subject, names in types.items():
        items[subject].types = tuple(names)
    return top_level(list(items.values()))


def _lines(pieces: Iterator[bytes], max_bytes: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line's offset and its bytes without the line end; None for a line over the limit."""
    offset, rest, n_skipped = 0, b"", 0
    for piece in pieces:
        *whole, last = piece.split(b"\n")
        for part in whole:
            line = rest + part
            n_bytes = n_skipped + len(line)
            yield offset, line if n_bytes <= max_bytes else None
            offset += n_bytes + 1
            rest, n_skipped = b"", 0
        rest += last
        if n_skipped + len(rest) > max_bytes:
            rest, n_skipped = b"", n_skipped + len(rest)
    if rest or n_skipped:
        yield offset, rest if not n_skipped else None


def _pieces(stream: BinaryIO, scan: WdcScan) -> Iterator[bytes]:
    """Yield the text, of gzip only whole members; raises _GzipError where the rest is lost."""
    scan.n_bytes = _seek(stream, 0, io.SEEK_END)
    _seek(stream, 0)
    begin = _read(stream)
    if not begin.startswith(_GZIP_MAGIC):
        while begin:
            yield begin
            begin = _read(stream)
        return
    damage = _first_damage(stream)
    for offset, piece in _inflated(stream):
        if damage and offset >= damage.offset:
            raise damage
        yield piece


def _first_damage(stream: BinaryIO) -> "_GzipError | None":
    try:
        for _ in _inflated(stream):
            pass
    except _GzipError as error:
        return error
    return None


class _GzipError(Exception):
    """Gzip fails, and a text with it, perhaps within a line."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


def _inflated(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the text of all gzip members with the offset where its member begins; raises _GzipError.

    Zeros after a member are padding, as for gzip itself.
    """
    decoder = None
    begin = end = _seek(stream, 0)
    while block := _read(stream):
        for i in range(0, len(block), _STEP_BYTES):
            stored = block[i : i + _STEP_BYTES]
            end += len(stored)
            while stored := stored if decoder else stored.lstrip(b"\0"):
                is_member = decoder is not None or stored[:2] == _GZIP_MAGIC[: len(stored)]
                begin = begin if decoder else end - len(stored)
                decoder = decoder or zlib.decompressobj(wbits=31)
                try:
                    piece = decoder.decompress(stored)
                except zlib.error:
                    raise _GzipError(begin, "damaged_member" if is_member else "garbage") from None
                yield begin, piece
                stored = decoder.unused_data
                decoder = None if decoder.eof else decoder
    if decoder:
        raise _GzipError(end, "truncated")


def _seek(stream: BinaryIO, offset: int, whence: int = io.SEEK_SET) -> int:
    try:
        return stream.seek(offset, whence)
    except OSError as error:
        raise TransientError(f"Reading failed: {error}. Try again later.") from error


def _read(stream: BinaryIO) -> bytes:
    try:
        return stream.read(_READ_BYTES)
    except OSError as error:
        raise TransientError(f"Reading failed: {error}. Try again later.") from error
