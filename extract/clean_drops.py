"""What makes a pair worthless: nothing said, nothing filled in, a question back, a menu instead of text."""

import re
from collections.abc import Callable

import regex

from extract.clean_markup import is_about_code
from extract.clean_words import LINK_TEXTS, MENU_ENTRIES, UNWRITTEN

_DOUBLE = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U000323af]"
)
_LETTER = re.compile(r"[^\W_]")
_LETTER_OR_SIGN = regex.compile(r"[\p{L}\p{M}\p{N}]")  # vowels of Hindi and Thai are signs
_DIGIT = re.compile(r"\d")

_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|\S+@\S+\.\w+|<(?:EMAIL|PHONE|IP)>|[\w-]+\.(?:com|org|net|html?|php|pdf|jpe?g|png)"
)
_WORD = re.compile(r"[^\W\d_]")

_LONGEST_KNOWN = max(map(len, UNWRITTEN | LINK_TEXTS)) + 10
_EDGE_MARKS = " \n.,:;!?…。．，！？؟«»\"'“”„()[]<>→>»›-–—*_#"

_LOREM = re.compile(r"lorem\s+ipsum\b|dolor\s+sit\s+amet\b", re.IGNORECASE)
_SLOT = re.compile(
    r"(?<![\w\"'“„«`‘=/(\[{])"
    r"(?:\{\{\s*[\w.| -]{1,40}\s*\}\}|\$\{[\w.]{1,40}\}|\{[a-z][a-z0-9_]{0,30}\}|\{\d\}"
    r"|(?<!\d[ ])%(?:\d\$)?s|%[a-z]+(?:_[a-z]+)+%|%%[\w-]{1,40}%%|<%=?[^<>%]{1,60}%>)"
    r"(?![\w\"'”“»`’/)\]}=])",
)
_PERCENT = re.compile(r"%[%\w=]")
_BLANK = re.compile(
    r"\[(?:insert|enter|add|fill in|company name|business name|your company|your business|product name"
    r"|firmenname|unternehmensname|nom de l['’]entreprise|nombre de la empresa|nome da empresa"
    r"|название компании)\b[^\[\]\n]{0,60}\](?!\()",
    re.IGNORECASE,
)

_QUESTION_MARKS = "?？؟⸮፧"
_CLOSING = " \n)]}）】\u200e\u200f"
_SENTENCE_END = re.compile(r"(?<=[.!?؟…।۔։;⸮፧])[)\]}\"'”»’]*\s+|(?<=[。！？])|\n")
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
_URL_END = re.compile(r"(?:https?://|www\.)\S*\Z")

_MENU_SEPARATOR = re.compile(r"\n|\s[/|>»›•·]\s|\s*[›»|]\s*")
_MENU_MARKS = " \n.…›»>|•·-–—"
_SENTENCE_MARK = re.compile(r"[.!?。！？؟।۔](?:\s|\Z)")
MAX_ADDRESS_CHARS = 300
MAX_MENU_CHARS = 3000
MIN_MENU_ENTRIES = 3
MAX_ENTRY_CHARS = 40


def is_empty(question: str, answer: str) -> bool:
    """Tell whether question or answer have neither a letter nor a digit."""
    return _LETTER.search(question) is None or _LETTER.search(answer) is None


def n_units(text: str) -> int:
    """Return the number of letters, digits and the signs combined with them.

    Ideographs, kana and hangul count double, as they say more.
    """
    return len(_LETTER_OR_SIGN.findall(text)) + len(_DOUBLE.findall(text))


def too_short(min_question_chars: int, min_answer_chars: int) -> Callable[[str, str], bool]:
    """Return the test of the least lengths, in units of `n_units`; an answer with a digit may be shorter."""

    def is_too_short(question: str, answer: str) -> bool:
        if len(question) < 4 * min_question_chars and n_units(question) < min_question_chars:
            return True
        if len(answer) >= 4 * min_answer_chars or n_units(answer) >= min_answer_chars:
            return False
        return _DIGIT.search(answer) is None

    return is_too_short


def too_long(max_question_chars: int, max_answer_chars: int) -> Callable[[str, str], bool]:
    """Return the test of the greatest lengths, in characters."""
    return lambda question, answer: len(question) > max_question_chars or len(answer) > max_answer_chars


def asks_nothing(question: str, _answer: str) -> bool:
    """Tell whether the question is a bare number, address or file name; a heading ("Returns") is none."""
    if _WORD.search(question) is None:
        return True
    return len(question) <= MAX_ADDRESS_CHARS and _ADDRESS.fullmatch(question.rstrip("?？.:")) is not None


def is_placeholder(question: str, answer: str) -> bool:
    """Tell whether question or answer was never written or not filled in, as a template has it.

    Slots such as `{{name}}` and `%s` are what pairs about templates and code speak of: there, in quotes and
    in addresses they do not count.
    """
    if _bare(question) in UNWRITTEN or _bare(answer) in UNWRITTEN:
        return True
    return _is_unfilled(f"{question}\n{answer}") and not is_about_code(question, answer)


def _bare(text: str) -> str:
    return text.strip(_EDGE_MARKS).lower() if len(text) <= _LONGEST_KNOWN else ""


def _is_unfilled(text: str) -> bool:
    if ("{" in text or ("%" in text and _PERCENT.search(text))) and _SLOT.search(text):
        return True
    if "[" in text and ("[object Object]" in text or _BLANK.search(text)):
        return True
    return "ipsum" in text and _LOREM.search(text) is not None


def is_link_text(_question: str, answer: str) -> bool:
    """Tell whether the answer is but the text of a link, such as "Read more"."""
    return _bare(answer) in LINK_TEXTS


def repeats_question(question: str, answer: str) -> bool:
    """Tell whether question and answer have the same letters and digits."""
    if abs(len(question) - len(answer)) > 10:
        return False
    return _LETTER.findall(question.casefold()) == _LETTER.findall(answer.casefold())


def only_asks(_question: str, answer: str) -> bool:
    """Tell whether each sentence of the answer is a question; one in an address or a quoted label is none."""
    if not _ends_as_question(answer) or _URL_END.search(answer[-500:]):
        return False
    sentences = _SENTENCE_END.split(answer)
    return all(_ends_as_question(sentence) for sentence in sentences if _LETTER.search(sentence))


def _ends_as_question(sentence: str) -> bool:
    end = sentence.rstrip(_CLOSING)[-1:]
    if end and end in _QUESTION_MARKS:
        return True
    if end == ";" and _GREEK.search(sentence):
        return True
    return "՞" in sentence


def is_menu(_question: str, answer: str) -> bool:
    """Tell whether the answer is a site menu or breadcrumbs: short entries, two of them as in any menu.

    A list of anything else is an answer ("Visa, Mastercard, PayPal", a line each), and so is a menu with an
    introduction.
    """
    if len(answer) > MAX_MENU_CHARS or _SENTENCE_MARK.search(answer):
        return False
    entries = [entry.strip(_MENU_MARKS) for entry in _MENU_SEPARATOR.split(answer)]
    entries = [entry for entry in entries if entry]
    if len(entries) < MIN_MENU_ENTRIES or max(map(len, entries)) > MAX_ENTRY_CHARS:
        return False
    n_known = len({entry.lower() for entry in entries} & MENU_ENTRIES)
    return n_known >= 2 and 4 * n_known >= len(entries)
