"""Language identification of profile default: the pair's text, weighed with its page and its declarations.

The model. A page has a main language M; each pair is in M or, with small probability, in any other language:

    P(pair is l) ~ exp(S(l)) * (P(M = l) + FLOOR)
    P(M = l)     ~ exp(PAGE_WEIGHT * sum of other pairs' S(l) + DECLARED_WEIGHT * share of declarations for l)
    S(l)         = TEXT_WEIGHT * n / (n + HALF_CHARS) * log(p(l) / MIN_PROBABILITY)

where p(l) is what fastText gives l, among the languages of the text's script, for a text of n characters.
Only languages that the pair's own text may be in are considered, so that page and declarations decide where
it is ambiguous; FLOOR bounds what they can do against a clear text.

The weights were chosen on the first halves of 96 Tatoeba files, 22,577 pairs: single sentences, or one as
question and up to four as answer; 4 to 12 consecutive ones a page; the page's language declared rightly in
70 % of pages, not at all in 20 %, wrongly in 10 %; 15 % of pages with one to three pairs in another language.
Random search, least log loss over pages with both kinds of context, either and neither; the numbers found are
rounded. FLOOR is the largest of those that did equally well (0.0003 to 0.03), for the sake of the odd pair
out, and DECLARED_WEIGHT lower than found (5.2), for the sake of wrong declarations. As log loss is what the
weights minimise, the score is a probability. `benchmarks/langid.py` measures on the second halves.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from extract.langid_codes import UNKNOWN
from extract.langid_declared import add_vote, declared_votes, vote_shares
from extract.langid_evidence import TextEvidence, Weights, text_evidence
from extract.langid_model import LabelModel
from extract.langid_records import Language, LanguageRule, PageEvidence, Source

PAGE_WEIGHT = 0.3
DECLARED_WEIGHT = 4.2
FLOOR = 0.03
N_LANGUAGES = 108
"""Languages that M may be before anything is known: those of WebFAQ 2.0."""
TITLE_PAIRS = 3
"""A page with fewer pairs than this has its title and description weighed like one more pair."""
MAX_SCORE = 0.999
SCRIPT_SCORE = 0.995
"""Where the script decides alone. All 3,200 such sentences of Tatoeba's first halves are right; the rest is
for languages that the model does not know."""


class DefaultIdentifier:
    """Identifies languages by profile default; `min_score` is the score below which a pair is dropped."""

    def __init__(self, model: LabelModel, *, min_score: float) -> None:
        self._model = model
        self._min_score = min_score

    def identify_page(
        self, page: PageEvidence, pairs: Sequence[tuple[str, str, str | None]]
    ) -> list[Language]:
        """See LanguageIdentifier."""
        texts = [text_evidence(self._model, question, answer) for question, answer, _ in pairs]
        context = [text.weights for text in texts]
        if len(pairs) < TITLE_PAIRS and (page.title or page.description):
            context.append(text_evidence(self._model, page.title or "", page.description or "").weights)
        pooled = _sum(context)
        votes = declared_votes(page)
        declared = {tag: _declared(votes, tag) for tag in {tag for _, _, tag in pairs}}
        return [
            self._identify(text, pooled, declared[tag])
            for text, (_, _, tag) in zip(texts, pairs, strict=True)
        ]

    def identify_text(self, text: str) -> Language:
        """See LanguageIdentifier."""
        return self._identify(text_evidence(self._model, text, ""), {}, {})

    def _identify(self, text: TextEvidence, pooled: Weights, declared: Weights) -> Language:
        own = text.weights
        if not own:
            return Language(UNKNOWN, text.script, 0.0, Source.NONE, LanguageRule.NOT_A_LANGUAGE)
        if len(own) == 1:  # as most are
            (code,) = own
            score, source = (SCRIPT_SCORE, Source.SCRIPT) if text.by_script else (MAX_SCORE, Source.TEXT)
            return Language(code, text.script, score, source, languages_differ=text.differ)
        page = {code: PAGE_WEIGHT * (total - own.get(code, 0.0)) for code, total in pooled.items()}
        score, code = _most_likely(own, page, declared)
        best = max(own, key=lambda other: (own[other], other))
        source = Source.TEXT if code == best else _what_decided(code, best, page, declared)
        dropped_by = LanguageRule.LANGUAGE_UNCERTAIN if score < self._min_score else None
        return Language(code, text.script, score, source, dropped_by, text.differ)


def _sum(context: Iterable[Weights]) -> Weights:
    terms: dict[str, list[float]] = {}
    for weights in context:
        for code, value in weights.items():
            terms.setdefault(code, []).append(value)
    return {code: math.fsum(values) for code, values in terms.items()}  # fsum: whatever the order


def _declared(votes: Mapping[str, float], tag: str | None) -> Weights:
    all_votes = dict(votes)
    if tag:
        add_vote(all_votes, tag)
    return {code: DECLARED_WEIGHT * share for code, share in vote_shares(all_votes).items()}


def _most_likely(own: Weights, page: Weights, declared: Weights) -> tuple[float, str]:
    """Return the likeliest of the pair's own languages, after its estimated probability."""
    main = {code: page.get(code, 0.0) + declared.get(code, 0.0) for code in page.keys() | declared.keys()}
    top = max(main.values(), default=0.0)
    total = math.fsum(math.exp(value - top) for value in main.values())
    total += max(0, N_LANGUAGES - len(main)) * math.exp(-top)
    likelihoods = {
        code: math.exp(value) * (math.exp(main.get(code, 0.0) - top) / total + FLOOR)
        for code, value in own.items()
    }
    code = max(likelihoods, key=lambda other: (likelihoods[other], other))
    return min(MAX_SCORE, likelihoods[code] / math.fsum(likelihoods.values())), code


def _what_decided(code: str, best: str, page: Weights, declared: Weights) -> Source:
    def gain(weights: Weights) -> float:
        return weights.get(code, 0.0) - weights.get(best, 0.0)

    return Source.PAGE if gain(page) >= gain(declared) else Source.DECLARED
