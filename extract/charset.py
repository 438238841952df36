"""Bytes of a web page -> text -> tree."""

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

import charset_normalizer
import lxml.etree
import lxml.html
import webencodings
from lxml.html import HtmlElement

from extract.charset_latin import LATIN_DECLARED, LATIN_ENCODINGS, latin_fit

META_BYTES = 4096  # browsers look at 1,024 (WHATWG, "prescan a byte stream"); long heads exceed them
SAMPLE_BYTES = 4096  # enough for charset-normalizer to tell all pairs of DETECTABLE apart, in about 1 ms
MIN_SAMPLE_BYTES = 4  # non-ASCII bytes below which nothing can be told and a declaration stands
MIN_LANGUAGE_BYTES = 16  # below them letter frequencies mean nothing, mixed scripts within words still do
DAMAGE_TOLERANCE = 0.05  # share of the non-ASCII characters that may be damaged in a believed encoding
CHAOS_MARGIN = 0.03  # charset-normalizer's mess ratio: measured 0 for right, 0 to 0.4 for wrong decodings
COHERENCE_MARGIN = 0.05  # its language ratio: measured 0.45 to 0.7 for right, 0 to 0.58 for wrong decodings
LATIN_MARGIN = 0.05  # share of letters; foreign names in a text that is declared right
MAX_DEPTH = 2048  # nesting at which libxml2 gives up even with huge_tree
MAX_ATTRIBUTES = 20_000  # of a tag; libxml2 takes 0.8 s for these, with their square, and 144 s for 100,000
MAX_LABEL_CHARS = 100  # of a charset label that are looked at; the longest known one has 19

DETECTABLE = (  # WHATWG names of what pages without a (true) declaration are written in
    "windows-1252",
    "windows-1251",
    "windows-1250",
    "koi8-u",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-874",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "big5",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "ibm866",
)
MULTIBYTE = frozenset(
    {
        "utf-8",
        "shift_jis",
        "euc-jp",
        "iso-2022-jp",
        "euc-kr",
        "gbk",
        "gb18030",
        "big5",
    }
)

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_CODECS = {"gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949", "big5": "big5hkscs"}  # as in browsers
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_META_CHARSET = re.compile(
    rb"""<meta\s[^>]*?charset\s*=\s*["'\s]*([a-z0-9_:.\-]+)|<\?xml\s[^>]*?encoding\s*=\s*["']([a-z0-9_:.\-]+)""",
    re.IGNORECASE,
)
_SEGMENT_END = re.compile(rb'[<>"\r\n]')  # never a trail byte of the encodings above
_ASCII = bytes(range(128))
_CONTROLS = bytes([*range(9), *range(0x0E, 0x20), 0x7F])
_VT_TO_SPACE = bytes.maketrans(b"\x0b", b" ")

# As the HTML Standard's tokeniser finds attributes: quotes count behind an equals sign only.
_ATTRIBUTE = rb"""[\s/]*+(?:=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+"""
_TAG = re.compile(rb"<[A-Za-z][^\s/>]*+(?:%b)*+" % _ATTRIBUTE)
_OVERLOADED_TAG = re.compile(rb"<[A-Za-z][^\s/>]*+(?:%b){%d}+" % (_ATTRIBUTE, MAX_ATTRIBUTES + 1))

_PARSER = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
_DEEP_PARSER = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)


class UndecodableError(ValueError):
    """The bytes are text in no encoding that is declared or known."""


class TooComplexError(ValueError):
    """The page nests or branches beyond the limits of a parser."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page's text with the WHATWG name of its encoding and what told it: bom, http, meta or detected."""

    text: str
    charset: str
    source: str
    body: bytes | None = None
    """The page as it was, where that is its text in UTF-8."""

    @property
    def utf8(self) -> bytes:
        """The text in UTF-8, without work where it came so."""
        return self.body if self.body is not None else self.text.encode("utf-8", "replace")


def decode_html(body: bytes, http_charset: str | None) -> Decoded:
    """Decode a page by its byte order mark, else its HTTP header, else its <meta>, else by detection.

    A declaration is evidence, not truth:

    - bytes that are valid UTF-8 with at least one multi-byte sequence are UTF-8, whatever is declared (no
      natural text in another encoding looks like that);
    - a multi-byte encoding is believed if at most 5 % of the non-ASCII characters are damaged; these become
      U+FFFD, and a character cut off at the end of the page is dropped;
    - any encoding but UTF-8 is believed unless charset-normalizer, on 4 KB of the non-ASCII text, reads the
      bytes clearly better in another one (`_Sample.is_plausible`); fewer than 4 non-ASCII bytes are no
      evidence.

    Labels mean what browsers take them for (`latin1` is windows-1252, `gb2312` is gbk). Raises
    UndecodableError where nothing fits, as for compressed or binary bytes.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return Decoded(body[len(bom) :].decode(name, "replace"), name, "bom")
    declared = _declared(body, http_charset)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_other(body, declared)
    if text.isascii():
        return _decode_ascii(body, text, declared)
    return Decoded(text, "utf-8", declared.get("utf-8", "detected"), body)


def _declared(body: bytes, http_charset: str | None) -> dict[str, str]:
    """Return the declared encodings, most trusted first, with the source of each."""
    names = {}
    if http_charset and (name := _whatwg_name(http_charset[:MAX_LABEL_CHARS])):
        names[name] = "http"
    for match in _META_CHARSET.finditer(_COMMENT.sub(b"", body[:META_BYTES])):
        name = _whatwg_name((match[1] or match[2])[:MAX_LABEL_CHARS].decode("ascii"))
        if name:
            # Bytes in which an ASCII search finds a <meta> are not UTF-16 (WHATWG says the same).
            names.setdefault("utf-8" if name.startswith("utf-16") else name, "meta")
    return names


@lru_cache(1024)
def _whatwg_name(label: str) -> str | None:
    try:
        encoding = webencodings.lookup(label.strip("\"'; \t\r\n"))
    except UnicodeError:
        return None
    if encoding is None or encoding.name in ("x-user-defined", "replacement"):
        return None
    return str(encoding.name)


def _codec(name: str) -> str:
    return _CODECS.get(name) or str(webencodings.lookup(name).codec_info.name)


def _decode_ascii(body: bytes, text: str, declared: dict[str, str]) -> Decoded:
    """Decode bytes below 128, which may still hide ISO-2022-JP escapes or UTF-16 without a mark."""
    if b"\0" in body and (utf16 := _decode_utf16(body, declared)):
        return utf16
    if b"\x1b$" in body and "iso-2022-jp" in {*declared, _iso2022jp(body)}:
        source = declared.get("iso-2022-jp", "detected")
        return Decoded(body.decode("iso2022_jp", "replace"), "iso-2022-jp", source)
    for name, source in declared.items():
        if not name.startswith("utf-16"):
            return Decoded(text, name, source)
    return Decoded(text, "utf-8", "detected")


def _iso2022jp(body: bytes) -> str | None:
    try:
        body.decode("iso2022_jp")
    except UnicodeDecodeError:
        return None
    return "iso-2022-jp"


def _decode_utf16(body: bytes, declared: dict[str, str]) -> Decoded | None:
    """Recognise UTF-16 without a mark by the zero bytes of its markup, all on one side of the pairs."""
    head = body[:META_BYTES]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 8 or min(even, odd) * 10 > max(even, odd):
        return None
    name = "utf-16be" if even > odd else "utf-16le"
    return Decoded(body.decode(name, "replace"), name, declared.get(name, "detected"))


def _decode_other(body: bytes, declared: dict[str, str]) -> Decoded:
    """Decode bytes that are not valid UTF-8."""
    if b"\0" in body and (utf16 := _decode_utf16(body, declared)):
        return utf16
    sample = _Sample(body)
    text = _decode_tolerantly(body, "utf-8")
    if text is not None:
        return Decoded(text, "utf-8", declared.get("utf-8", "detected"))
    for name, source in declared.items():
        text = _decode_tolerantly(body, name) if name != "utf-8" and sample.is_plausible(name) else None
        if text is not None:
            return Decoded(text, name, source)
    detected = sample.best_name() or (None if sample.is_telling else "windows-1252")
    text = _decode_tolerantly(body, detected) if detected else None
    if detected is None or text is None:
        raise UndecodableError("the bytes are text in no declared or known encoding")
    return Decoded(text, detected, "detected")


def _decode_tolerantly(body: bytes, name: str) -> str | None:
    """Decode, with damage as U+FFFD; None if that is more than DAMAGE_TOLERANCE of the non-ASCII text."""
    codec = _codec(name)
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        if name in MULTIBYTE and error.end == len(body) and error.start > len(body) - 4:
            body = body[: error.start]  # the page ends within a character
    text = body.decode(codec, "replace")
    n_damaged = text.count("\ufffd")
    n_other = len(_ASCII_CHARS.sub("", text))
    return text if n_damaged <= DAMAGE_TOLERANCE * n_other else None


class _Sample:
    """The non-ASCII text of a page that is not UTF-8, and what charset-normalizer makes of it."""

    def __init__(self, body: bytes) -> None:
        segments: list[bytes] = []
        n_bytes = 0
        *whole, last = _SEGMENT_END.split(body)
        for segment in whole:
            if not segment.isascii() and n_bytes < SAMPLE_BYTES:
                segments.append(_cut(segment))
                n_bytes += len(segments[-1])
        if not segments:
            segments = [_cut(last)]  # else left out, as it may end within a character
        self._bytes = b"\n".join(segments)
        n_other = len(self._bytes.translate(None, _ASCII))
        self.is_telling = n_other >= MIN_SAMPLE_BYTES
        self._shows_language = n_other >= MIN_LANGUAGE_BYTES
        self._matches: dict[str, charset_normalizer.CharsetMatches] = {}

    def best_name(self) -> str | None:
        """Return the name of the likeliest encoding, or None if none is likely."""
        best = self._detect(()).best()
        if best is None:
            return None
        name = _BY_CODEC[best.encoding]
        return self._best_latin() if name in LATIN_ENCODINGS else name

    def is_plausible(self, name: str) -> bool:
        """Tell whether the sample reads about as well in a declared encoding as in any other.

        Some other multi-byte encoding that fits without a fault beats a single-byte one, in which any bytes
        fit. Else the mess and language ratios are compared and, between Latin encodings, the alphabets.
        """
        if not self.is_telling:
            return True
        matches = self._detect((name,))
        best = matches.best()
        text = self._bytes.decode(_codec(name), "replace")
        own = next((match for match in matches if str(match) == text), None)
        if best is None:
            return name in MULTIBYTE or "\ufffd" not in text
        best_name = _BY_CODEC.get(best.encoding, name)
        if name in LATIN_DECLARED and best_name in LATIN_ENCODINGS:
            return self._latin_fit(name) >= self._latin_fit(self._best_latin()) - LATIN_MARGIN
        if own is None or own.chaos > best.chaos + CHAOS_MARGIN:
            return False
        if not self._shows_language:
            return True
        if name not in MULTIBYTE and best_name in MULTIBYTE:
            return False
        return bool(own.coherence >= best.coherence - COHERENCE_MARGIN)

    def _best_latin(self) -> str:
        return max(LATIN_ENCODINGS, key=self._latin_fit)  # the first, commonest one of equals

    def _latin_fit(self, name: str) -> float:
        # Undefined bytes come out as U+FFFD, no letter of any alphabet.
        return latin_fit(self._bytes.decode(_codec(name), "replace"))

    def _detect(self, names: tuple[str, ...]) -> charset_normalizer.CharsetMatches:
        key = ",".join(names)
        if key not in self._matches:
            self._matches[key] = charset_normalizer.from_bytes(
                self._bytes,
                cp_isolation=list(dict.fromkeys([_codec(name) for name in (*names, *DETECTABLE)])),
                threshold=0.4,
                preemptive_behaviour=False,
                enable_fallback=False,
            )
        return self._matches[key]


def _cut(segment: bytes) -> bytes:
    """Shorten a long segment behind an ASCII byte that cannot be half of a character."""
    if len(segment) <= SAMPLE_BYTES:
        return segment
    ends = [segment.rfind(mark, 0, SAMPLE_BYTES) for mark in (b" ", b",", b".", b"\t")]
    return segment[: max(ends)] if max(ends) > 0 else segment


_ASCII_CHARS = re.compile(r"[\x00-\x7f]+")
_BY_CODEC = {codecs.lookup(_codec(name)).name.replace("-", "_"): name for name in DETECTABLE}


def parse_html(text: str | bytes) -> HtmlElement:
    """Parse a page's text, or this in UTF-8, leniently into its <html> element.

    Comments and control characters are left out; an empty page gives an empty <html>. Nesting up to 256
    elements takes the fast way, up to MAX_DEPTH a second parse; beyond it TooComplexError is raised, as
    libxml2 would lose the rest of the page silently, and for a tag of more than MAX_ATTRIBUTES attributes, as
    no time limit interrupts libxml2.
    """
    utf8 = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    body = utf8.translate(_VT_TO_SPACE, _CONTROLS)
    if _has_overloaded_tag(body):
        raise TooComplexError(f"a tag has more than {MAX_ATTRIBUTES} attributes")
    tree = _parse(body, _PARSER)
    if _was_cut(_PARSER):
        tree = _parse(body, _DEEP_PARSER)
        if _was_cut(_DEEP_PARSER):
            raise TooComplexError(f"elements nest deeper than {MAX_DEPTH}")
    return tree


def _has_overloaded_tag(body: bytes) -> bool:
    least = 3 * MAX_ATTRIBUTES  # bytes, as their names differ
    return len(body) > least and any(
        _OVERLOADED_TAG.match(tag[0]) for tag in _TAG.finditer(body) if tag.end() - tag.start() > least
    )


def _parse(body: bytes, parser: lxml.html.HTMLParser) -> HtmlElement:
    try:
        tree = lxml.etree.fromstring(body, parser) if body else None
    except lxml.etree.XMLSyntaxError:
        tree = None
    return parser.makeelement("html") if tree is None else tree


def _was_cut(parser: lxml.html.HTMLParser) -> bool:
    error = parser.error_log.last_error
    return error is not None and error.type == lxml.etree.ErrorTypes.ERR_RESOURCE_LIMIT
