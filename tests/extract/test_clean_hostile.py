"""No text, however long and odd, keeps a rule busy."""

import time

import pytest

from extract.clean import cleaner
from pipeline.core.config import CleanConfig

Q = "How do I reset my password?"
A = "Open the settings and choose “Reset password”."

HOSTILE = [
    "Q: ",
    "1. ",
    '"',
    "“",
    "- ",
    "👍",
    "👨‍",
    "\U0001f1e9",
    " 🚚 x",
    "a\u200c",
    "ب\u200c",
    "&amp;",
    "&#38;",
    "&lt;b&gt;",
    "<b ",
    "<b>",
    "</b>",
    "[b ",
    "[vc_row ",
    "[/",
    "{{",
    "{{a ",
    "${a",
    "%a_",
    "%%a",
    "?",
    "? ",
    "؟ ",
    "a? ",
    ".)",
    "a.",
    "{",
    "{ a:",
    ".a ",
    "a > ",
    "a\n",
    "Home\n",
    "Warning: x in /",
    "Ã",
    "Ã©",
    "â€",
    "РС",
    "вЂ",
    "\ufffd",
    "http://",
    "www.",
    "a@",
    "a.",
    "@a.",
    "1",
    "1-",
    "(1",
    "+1 ",
    "1.",
    "1:",
    "f:",
    "::",
    "call ",
    "https://a?",
    "[insert ",
    "lorem ",
    " ",
    "\t",
    "\r",
    "a ",
    "e\u0301",
    "\u0301",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_less_than_a_second(unit):
    text = (unit * (200_000 // len(unit)))[:200_000]
    every = cleaner(
        CleanConfig(mask=("email", "phone", "ip"), max_question_chars=10**6, max_answer_chars=10**6)
    )
    for question, answer in ((Q, text), (text, A), (Q, text + " on line"), (Q, "Because {{" + text + "?")):
        began = time.process_time()
        every(question, answer)
        assert time.process_time() - began < 1.0, (unit, question[:9], answer[:9])
