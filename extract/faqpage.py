"""Items -> questions -> pairs, for the shapes that FAQ markup takes in the wild.

A page counts by its FAQPage items, nested anywhere. Their questions are, in this order of trust:

1. Question items below a FAQPage through the STRUCTURAL properties and whatever lists lie between; anything
   with an acceptedAnswer or suggestedAnswer counts as a Question, whatever type it claims or lacks;
2. if these hold no answers and the FAQPage itself has as many acceptedAnswers: the two lists, side by side;
3. if there are none, and the FAQPage has as many names (else texts) as acceptedAnswers: these, side by side;
4. if some FAQPage has none at all: the Question items of the same syntax elsewhere on the page, but not those
   of a QAPage or a Quiz, which hold users' or examiners' questions.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from extract.html_text import fold_lines, html_to_text
from extract.items import Item, Syntax, Text, Value
from extract.markup import fold_type, reachable
from pipeline.core.outcomes import QuestionOutcome

FAQ_TYPES = frozenset({"faqpage", "faqpages"})
QUESTION_TYPES = frozenset({"question"})
FOREIGN_TYPES = frozenset({"qapage", "quiz"})
STRUCTURAL = frozenset(
    {
        "mainentity",
        "mainentities",
        "mainentityofpage",
        "haspart",
        "itemlistelement",
        "item",
        "itemlist",
        "about",
        "question",
        "questions",
    }
)
QUESTION_TEXT = ("name", "text", "headline")
ANSWER_TEXT = ("text", "description", "name", "value")
ANSWERS = ("acceptedAnswer", "suggestedAnswer")
SOURCE_PER_TEXT = 16  # characters of HTML source per character of text, beyond which it is not even laid out


@dataclass(frozen=True, slots=True)
class FoundQuestion:
    """One question of a page, not yet laid out."""

    texts: tuple[Value, ...]
    """What may be the question's text, best first."""
    answers: tuple[tuple[Value, ...], ...]
    """Its answers by preference: the accepted ones, then the suggested ones."""
    position: int
    """Index of the question on the page within its syntax."""
    syntax: Syntax
    language: str | None = None
    """inLanguage of the question or its FAQPage."""
    repairs: tuple[str, ...] = ()


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


def has_faqpage(items: Iterable[Item]) -> bool:
    """Tell whether any item, at any depth, is a FAQPage."""
    return any(_is_a(item, FAQ_TYPES) for item in reachable(items))


def find_questions(
    items: Iterable[Item], syntax: Syntax, *, repairs: Mapping[Item, Sequence[str]] | None = None
) -> Iterator[FoundQuestion]:
    """Yield the questions of one syntax's items, each once, in the order of the page.

    `repairs` says of top-level items how their block was recovered; it holds for the questions in them.
    Yields nothing where no item is a FAQPage. Circular references are followed once.
    """
    roots = list(items)
    pages = [item for item in reachable(roots) if _is_a(item, FAQ_TYPES)]
    if not pages:
        return
    how = _inherited(roots, repairs or {})
    for position, row in enumerate(_rows(roots, pages)):
        yield FoundQuestion(
            texts=row.texts,
            answers=row.answers,
            position=position,
            syntax=syntax,
            language=_language(row.holder) or (_language(row.page) if row.page else None),
            repairs=how.get(row.holder, ()),
        )


def page_pairs(
    found: Iterable[FoundQuestion], *, max_pairs_per_page: int, max_text_chars: int
) -> tuple[list[Pair], Counter[QuestionOutcome]]:
    """Lay out a page's questions, of all syntaxes, as pairs without repetitions.

    Every accepted answer makes a pair, as in the published data sets; suggested answers count where no
    accepted one has text. A question is counted once: PAIR if it gave any pair, else OVER_LIMIT if a limit
    kept one back, else REPEATED; so the outcomes sum up to the questions found. Of pairs that differ in white
    space only the one of the preferred syntax stays, with the other syntaxes in `also_in`.
    """
    pairs = _Pairs(max_pairs_per_page, max_text_chars)
    in_order = sorted(found, key=lambda question: _ORDER[question.syntax])
    outcomes = Counter(pairs.add(question) for question in in_order)
    return pairs.finished(), outcomes


_ORDER = {syntax: index for index, syntax in enumerate(Syntax)}


@dataclass(frozen=True, slots=True)
class _Row:
    texts: tuple[Value, ...]
    answers: tuple[tuple[Value, ...], ...]
    holder: Item
    page: Item | None


def _rows(roots: list[Item], pages: list[Item]) -> Iterator[_Row]:
    """Yield the questions by the rules 1 to 4 of the module."""
    seen: set[Item] = set()
    taken: set[Item] = set()
    is_any_empty = False
    for page in pages:
        questions, is_shared = _below(page, seen)
        taken.update(questions)
        if questions:
            yield from _own_rows(page, questions)
        elif rows := _side_by_side(page):
            yield from rows
        elif not is_shared:
            is_any_empty = True
    if is_any_empty:
        foreign = set(reachable(item for item in reachable(roots) if _is_a(item, FOREIGN_TYPES)))
        for item in reachable(roots):
            if _is_question(item) and item not in taken and item not in foreign:
                yield _row(item, None)


def _below(page: Item, seen: set[Item]) -> tuple[list[Item], bool]:
    """Return the questions below a FAQPage that are not `seen` yet, and whether others are in it too.

    FAQPages below it are left to their own turn.
    """
    questions: list[Item] = []
    is_shared = False
    stack = _parts(page)
    while stack:
        item = stack.pop()
        if item in seen or _is_a(item, FAQ_TYPES):
            is_shared = is_shared or item is not page
            continue
        seen.add(item)
        if _is_question(item):
            questions.append(item)
        else:
            stack.extend(_parts(item))
    return questions, is_shared


def _parts(item: Item) -> list[Item]:
    """Return what an item holds through STRUCTURAL properties, last first."""
    parts = [
        value
        for name, values in item.properties.items()
        if name.casefold() in STRUCTURAL
        for value in values
        if isinstance(value, Item)
    ]
    return parts[::-1]


def _own_rows(page: Item, questions: list[Item]) -> Iterator[_Row]:
    answers = page.values(ANSWERS[0])
    is_split = len(answers) == len(questions) and not any(_answers(question)[0] for question in questions)
    for index, question in enumerate(questions):
        row = _row(question, page)
        if is_split and not any(row.answers):
            row = _Row(row.texts, ((answers[index],),), question, page)
        yield row


def _row(question: Item, page: Item | None) -> _Row:
    texts = tuple(value for name in QUESTION_TEXT for value in question.values(name))
    return _Row(texts, _answers(question), question, page)


def _side_by_side(page: Item) -> list[_Row]:
    answers = page.values(ANSWERS[0])
    for name in QUESTION_TEXT:
        texts = page.values(name)
        if texts and len(texts) == len(answers):
            rows = zip(texts, answers, strict=True)
            return [_Row((text,), ((answer,),), page, page) for text, answer in rows]
    return [_Row((), (tuple(answers),), page, page)] if answers else []


def _answers(item: Item) -> tuple[tuple[Value, ...], ...]:
    return tuple(tuple(item.values(name)) for name in ANSWERS)


def _is_question(item: Item) -> bool:
    if _is_a(item, FAQ_TYPES):
        return False
    return _is_a(item, QUESTION_TYPES) or any(_answers(item))


def _is_a(item: Item, types: frozenset[str]) -> bool:
    return any(fold_type(name) in types for name in item.types)


def _language(item: Item) -> str | None:
    for value in item.values("inLanguage"):
        if isinstance(value, Item):
            value = next(iter(value.values("alternateName") + value.values("name")), value)
        if isinstance(value, Text) and (tag := value.content.strip()):
            return tag
    return None


def _inherited(roots: list[Item], repairs: Mapping[Item, Sequence[str]]) -> dict[Item, tuple[str, ...]]:
    how: dict[Item, tuple[str, ...]] = {}
    seen: set[Item] = set()
    for root in roots if repairs else ():
        own = tuple(repairs.get(root, ()))
        how.update((item, own) for item in reachable([root], seen))
    return how


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
        self._by_key: dict[bytes, int] = {}
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


def _key(question: str, answer: str) -> bytes:
    """Return what two renderings of the same pair have in common, whatever their line breaks."""
    folded = "\0".join("".join(text.split()) for text in (question, answer))
    return hashlib.md5(unicodedata.normalize("NFC", folded).encode(), usedforsecurity=False).digest()
