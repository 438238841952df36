"""What stands before or around a text without belonging to it: labels, numbers, bullets, quotes."""

import re

# Words for question and answer that begin a text where a colon follows, or a number and a mark.
QUESTION_WORDS = """
    question ques frage pregunta pergunta domanda vraag fråga spørgsmål spørsmål kysymys küsimus klausimas
    jautājums pytanie otázka vprašanje pitanje питање вопрос питання запитання пытанне въпрос întrebare
    intrebare kérdés soru ερώτηση سؤال السؤال پرسش سوال שאלה प्रश्न सवाल প্রশ্ন கேள்வி คำถาม ถาม swali pertanyaan
    tanya soalan hỏi 问 問 问题 問題 提问 質問 ご質問 질문
    """.split()  # noqa: SIM905
ANSWER_WORDS = """
    answer ans antwort respuesta resposta risposta réponse reponse antwoord svar vastaus vastus atsakymas
    atbilde odpowiedź odpověď odpoveď odgovor одговор ответ відповідь адказ отговор răspuns raspuns
    válasz cevap yanıt απάντηση جواب الجواب الإجابة إجابة پاسخ תשובה उत्तर जवाब উত্তর பதில் คำตอบ ตอบ jibu
    jawaban jawab jawapan đáp 答 回答 答案 ご回答 답변 답
    """.split()  # noqa: SIM905
PHRASES = ("câu hỏi", "trả lời")

# Letters that label a question or an answer by themselves ...
QUESTION_LETTERS = "QqＱسש"
ANSWER_LETTERS = "AＡجת"
# ... and those that do so only where the other text of the pair has its counterpart: initials otherwise.
LETTER_PAIRS = frozenset(
    "QA QR FA FS PR PO DR VA OO KV ÎR IR SC SS TJ HĐ HD ΕΑ ВО ВВ ПВ ПО سج שת".split()  # noqa: SIM905
)

_MARK = r"[:：．]"
_WORD_END = rf"(?:[ ]?{_MARK}|[ ]?[№#]?\d{{1,3}}[ ]?(?:{_MARK}|[.)](?=\s)|[ ]?[-–—](?=\s)))\s*"
_LETTER_END = rf"(?:(?:[ ]?\d{{1,3}})?[ ]?(?:{_MARK}|[.)](?=\s)|[ ][-–—](?=\s)))\s*"


def _labels(words: list[str], phrase: str) -> re.Pattern[str]:
    choices = "|".join(sorted([*words, phrase], key=len, reverse=True))
    return re.compile(rf"(?:{choices}){_WORD_END}", re.IGNORECASE)


_QUESTION_WORD = _labels(QUESTION_WORDS, PHRASES[0])
_ANSWER_WORD = _labels(ANSWER_WORDS, PHRASES[1])
_QUESTION_LETTER = re.compile(rf"[{QUESTION_LETTERS}]{_LETTER_END}")
_ANSWER_LETTER = re.compile(rf"[{ANSWER_LETTERS}](?:[ ]?\d{{1,3}})?[ ]?{_MARK}(?![\\/])\s*")
_LETTER = re.compile(rf"([^\W\d_]){_LETTER_END}")
_LABEL_MARK = re.compile("[:：．.)–—-]")
_LABEL_CHARS = 24  # no label is longer

# What follows an ordinal, not a number, in languages that write "1." for "first" and nouns with a capital.
_AFTER_ORDINAL = frozenset(
    """
    Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember
    Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık
    Klasse Liga Bundesliga FC Platz Stock Weltkrieg Advent Rate Mahnung Dan Kyu
    """.split()  # noqa: SIM905
)
_UNITS = tuple(
    """
    Gbit Mbit Kbit Lit Mil Mio Mrd Zoll Stund Jahr Euro Proz Met Kilo Bar Watt Volt Pers Tage Woch Monat Min
    Sek Kub Quad Gramm Stern Zimmer
    """.split()  # noqa: SIM905
)
_NUMBER = re.compile(
    r"(?:(?P<ordinal>\d{1,3}[.．][ ]?(?=\D))|\d{1,3}(?:\.\d{1,3}){1,3}[.)][ ]"
    r"|[(（]?\d{1,3}[)）]|\d{1,3}、(?!\d)|[①-⑳❶-❿㉑-㉟]|(?P<outline>\d{1,2}\.\d{1,2}[ ]))[ ]*(?P<rest>\S+)"
)
_FURTHER_NUMBER = re.compile(r"(?:^|\s)[(（]?\d{1,3}[.)、．）](?!\d)|[①-⑳❶-❿㉑-㉟]")
_BULLET = re.compile(r"(?:[•▪▫●○■□◆◇►▶▸▹➤➢➔✓✔☑★☆※◦‣»›*–—-]+[ ]+|[•▪●■◆►▶➤✓✔☑★]+)(?=\S)")
_BULLETED_LINE = re.compile(r"\n[•▪▫●○■□◆◇►▶▸▹➤➢➔✓✔☑★☆※◦‣»›*–—-]")

QUOTES = {
    '"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "»": "«", "„": "“”", "‟": "”", "”": "”", "‚": "‘’",
    "‹": "›", "「": "」", "『": "』", "《": "》", "＂": "＂", "״": "״",
}  # fmt: skip


def strip_labels(question: str, answer: str) -> tuple[str, str]:
    """Take off "Q:", "Question 3:", "Ответ:" and the like, in the languages of the tables above.

    A word needs a mark behind it ("A good question", "Question time:" stay). "Q." and "A:" go by themselves,
    other letters, and "A.", only where question and answer both have theirs ("F: ..." with "A: ...").
    """
    question_labelled = _may_be_labelled(question)
    answer_labelled = _may_be_labelled(answer)
    if not question_labelled and not answer_labelled:
        return question, answer
    if question_labelled and answer_labelled:
        first, second = _LETTER.match(question), _LETTER.match(answer)
        if first and second and (first[1] + second[1]).upper() in LETTER_PAIRS:
            return question[first.end() :], answer[second.end() :]
    if question_labelled:
        question = _without(_QUESTION_LETTER, _without(_QUESTION_WORD, question))
    if answer_labelled:
        answer = _without(_ANSWER_LETTER, _without(_ANSWER_WORD, answer))
    return question, answer


def _may_be_labelled(text: str) -> bool:
    return _LABEL_MARK.search(text, 0, _LABEL_CHARS) is not None


def _without(prefix: re.Pattern[str], text: str) -> str:
    match = prefix.match(text)
    return text[match.end() :] if match else text


def strip_numbering(question: str, answer: str) -> tuple[str, str]:
    """Take bullets and numbers ("1.", "1.2 ", "3)", "①") off the question, seldom off the answer.

    A quantity ("1.5 GB"), a date or an ordinal ("1. Januar", "5. sınıf") stays. An answer loses its number
    only where the question has the same one, and its bullet only where no other line has one: else it is a
    list.
    """
    question = _without(_BULLET, question)
    if _BULLET.match(answer) and not _BULLETED_LINE.search(answer):
        answer = _without(_BULLET, answer)
    number = _number(question)
    if not number:
        return question, answer
    if _number(answer).strip() == number.strip():
        rest = answer[len(_number(answer)) :]
        answer = answer if _FURTHER_NUMBER.search(rest) else rest
    return question[len(number) :], answer


def _number(text: str) -> str:
    """Return the number that the text begins with, with what separates it; empty if it has none."""
    match = _NUMBER.match(text)
    if match is None:
        return ""
    rest = match["rest"]
    if match["ordinal"] and (rest[0].islower() or rest.strip(".,:?!") in _AFTER_ORDINAL):
        return ""
    if match["outline"] and not _begins_sentence(rest):
        return ""
    return text[: match.start("rest")]


def _begins_sentence(word: str) -> bool:
    return word[0].isupper() and word[1:2].islower() and not word.startswith(_UNITS)


def strip_quotes(text: str) -> str:
    """Take off one pair of quotes around the whole text; `"A" and "B"` has none."""
    closing = QUOTES.get(text[:1])
    if closing is None or len(text) < 2 or text[-1] not in closing:
        return text
    inner = text[1:-1]
    if text[0] in inner or text[-1] in inner:
        return text
    return inner.strip()
