"""Markup that was left in a text: taken out where that is safe, else a reason to drop the pair."""

import html
import html.entities
import re

from extract.html_text import fold_lines, html_to_text

# Texts about markup and code show it on purpose. Many of these words are the same in most languages.
_ABOUT_CODE = re.compile(
    r"\b(?:html|css|xml|json|php|java|javascript|js|sql|api|codes?|tags?|shortcodes?|bbcode|markdown|templates?"
    r"|syntax|snippet|scripts?|shell|bash|command|functions?|variables?|placeholders?|wildcard|regex|liquid"
    r"|jinja|handlebars|mustache|printf|widget|plugin|element|selector|attribute|git|config|tokens?|query"
    r"|parameter|endpoint|vorlage|platzhalter|variablen|plantilla|marcador|modèle|balises?|modello|segnaposto"
    r"|código|codice|plaatshouder|szablon|znacznik\w*|šablon\w*|şablon\w*|шаблон\w*|тег\w{0,2}|код\w*"
    r"|переменн\w*|скрипт\w*)\b|标签|標籤|代码|代碼|变量|變數|模板|占位符|タグ|コード|変数|テンプレート"
    r"|태그|코드|변수|템플릿|كود|وسم|متغير|टैग|कोड",
    re.IGNORECASE,
)

_ABOUT_REFERENCES = re.compile(r"\b(?:html|xml|entity|entities|escap\w+)\b", re.IGNORECASE)

_REFERENCE = re.compile(r"&(?:#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6})|[A-Za-z][A-Za-z0-9]{1,31});")
_SIMPLE_TAG = re.compile(
    r"</?(?:p|br|b|i|u|a|em|strong|span|div|font|small|big|sub|sup|ul|ol|li|h[1-6]|table|tbody|thead|tr|td|th|"
    r"center|section|article|img|hr|blockquote|strike|dl|dt|dd|script|style|iframe)(?:\s[^<>]*|/)?>",
    re.IGNORECASE,
)
_BUILDER = r"(?:vc|wpb|et_pb|fusion|av|su|fl|mk|tatsu|nectar|wpsm|wc)_[a-z0-9_-]+"
_SHORTCODE = re.compile(
    rf"\[/?(?:{_BUILDER}|embed|caption|gallery|shortcode|audio|playlist|contact-form-7|gravityform|accordion|"
    r"toggle|tabs?|column|row|button|/?(?:b|i|u|url|img|quote|color|size|list))"
    r"""(?:(?:[ =][^\[\]\n]{0,500})|/)?\]"""
)
_SHORTCODE_HINT = re.compile(rf"\[(?:/|{_BUILDER}|[a-z0-9-]+ [a-z_]+=)")

_CODE_CHARS = 2000  # from the beginning of a text that are looked at
_CODE_START = re.compile(
    r"""\s*(?:<\?(?:php|xml)|<!--|<!doctype|<script|<style|//\s*<!\[CDATA\[|/\*|"use strict"|'use strict'
    |\(?function\s*\w*\s*\([^)]{0,80}\)\s*\{|\(\s*\([^)]{0,80}\)\s*=>|(?:var|let|const)\s+[\w$]+\s*=
    |(?:window|document|jQuery|console)[.(]|\$\(\s*(?:document|window|function|["'.\#])
    |@(?:media|import|font-face|keyframes|charset)\b
    |(?:[.\#]?[A-Za-z*][\w-]*(?:\s*[,>+~: ]\s*[.\#]?[\w-]+)*+)\s*\{\s*[\w-]+\s*:\s*[^;{}]{1,200}[;}]
    |[\[{]\s*"[^"\n]{1,80}"\s*:|[\[]\s*\{\s*")""",
    re.IGNORECASE | re.VERBOSE,
)
_CODE_FIRST = frozenset("<{[/(@$.#*\"'fFvVlLcCwWdDjJ \n")  # what such texts begin with, unless "{" is near
_PHP_SIGN = " on line "
_PHP_ERROR = re.compile(
    r"(?:Warning|Notice|Fatal error|Parse error|Deprecated): .{1,300}? in (?:/|[A-Z]:\\).{1,300}? on line \d"
)


def is_about_code(question: str, answer: str) -> bool:
    """Tell whether the pair speaks of markup, templates or code, so that it may well show some."""
    return _ABOUT_CODE.search(question) is not None or _ABOUT_CODE.search(answer) is not None


def repair_markup(question: str, answer: str) -> tuple[str, str]:
    """Decode references such as `&amp;nbsp;` and take out tags and shortcodes that page builders left.

    Tags and shortcodes stay in pairs that speak of markup or code; so do angle brackets that begin no tag.
    """
    for sign in "&<[":
        if sign in question or sign in answer:
            break
    else:
        return question, answer
    if not _ABOUT_REFERENCES.search(question) and not _ABOUT_REFERENCES.search(answer):
        question, answer = _decoded(question), _decoded(answer)
    tagged = _has_simple_tag(question) or _has_simple_tag(answer)
    shortcoded = _has_shortcode(question) or _has_shortcode(answer)
    if (not tagged and not shortcoded) or is_about_code(_bare(question), _bare(answer)):
        return question, answer
    return _without_markup(question), _without_markup(answer)


def _decoded(text: str) -> str:
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(reference: re.Match[str]) -> str:
    name = reference[0]
    return html.unescape(name) if name[1] == "#" or name[1:] in html.entities.html5 else name


def _has_simple_tag(text: str) -> bool:
    return "<" in text and _SIMPLE_TAG.search(text) is not None


def _has_shortcode(text: str) -> bool:
    return "[" in text and _SHORTCODE_HINT.search(text) is not None and _SHORTCODE.search(text) is not None


def _bare(text: str) -> str:
    """Return the text without the inner parts of tags and shortcodes, which speak of styles and widgets."""
    return _SHORTCODE.sub(" ", _SIMPLE_TAG.sub(" ", text))


def _without_markup(text: str) -> str:
    if _has_shortcode(text):
        text = fold_lines(_SHORTCODE.sub(" ", text))
    return html_to_text(text) if _has_simple_tag(text) else text


def is_code(question: str, answer: str) -> bool:
    """Tell whether a text begins as style sheet, script, JSON or source, or is the error message of a server.

    Code that an answer shows or explains is none of this: there the pair speaks of code.
    """
    if _is_php_error(question) or _is_php_error(answer):
        return True
    if _begins_as_code(question):
        return True
    return _begins_as_code(answer) and not is_about_code(question, "")


def _is_php_error(text: str) -> bool:
    return _PHP_SIGN in text and _PHP_ERROR.search(text, 0, _CODE_CHARS) is not None


def _begins_as_code(text: str) -> bool:
    maybe = text[:1] in _CODE_FIRST or "{" in text
    return maybe and _CODE_START.match(text, 0, _CODE_CHARS) is not None
