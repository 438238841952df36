r"""The cleaning rules published with WebFAQ 2.0, one by one and in their order.

Details as in the authors' program (github.com/padas-lab-de/webfaq, src/webfaq/cli/extract.py):
labels are matched as spelt, with white space behind the colon; a number is `\d+\.\d*` with white space behind
it, so that "1." and "1.2" go, "1.2.3" and "3)" stay, and "1.5 GB" loses its 1.5; quotes are looked for
kind after kind in the order of `QUOTES`, at the ends alone, so that `"A" and "B"` becomes `A" and "B`; only
the ASCII question mark counts; emoji are those of the package `emoji`, "©", "®" and "™" among them. Nothing
is checked again: a question may end up empty.
"""

import re

import emoji

from extract.clean_rules import Drop, Rewrite, Rule, each

MIN_QUESTION_CHARS = 10
MIN_ANSWER_CHARS = 30
MAX_NEWLINES = 9
QUOTES = (('"', '"'), ("“", "”"), ("‘", "’"), ("‟", "”"), ("„", "”"), ("„", "“"))

_NUMBER = re.compile(r"^\d+\.\d*\s+")
_QUESTION_LABELS = (re.compile(r"^Q:\s+"), re.compile(r"^Question:\s+"))
_ANSWER_LABELS = (re.compile(r"^A:\s+"), re.compile(r"^Answer:\s+"))


def _emoji_signs() -> re.Pattern[str]:
    """Return what finds every text with an emoji, and few others; replacing them takes 200 us for a pair."""
    signs = {next(char for char in name if not char.isascii()) for name in emoji.EMOJI_DATA}
    in_plane_0 = "".join(sorted(sign for sign in signs if sign <= "\uffff"))
    beyond = [sign for sign in signs if sign > "\uffff"]
    return re.compile(f"[{in_plane_0}{min(beyond)}-{max(beyond)}]")


_EMOJI_SIGN = _emoji_signs()


def _empty(question: str, answer: str) -> bool:
    return not question or not answer


def _has_question_mark(_question: str, answer: str) -> bool:
    return "?" in answer


def _has_many_newlines(_question: str, answer: str) -> bool:
    return answer.count("\n") > MAX_NEWLINES


def _too_short(question: str, answer: str) -> bool:
    return len(question) < MIN_QUESTION_CHARS or len(answer) < MIN_ANSWER_CHARS


def _without_labels(question: str, answer: str) -> tuple[str, str]:
    for label in _QUESTION_LABELS:
        question = label.sub("", question)
    for label in _ANSWER_LABELS:
        answer = label.sub("", answer)
    return question, answer


def _without_number(text: str) -> str:
    return _NUMBER.sub("", text)


def _without_quotes(text: str) -> str:
    for opening, closing in QUOTES:
        if text.startswith(opening) and text.endswith(closing):
            text = text[1:-1]
    return text


def _without_emoji(text: str) -> str:
    return emoji.replace_emoji(text, "").strip() if _EMOJI_SIGN.search(text) else text.strip()


WEBFAQ2: tuple[Rule, ...] = (
    Rewrite("strip", each(str.strip)),
    Drop("empty", _empty),
    Drop("question_mark_in_answer", _has_question_mark),
    Drop("many_newlines", _has_many_newlines),
    Drop("too_short", _too_short),
    Rewrite("labels", _without_labels),
    Rewrite("numbering", each(_without_number)),
    Rewrite("quotes", each(_without_quotes)),
    Rewrite("emoji", each(_without_emoji)),
)
