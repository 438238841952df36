"""The texts of the site files: paragraphs, list items and two inline marks, as plain text and as HTML."""

import html
import re
from dataclasses import dataclass

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
_MARK = re.compile(
    r"\*\*(?P<bold>.+?)\*\*"
    r"|\[(?P<label>[^\]]+)\]\((?P<target>https?://[^)\s]+)\)"
    r"|(?P<url>https?://[\w.~%/?&=+#-]*[\w/=-])"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)",
    re.ASCII,
)
_DROPPED = dict.fromkeys(map(ord, "\u00ad\ufeff"))
_LABEL = re.compile("([^:\uff1a/]{1,40}[:\uff1a])(?!\\d|//)")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or heading (one line) or a list (a line for each item)."""

    kind: str
    """p, ul or h2: the HTML element it becomes."""
    lines: tuple[str, ...]


def blocks(source: str) -> list[Block]:
    """Split a text into its blocks; blank lines and changes between item and running text part them."""
    found: list[Block] = []
    for part in re.split(r"\n\s*\n", source.strip()):
        open_kind = ""
        for line in part.split("\n"):
            kind, content = _kind(line.strip())
            if kind == open_kind and kind != "h2":
                found[-1] = _extended(found[-1], content)
            elif content:
                found.append(Block(kind, (content,)))
            open_kind = kind
    return found


def _kind(line: str) -> tuple[str, str]:
    if line.startswith("- "):
        return "ul", line[2:].strip()
    if line.startswith("## "):
        return "h2", line[3:].strip()
    return "p", line


def _extended(block: Block, content: str) -> Block:
    if block.kind == "ul":
        return Block("ul", (*block.lines, content))
    return Block("p", (f"{block.lines[0]} {content}",))


def plain_lines(source: str) -> list[str]:
    """Return what a right extractor reads: a line for each paragraph and list item, without any mark.

    White space of every kind is folded to single spaces; soft hyphens and byte order marks are dropped;
    LRM, RLM, ZWJ and ZWNJ stay.
    """
    return [plain_inline(line) for block in blocks(source) for line in block.lines]


def plain_text(source: str) -> str:
    """Return the plain lines joined by newlines."""
    return "\n".join(plain_lines(source))


def plain_inline(line: str) -> str:
    """Return one line without marks, its white space folded."""
    text = _LINK.sub(r"\1", _BOLD.sub(r"\1", line)).translate(_DROPPED)
    return " ".join(text.split())


def typed_text(source: str) -> str:
    """Return a text as an editor types it into a plain field: no marks, a blank line between blocks."""
    parts = ("\n".join(_unmarked(line) for line in block.lines) for block in blocks(source))
    return "\n\n".join(parts)


def _unmarked(line: str) -> str:
    return _LINK.sub(r"\1", _BOLD.sub(r"\1", line))


def html_blocks(source: str, *, strong_labels: bool = False) -> list[str]:
    """Return each block as an HTML element.

    Addresses become links. With `strong_labels`, what stands before the colon of a list item is set in bold,
    as editors like to do.
    """
    return [_element(block, strong_labels) for block in blocks(source)]


def _element(block: Block, strong_labels: bool) -> str:
    if block.kind != "ul":
        return f"<{block.kind}>{html_inline(block.lines[0])}</{block.kind}>"
    items = (_strong_label(line) if strong_labels else line for line in block.lines)
    return "<ul>" + "".join(f"<li>{html_inline(item)}</li>" for item in items) + "</ul>"


def _strong_label(line: str) -> str:
    if "**" in line or "](" in line:
        return line
    return _LABEL.sub(r"**\1**", line, count=1) if _LABEL.match(line) else line


def html_inline(line: str) -> str:
    """Return one line as HTML: escaped, bold and links as elements, no-break spaces as references."""
    parts, end = [], 0
    for match in _MARK.finditer(line):
        parts += [_escape(line[end : match.start()]), _mark(match)]
        end = match.end()
    return "".join([*parts, _escape(line[end:])])


def _mark(match: re.Match[str]) -> str:
    bold, label, target, url, email = match.group("bold", "label", "target", "url", "email")
    if bold:
        return f"<strong>{_escape(bold)}</strong>"
    href = f"mailto:{email}" if email else target or url
    return f'<a href="{html.escape(href)}">{_escape(label or email or url)}</a>'


def _escape(text: str) -> str:
    return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")
