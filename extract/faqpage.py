"""Questions -> pairs: the texts laid out, repetitions dropped, and every question accounted for.

Which questions count is `extract.questions`' part.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from extract.html_text import fold_lines, html_to_text
from extract.items import Syntax, Text, Value
from extract.questions import FoundQuestion, find_questions, has_faqpage
from pipeline.core.outcomes import QuestionOutcome

__all__ = ["FoundQuestion", "Pair", "find_questions", "has_faqpage", "page_pairs"]

ANSWER_TEXT = ("text", "description", "name", "value")
SOURCE_PER_TEXT = 16  # characters of HTML source per character of text, beyond which it is not even laid out


@dataclass(frozen=True, slots=True)
class Pair:
    """One question with one answer; `question` is one line, `answer` a line per paragraph or list item."""

    question: str
    answer: str
    answer_html: str | None
    """The answer as written; None for rendered answers whose source was not kept."""
    position: int
    answer_index: int
    syntax: Syntax
    markup_language: str | None
    repairs: tuple[str, ...] = ()
    also_in: tuple[Syntax, ...] = ()


def page_pairs(
    found: Iterable[FoundQuestion], *, max_pairs_per_page: int, max_text_chars: int
) -> tuple[list[Pair], Counter[QuestionOutcome]]:
    """Lay out a page's questions, of all syntaxes, as pairs without repetitions.

    Every accepted answer makes a pair, as in the published data sets; suggested answers count where no
    accepted one has text. A question is counted once: PAIR if it gave any pair, else OVER_LIMIT if a limit
    kept one back, else REPEATED; so the outcomes sum up to the questions found. Once the page has all pairs
    it may have, further questions are OVER_LIMIT without a look at their answers. Of pairs that differ in
    white space only the one of the preferred syntax stays, with the other syntaxes in `also_in`.
    """
    pairs = _Pairs(max_pairs_per_page, max_text_chars)
    in_order = sorted(found, key=lambda question: _ORDER[question.syntax])
    outcomes = Counter(pairs.add(question) for question in in_order)
    return pairs.finished(), outcomes


_ORDER = {syntax: index for index, syntax in enumerate(Syntax)}


@dataclass(frozen=True, slots=True)
class _Rendered:
    text: str
    language: str | None
    source: str | None


class _Pairs:
    """The pairs of one page so far."""

    def __init__(self, max_pairs: int, max_chars: int) -> None:
        self._max_pairs = max_pairs
        self._max_chars = max_chars
        self._pairs: list[Pair] = []
        self._by_key: dict[str, int] = {}
        self._also_in: dict[int, dict[Syntax, None]] = {}

    def finished(self) -> list[Pair]:
        return [
            replace(pair, also_in=tuple(self._also_in[index])) if index in self._also_in else pair
            for index, pair in enumerate(self._pairs)
        ]

    def add(self, question: FoundQuestion) -> QuestionOutcome:
        """Add a question's pairs and tell what became of it."""
        asked = next(filter(None, (self._laid_out([value]) for value in question.texts)), None)
        if asked is None:
            return QuestionOutcome.NO_QUESTION
        if len(self._pairs) >= self._max_pairs:
            return QuestionOutcome.OVER_LIMIT
        answers: list[tuple[int, _Rendered]] = []
        for group in question.answers:
            laid_out = enumerate(map(self._answer, group))
            answers = [(index, answer) for index, answer in laid_out if answer is not None]
            if answers:
                break
        outcomes = {self._add_pair(question, asked, index, answer) for index, answer in answers}
        order = (QuestionOutcome.PAIR, QuestionOutcome.OVER_LIMIT, QuestionOutcome.REPEATED)
        return next((outcome for outcome in order if outcome in outcomes), QuestionOutcome.NO_ANSWER)

    def _add_pair(
        self, question: FoundQuestion, asked: _Rendered, index: int, answer: _Rendered
    ) -> QuestionOutcome:
        if max(len(asked.text), len(answer.text)) > self._max_chars:
            return QuestionOutcome.OVER_LIMIT
        key = _key(asked.text, answer.text)
        earlier = self._by_key.get(key)
        if earlier is not None:
            if self._pairs[earlier].syntax is not question.syntax:
                self._also_in.setdefault(earlier, {})[question.syntax] = None
            return QuestionOutcome.REPEATED
        if len(self._pairs) >= self._max_pairs:
            return QuestionOutcome.OVER_LIMIT
        self._by_key[key] = len(self._pairs)
        self._pairs.append(
            Pair(
                question=asked.text.replace("\n", " "),
                answer=answer.text,
                answer_html=answer.source,
                position=question.position,
                answer_index=index,
                syntax=question.syntax,
                markup_language=answer.language or asked.language or question.language,
                repairs=question.repairs,
            )
        )
        return QuestionOutcome.PAIR

    def _answer(self, value: Value) -> _Rendered | None:
        if isinstance(value, Text):
            return self._laid_out([value])
        return next(filter(None, (self._laid_out(value.values(name)) for name in ANSWER_TEXT)), None)

    def _laid_out(self, values: Sequence[Value]) -> _Rendered | None:
        """Return the lines of a property's texts, of the first one's language; None if there are none."""
        texts = [value for value in values if isinstance(value, Text) and value.content.strip()]
        texts = [text for text in texts if text.language == texts[0].language]
        lines = list(filter(None, map(self._lines, texts)))
        if not lines:
            return None
        sources = [text.html if text.is_plain else text.content for text in texts]
        source = "\n".join(filter(None, sources)) or None
        return _Rendered("\n".join(lines), texts[0].language or None, source)

    def _lines(self, text: Text) -> str:
        if len(text.content) > SOURCE_PER_TEXT * self._max_chars:
            return text.content  # over the limit however it is laid out
        return fold_lines(text.content) if text.is_plain else html_to_text(text.content)


def _key(question: str, answer: str) -> str:
    """Return what two renderings of the same pair have in common, whatever their line breaks."""
    return "\0".join("".join(text.split()) for text in (question, answer))
