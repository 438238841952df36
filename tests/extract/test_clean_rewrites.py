"""Profile default: what each rule rewrites, in several scripts."""

import pytest

from extract.clean import cleaner
from pipeline.core.config import CleanConfig

clean = cleaner(CleanConfig())
A = "Open the settings and choose “Reset password”."


REWRITTEN = [
    ("markup", "Caf&amp;eacute; open?", "Yes &amp;amp; no: 9&nbsp;to 5.", "Café open?", "Yes & no: 9 to 5."),
    ("markup", "What is it?", "<p>It is <b>good</b>.<br>Try it.</p>", "What is it?", "It is good.\nTry it."),
    (
        "markup",
        "What is it?",
        "[vc_row][vc_column_text]It is good.[/vc_column_text][/vc_row]",
        None,
        "It is good.",
    ),
    (
        "mojibake",
        "CafÃ© ouvert ?",
        "Oui, dÃ¨s 9 heures, câ€™est sÃ»r.",
        "Café ouvert ?",
        "Oui, dès 9 heures, c’est sûr.",
    ),
    ("mojibake", "РљР°Рє РґРµР»Р°?", "Р’СЃС‘ С…РѕСЂРѕС€Рѕ.", "Как дела?", "Всё хорошо."),
    (
        "characters",
        "Cafe\u0301 ouvert\u200b\xad ?",
        "\ufeffOui,  tous\u00a0les\r\njours.",
        "Café ouvert ?",
        "Oui, tous les\njours.",
    ),
    ("characters", "\uf059 What is it?", "A\u200dn i\u200ccon\ufffc font.", "What is it?", "An icon font."),
    (
        "emoji",
        "Where is my order 📦?",
        "✅ On its way 🚚\n👨‍👩‍👧 Really 🇩🇪!",
        "Where is my order?",
        "On its way\nReally!",
    ),
    ("emoji", "🤔 注文はどこですか？", "配達中です。🚚🚚", "注文はどこですか？", "配達中です。"),
    ("labels", "Q: Why so?", "A: Because of that.", "Why so?", "Because of that."),
    ("labels", "Question 3: Why so?", "Answer: Because of that.", "Why so?", "Because of that."),
    ("labels", "Q3. Why so?", "Ans - 3: Because.", "Why so?", None),
    ("labels", "Вопрос: Когда?", "Ответ: Завтра с утра.", "Когда?", "Завтра с утра."),
    ("labels", "В: Когда?", "О: Завтра с утра.", "Когда?", "Завтра с утра."),
    ("labels", "F: Wann denn?", "A: Morgen um neun Uhr.", "Wann denn?", "Morgen um neun Uhr."),
    (
        "labels",
        "Pregunta 2 - ¿Cuándo?",
        "Respuesta: mañana por la tarde.",
        "¿Cuándo?",
        "mañana por la tarde.",
    ),
    ("labels", "问：怎么退款？", "答：请联系客服。", "怎么退款？", "请联系客服。"),
    ("labels", "Q．いつですか？", "A．明日の朝です。", "いつですか？", "明日の朝です。"),
    ("labels", "س: متى تفتحون؟", "ج: في التاسعة صباحا.", "متى تفتحون؟", "في التاسعة صباحا."),
    ("labels", "Câu hỏi 1: Khi nào?", "Trả lời: Ngày mai nhé.", "Khi nào?", "Ngày mai nhé."),
    ("numbering", "1. How do I pay?", "By card or cash.", "How do I pay?", "By card or cash."),
    ("numbering", "1.2 What is it?", "1.2 What it is", "What is it?", "What it is"),
    ("numbering", "3) Where is it?", "In 3) rooms.", "Where is it?", "In 3) rooms."),
    ("numbering", "①どこですか？", "駅の前にあります。", "どこですか？", "駅の前にあります。"),
    ("numbering", "2. How do I pay?", "2. By card.", "How do I pay?", "By card."),
    ("numbering", "1. How do I pay?", "1. Open it\n2. Pay", "How do I pay?", "1. Open it\n2. Pay"),
    ("numbering", "• Is it free?", "- Yes, it is free.", "Is it free?", "Yes, it is free."),
    ("quotes", '"How do I pay?"', "“By card.”", "How do I pay?", "By card."),
    ("quotes", "「支払い方法は？」", "„Mit Karte“", "支払い方法は？", "Mit Karte"),
    ("quotes", "«Как платить?»", "»Mit Karte«", "Как платить?", "Mit Karte"),
]


@pytest.mark.parametrize(("rule", "question", "answer", "clean_question", "clean_answer"), REWRITTEN)
def test_rewritten(rule, question, answer, clean_question, clean_answer):
    result = clean(question, answer)
    assert (result.question, result.answer) == (clean_question or question, clean_answer or answer)
    assert result.dropped_by is None
    assert rule in result.changed_by


def test_what_one_rule_uncovers_another_takes():
    result = clean("&quot;1. <b>Q: Why so?</b>&quot;", A)
    assert (result.question, result.changed_by) == ("Why so?", ("markup", "labels", "numbering", "quotes"))
