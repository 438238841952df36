"""What the text of a pair says about its language, before anything else is asked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from extract.langid_model import MIN_PROBABILITY, LabelModel
from extract.langid_script import dominant_script, script_shares
from extract.langid_text import MAX_CHARS, as_line, has_words, is_list_of_names, is_mash, without_codes

TEXT_WEIGHT = 1.6
HALF_CHARS = 28
"""Weights of `extract.langid_default`, chosen with its others."""
RECOGNISED = 0.5
"""Probability of the likeliest language below which a text is dropped if it looks like a list of names."""
CLEAR = 0.8
"""The same for keyboard mash, which the model takes for some language more often."""
DIFFERENT = 0.8
NOT_AT_ALL = 0.02
"""Question and answer are in different languages where each has one of at least the first probability that
has at most the second in the other. So close languages, such as Danish and Norwegian, do not differ."""
ONE_LANGUAGE = 0.99
"""Probability of the likeliest language from which on the two sides are not looked at apart, to save time."""
TELLING_CHARS = (20, 40)
"""Least lengths of question and answer to tell that they differ."""

Weights = dict[str, float]
"""ISO 639-3 code -> log-likelihood above that of languages the text is not in."""


@dataclass(frozen=True, slots=True)
class TextEvidence:
    """What a text says about its language."""

    script: str
    """ISO 15924 code of the script that most letters are in."""
    weights: Weights = field(default_factory=dict)
    """The languages that it may be in; empty where it is in none."""
    by_script: bool = False
    """The script leaves one language only."""
    differ: bool = False
    """Question and answer are in different languages."""


def text_evidence(model: LabelModel, question: str, answer: str) -> TextEvidence:
    """Read a pair's text. The cost is that of one prediction, of up to three where the first is in doubt."""
    first, second = as_line(question), as_line(answer)
    line = without_codes(f"{first} {second}")
    shares = script_shares(line)
    script = dominant_script(shares)
    if not shares or not has_words(line):
        return TextEvidence(script)
    weight = TEXT_WEIGHT * len(line) / (len(line) + HALF_CHARS)
    only = model.only_language.get(script)
    if only and shares[script] >= 0.5:
        differ = _telling(first, second) and script not in script_shares(first)
        return TextEvidence(script, {only: -weight * math.log(MIN_PROBABILITY)}, True, differ)
    probabilities = model.probabilities(line, shares)
    best = max(probabilities, key=lambda code: (probabilities[code], code), default="")
    if not best or _is_nonsense(question, answer, best_probability=probabilities[best]):
        return TextEvidence(script)
    differ = probabilities[best] < ONE_LANGUAGE and _telling(first, second)
    return TextEvidence(
        script,
        {code: weight * math.log(p / MIN_PROBABILITY) for code, p in probabilities.items()},
        differ=differ and _differ(model, first, second, shares=shares, best=best),
    )


def _is_nonsense(question: str, answer: str, *, best_probability: float) -> bool:
    if best_probability >= CLEAR:
        return False
    text = f"{question[:MAX_CHARS]} {answer[:MAX_CHARS]}"
    return is_mash(text) or (best_probability < RECOGNISED and is_list_of_names(text))


def _telling(question: str, answer: str) -> bool:
    return len(question) >= TELLING_CHARS[0] and len(answer) >= TELLING_CHARS[1]


def _differ(model: LabelModel, question: str, answer: str, *, shares: Mapping[str, float], best: str) -> bool:
    """Tell whether each side is clearly in a language that the other side is clearly not in."""
    of_question = model.probabilities(question, shares)
    if of_question.get(best, 0.0) > NOT_AT_ALL and 2 * len(question) < len(answer):
        return False  # `best` is the language of the longer side, and perhaps of the question, too
    of_answer = model.probabilities(answer, shares)
    return _clear_of(of_question, of_answer) and _clear_of(of_answer, of_question)


def _clear_of(these: Mapping[str, float], others: Mapping[str, float]) -> bool:
    return any(p >= DIFFERENT and others.get(code, 0.0) <= NOT_AT_ALL for code, p in these.items())
