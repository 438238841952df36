"""The mistakes real sites make, by name: what each does to a page that was right.

Except for `truncated_last` and the opt-outs, a right reader recovers every pair of a defective page.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pipeline.sample.markup import CONTEXT


class Declared(StrEnum):
    """Where a page says which character set it is written in."""

    HTTP_AND_META = "http and meta"
    HTTP = "http"
    META = "meta"


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of mistake; the defaults are those of a page without any."""

    what: str
    block: Callable[[str], str] | None = None
    """Turns the text of the page's only FAQ block (JSON-LD) into the broken one."""
    as_html: bool | None = None
    """Whether the block's answers must be HTML for the mistake to show; None if that does not matter."""
    script_type: str = "application/ld+json"
    sibling: str | None = None
    """Text of a broken block that stands before the good one."""
    codec: str = "utf-8"
    """Python's name of the character set that the bytes are in."""
    label: str = "UTF-8"
    """Character set that the page declares."""
    meta_label: str = "UTF-8"
    declared: Declared = Declared.HTTP_AND_META
    html_lang: str | None = None
    untranslated: bool = False
    head: str | None = None
    """A line of the head."""
    headers: tuple[tuple[str, str], ...] = ()
    filler_bytes: int = 0
    """Length of an inline script before the markup."""
    is_gzipped: bool = False
    is_chunked: bool = False
    later_record: str | None = None
    """`response` or `revisit`: the crawl met the page once more."""
    is_opt_out: bool = False
    n_lost: int = 0
    """Questions at the page's end that cannot be recovered."""

    @property
    def needs_jsonld(self) -> bool:
        """Tell whether only a page with JSON-LD can have the mistake."""
        return self.block is not None or self.script_type != "application/ld+json" or self.sibling is not None


def _on_strings(change: Callable[[str], str]) -> Callable[[str], str]:
    """Make a function of a whole JSON text out of one of its string literals, quotes included."""
    return lambda text: re.sub(r'"(?:[^"\\]|\\.)*"', lambda match: change(match[0]), text)


def _trailing_comma(text: str) -> str:
    return re.sub(r"\}(\s*)\](\s*)\}(\s*)$", r"},\1],\2}\3", text)


def _missing_bracket(text: str) -> str:
    return text.rstrip().removesuffix("}").rstrip()


def _single_quoted(literal: str) -> str:
    inner = literal[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


def _concatenated(text: str) -> str:
    questions = json.loads(text)["mainEntity"]
    middle = (len(questions) + 1) // 2
    halves = (questions[:middle], questions[middle:])
    return "\n".join(
        json.dumps({"@context": CONTEXT, "@type": "FAQPage", "mainEntity": half}, ensure_ascii=False)
        for half in halves
    )


def _answers_in_faq_page(text: str) -> str:
    pages = [
        {"@context": CONTEXT, **question, "@type": "FAQPage"} for question in json.loads(text)["mainEntity"]
    ]
    return json.dumps(pages, ensure_ascii=False, indent=1)


def _truncated_last(text: str) -> str:
    last = text.rindex('"text"')
    return text[: last + (len(text) - last) // 2]


_PHP_WARNING = (
    "<br />\n<b>Warning</b>:  Undefined array key &quot;faq_intro&quot; in "
    "<b>/var/www/html/wp-content/themes/harbour/inc/faq-schema.php</b> on line <b>57</b><br />\n"
)

_DEFECTS = {
    # JSON-LD that strict parsers refuse
    "trailing_comma": Defect("a comma after the last member and the last element", _trailing_comma),
    "trailing_semicolon": Defect("a semicolon after the JSON", lambda text: f"{text};"),
    "html_comment": Defect("the JSON stands in an HTML comment", lambda text: f"<!--\n{text}\n-->"),
    "cdata": Defect("the JSON stands in a CDATA section", lambda text: f"//<![CDATA[\n{text}\n//]]>"),
    "raw_newlines": Defect(
        "line breaks and tabs in strings are not escaped",
        _on_strings(lambda literal: literal.replace("\\n", "\n\t")),
        as_html=False,
    ),
    "unescaped_quotes": Defect(
        "double quotes of HTML attributes in the answers are not escaped",
        lambda text: text.replace('\\"', '"'),
        as_html=True,
    ),
    "smart_quotes": Defect(
        "typographic quotes delimit the strings",
        _on_strings(lambda literal: f"\u201c{literal[1:-1]}\u201d"),
        as_html=False,
    ),
    "single_quotes": Defect("single quotes delimit the strings", _on_strings(_single_quoted), as_html=False),
    "escaped_block": Defect("the whole block is escaped as HTML text", html.escape, as_html=False),
    "missing_bracket": Defect("the last closing bracket is missing", _missing_bracket),
    "concatenated_objects": Defect("two objects stand in one block", _concatenated),
    "php_warning": Defect("a PHP warning stands before the JSON", lambda text: _PHP_WARNING + text),
    "bom": Defect("a byte order mark stands before the JSON", lambda text: f"\ufeff{text}"),
    "double_encoded": Defect("the JSON is a JSON string", lambda text: json.dumps(text, ensure_ascii=False)),
    "truncated_last": Defect("the block is cut off within the last answer", _truncated_last, n_lost=1),
    # JSON-LD that parses and is still wrong
    "type_with_charset": Defect(
        "the script's type has a parameter", script_type="application/ld+json; charset=utf-8"
    ),
    "type_upper_case": Defect("the script's type is not in lower case", script_type="Application/LD+JSON"),
    "misspelt_type": Defect("FAQPage is misspelt", lambda text: text.replace('"FAQPage"', '"FAQpage"')),
    "answer_in_faqpage": Defect(
        "each question is a FAQPage of its own, with acceptedAnswer directly in it", _answers_in_faq_page
    ),
    "broken_sibling": Defect(
        "a template that was never filled in stands in another block",
        sibling='{"@context":"https://schema.org","@type":"BreadcrumbList",'
        '"itemListElement":[{{ crumbs | json }}]}',
    ),
    # character sets
    "windows_1251": Defect(
        "windows-1251, declared in HTTP", codec="cp1251", label="windows-1251", declared=Declared.HTTP
    ),
    "koi8_r": Defect("KOI8-R, declared in HTTP", codec="koi8_r", label="KOI8-R", declared=Declared.HTTP),
    "shift_jis": Defect(
        "Shift_JIS, declared in HTTP", codec="cp932", label="Shift_JIS", declared=Declared.HTTP
    ),
    "euc_kr": Defect("EUC-KR, declared in HTTP", codec="cp949", label="EUC-KR", declared=Declared.HTTP),
    "gb2312": Defect("GBK, declared in HTTP as gb2312", codec="gbk", label="gb2312", declared=Declared.HTTP),
    "windows_1255": Defect(
        "windows-1255, declared in HTTP", codec="cp1255", label="windows-1255", declared=Declared.HTTP
    ),
    "windows_874": Defect(
        "windows-874, declared in HTTP", codec="cp874", label="windows-874", declared=Declared.HTTP
    ),
    "charset_in_meta_only": Defect(
        "windows-1250, declared in a meta element only",
        codec="cp1250",
        meta_label="windows-1250",
        declared=Declared.META,
    ),
    "charset_declared_wrongly": Defect(
        "UTF-8, declared in HTTP as ISO-8859-1", label="ISO-8859-1", declared=Declared.HTTP
    ),
    # languages
    "wrong_html_lang": Defect("the theme's own language in the lang attribute", html_lang="en-US"),
    "untranslated": Defect("the text is in the site's default language", untranslated=True),
    # opt-outs
    "noindex": Defect(
        "robots are told not to index", head='<meta name="robots" content="noindex, follow">', is_opt_out=True
    ),
    "noai_header": Defect(
        "machines are told not to learn", headers=(("X-Robots-Tag", "noai"),), is_opt_out=True
    ),
    "tdm_header": Defect(
        "text and data mining is reserved", headers=(("tdm-reservation", "1"),), is_opt_out=True
    ),
    # transport
    "gzip_body": Defect("Content-Encoding: gzip", headers=(("Content-Encoding", "gzip"),), is_gzipped=True),
    "chunked_body": Defect("Transfer-Encoding: chunked", is_chunked=True),
    "fetched_twice": Defect("the page was fetched again nine days later", later_record="response"),
    "revisit": Defect("the page was found unchanged nine days later", later_record="revisit"),
    "oversize": Defect("1.3 MB of inline script stand before the markup", filler_bytes=1_300_000),
}

DEFECTS: Mapping[str, Defect] = MappingProxyType(_DEFECTS)
"""Every kind of mistake by its name in defects.toml."""

NO_DEFECT = Defect("none")


def defect_of(name: str | None) -> Defect:
    """Return the named kind of mistake; for None the one that changes nothing."""
    return DEFECTS[name] if name else NO_DEFECT
