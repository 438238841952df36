"""HTML -> text, from a tree or from the source strings that JSON-LD answers are.

Both ways give the same layout: every paragraph, list item, table row or <br> a line of its own, runs of white
space folded to one space, no blank lines. List items have no bullets, images no text (file names and
decoration, mostly), table cells are separated by a space, ruby glosses are left out. Zero-width joiners stay,
as Persian and Hindi are spelt with them; soft hyphens, byte order marks, zero-width spaces, control
characters and lone surrogates go. Inline elements add no space: `<b>a</b>b` is "ab".
"""

import html
import re
from collections.abc import Iterable, Iterator

import lxml.etree
from lxml.html import HtmlElement


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


SKIPPED_TAGS = _names(
    """
    script style template noscript iframe object embed video audio canvas svg select datalist head title
    rt rp rtc
    """
)
LINE_TAGS = _names(
    """
    address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p
    pre search section summary table tbody tfoot thead tr ul xmp
    """
)
CELL_TAGS = frozenset({"td", "th"})
PREFORMATTED_TAGS = frozenset({"pre", "textarea", "xmp"})
INLINE_TAGS = _names(
    """
    a abbr acronym area b base bdi bdo big button cite code col colgroup data del dfn em font i img
    input ins kbd label link map mark math meta meter nobr optgroup option output param picture progress
    q ruby s samp slot small source span strike strong sub sup time track tt u var wbr
    """
)
KNOWN_TAGS = SKIPPED_TAGS | LINE_TAGS | CELL_TAGS | PREFORMATTED_TAGS | INLINE_TAGS

Token = tuple[str, str]
"""("text", text), ("open", tag name) or ("close", tag name)."""

_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ud800-\udfff\ufffe\uffff]+"
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_NAME = r"<(/?)([A-Za-z][A-Za-z0-9:._-]*+)(?=[\s/>])"
_TAG_START = re.compile(_NAME)
_QUOTED_TAG = re.compile(_NAME + r"""((?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')|=)*+)>""")
_BARE_TAG = re.compile(_NAME + r"([^<>]*+)>")
_CLOSING = re.compile(r"</([A-Za-z][A-Za-z0-9:._-]*+)\s*+>")
_DECLARATION = re.compile(r"<[!?](?=[A-Za-z\[])[^<>]*+>")


def element_to_text(element: HtmlElement) -> str:
    """Return the text of an element's content, without its tail."""
    parts: list[str] = []
    depth_pre = 0
    walk = lxml.etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, node in walk:
        tag = node.tag
        if event == "start":
            if tag in SKIPPED_TAGS and not (tag == "title" and node is element):
                walk.skip_subtree()
                continue
            depth_pre += tag in PREFORMATTED_TAGS
            parts.append(_separator(tag))
            if node.text:
                parts.append(node.text if depth_pre else node.text.replace("\n", " "))
            continue
        if event == "end" and tag not in SKIPPED_TAGS:
            depth_pre -= tag in PREFORMATTED_TAGS
            parts.append(_separator(tag))
        if node.tail and node is not element:
            parts.append(node.tail if depth_pre else node.tail.replace("\n", " "))
    return fold_lines("".join(parts))


def inner_html(element: HtmlElement) -> str:
    """Return the source of an element's content, as HTML."""
    source: str = lxml.etree.tostring(element, encoding="unicode", method="html", with_tail=False)
    start, end = source.find(">") + 1, source.rfind("</")
    return source[start:end].strip() if end >= start else ""


def html_to_text(source: str) -> str:
    r"""Return the text of a string that is plain text, HTML, or HTML escaped once too often.

    `<` begins a tag only where a name known to HTML follows (`a < b`, `x<5` and `<url>` are text), or an
    unknown one that has attributes or a closing tag. Character references need their semicolon: `?a=1&copy=2`
    is text. A string without tags of its own that shows tags once decoded (`&lt;p&gt;...&lt;/p&gt;`) is
    decoded twice. `\n` is a line break unless the source has line-breaking elements, as then it only wraps
    the source. Takes time linear in the source; never raises.
    """
    if "<" not in source and "&" not in source:
        return fold_lines(source)
    tokens = list(_tokens(source))
    if not any(kind != "text" for kind, _ in tokens):
        plain = _decode("".join(text for _, text in tokens))
        tokens = list(_tokens(plain)) if plain != source and "<" in plain else []
        if not _has_markup(tokens):
            return fold_lines(plain)
    return fold_lines("".join(_laid_out(tokens)))


def fold_lines(text: str) -> str:
    """Normalise plain text: white space folded within lines, blank lines and invisible characters dropped."""
    if _DROPPED.search(text):
        text = _DROPPED.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join([folded for line in text.split("\n") if (folded := " ".join(line.split()))])


def _separator(tag: str) -> str:
    return "\n" if tag in LINE_TAGS else " " if tag in CELL_TAGS else ""


def _decode(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def _laid_out(tokens: Iterable[Token]) -> Iterator[str]:
    tokens = list(tokens)
    wraps = any(kind != "text" and name in LINE_TAGS for kind, name in tokens)
    depth_pre = 0
    for kind, value in tokens:
        if kind == "text":
            text = value.replace("\n", " ").replace("\r", " ") if wraps and depth_pre <= 0 else value
            yield _decode(text)
            continue
        if value in PREFORMATTED_TAGS:
            depth_pre += 1 if kind == "open" else -1
        yield _separator(value)


def _has_markup(tokens: list[Token]) -> bool:
    """Tell whether decoded text is HTML rather than text about HTML: it has a line break or closes a tag."""
    opened = set()
    for kind, value in tokens:
        if kind == "open":
            if value == "br":
                return True
            opened.add(value)
        elif kind == "close" and value in opened:
            return True
    return False


def _tokens(source: str) -> Iterator[Token]:
    """Split HTML source into text and tags, without comments and content that is not shown."""
    if "<![CDATA[" in source:
        source = source.replace("<![CDATA[", "").replace("]]>", "")
    closing: set[str] | None = None
    tag = _QUOTED_TAG
    start = at = 0
    while (at := source.find("<", at)) >= 0:
        if (end := _declaration_end(source, at)) is not None:
            yield "text", source[start:at]
            start = at = end
            continue
        match = tag.match(source, at)
        if match is None and tag is _QUOTED_TAG and _TAG_START.match(source, at):
            tag = _BARE_TAG  # no ">" outside quotes is left: from here on quotes mean nothing
            continue
        name = match[2].lower() if match else ""
        if match and name not in KNOWN_TAGS and closing is None:
            closing = {name.lower() for name in _CLOSING.findall(source)}
        if match is None or not _is_tag(match, name, closing or set()):
            at += 1
            continue
        yield "text", source[start:at]
        start = at = match.end()
        if name in SKIPPED_TAGS:
            start = at = at if match[1] else _content_end(source, name, at)
            continue
        yield "close" if match[1] else "open", name
    yield "text", source[start:]


def _declaration_end(source: str, at: int) -> int | None:
    """Return where the comment, doctype or processing instruction that begins here ends, else None."""
    if source.startswith("<!--", at):
        end = source.find("-->", at + 4)
        return len(source) if end < 0 else end + 3
    match = _DECLARATION.match(source, at)
    return match.end() if match else None


def _is_tag(match: re.Match[str], name: str, closing: set[str]) -> bool:
    attributes = match[3].strip(" /\t\r\n")
    if name in KNOWN_TAGS:
        return len(name) > 1 or not attributes or "=" in attributes
    return bool(match[1]) or "=" in attributes or name in closing


def _content_end(source: str, name: str, at: int) -> int:
    """Return where the content that is not shown ends: behind the closing tag, else with the source."""
    if name == "embed":
        return at
    match = re.compile(rf"</{name}\s*+>", re.IGNORECASE).search(source, at)
    return match.end() if match else len(source)
