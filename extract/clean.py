"""Raw pair -> clean pair, or the name of the rule that dropped it.

A rule is one small function with a name; a profile is a tuple of rules, and their order is that tuple.
Profile `webfaq2` applies the published rules one by one, once (`extract.clean_webfaq2`). Profile `default`
applies its rules until nothing changes any more: a kept pair passes again as it is.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from extract.clean_characters import is_garbled, normalise, repair_mojibake, strip_emoji
from extract.clean_drops import (
    asks_nothing,
    is_empty,
    is_link_text,
    is_menu,
    is_placeholder,
    only_asks,
    repeats_question,
    too_long,
    too_short,
)
from extract.clean_labels import strip_labels, strip_numbering, strip_quotes
from extract.clean_markup import is_code, repair_markup
from extract.clean_mask import masker, placeholder_counts
from extract.clean_rules import MAX_ROUNDS, Drop, Rewrite, Rule, each
from extract.clean_webfaq2 import WEBFAQ2
from pipeline.core.config import CleanConfig

__all__ = ["CleanText", "cleaner", "rule_names"]

MASK = "mask"
UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class CleanText:
    """What the rules made of one pair."""

    question: str
    """As cleaned, or as it stood when the pair was dropped."""
    answer: str
    dropped_by: str | None
    """Name of the rule that dropped the pair."""
    changed_by: tuple[str, ...]
    """Names of the rules that changed the text, in their order."""
    masked: dict[str, int]
    """Personal data replaced by a placeholder, by kind."""


def cleaner(config: CleanConfig) -> Callable[[str, str], CleanText]:
    """Return the function that cleans one (question, answer); it never raises and depends on nothing else."""
    rounds = MAX_ROUNDS if config.profile == "default" else 1
    return partial(_clean, tuple(map(_step, _rules(config))), rounds)


def rule_names(config: CleanConfig) -> tuple[str, ...]:
    """Return the names of the profile's rules in their order; each pair that is dropped is dropped by one."""
    names = tuple(rule.name for rule in _rules(config))
    return (*names, UNSETTLED) if config.profile == "default" else names


def _rules(config: CleanConfig) -> tuple[Rule, ...]:
    masking = (Rewrite(MASK, each(masker(config.mask))),) if config.mask else ()
    if config.profile == "webfaq2":
        return WEBFAQ2 + masking
    return (
        Rewrite("markup", repair_markup),
        Rewrite("mojibake", each(repair_mojibake)),
        Rewrite("characters", normalise),
        Rewrite("emoji", each(strip_emoji)),
        Rewrite("labels", strip_labels),
        Rewrite("numbering", strip_numbering),
        Rewrite("quotes", each(strip_quotes)),
        *masking,
        Drop("garbled", is_garbled),
        Drop("empty", is_empty),
        Drop("code", is_code),
        Drop("placeholder", is_placeholder),
        Drop("link_text", is_link_text),
        Drop("no_question", asks_nothing),
        Drop("too_short", too_short(config.min_question_chars, config.min_answer_chars)),
        Drop("too_long", too_long(config.max_question_chars, config.max_answer_chars)),
        Drop("repeats_question", repeats_question),
        Drop("only_asks", only_asks),
        Drop("menu", is_menu),
    )


_Step = tuple[str, Callable[[str, str], bool] | None, Callable[[str, str], tuple[str, str]] | None]


def _step(rule: Rule) -> _Step:
    """Return name, test and rewriting; looking a rule's class up takes as long as many a rule."""
    return (rule.name, rule.drops, None) if isinstance(rule, Drop) else (rule.name, None, rule.rewrites)


def _clean(steps: tuple[_Step, ...], rounds: int, question: str, answer: str) -> CleanText:
    changed_by: set[str] = set()
    masked: Counter[str] = Counter()

    def result(dropped_by: str | None) -> CleanText:
        in_order = tuple(name for name, *_ in steps if name in changed_by) if changed_by else ()
        return CleanText(question, answer, dropped_by, in_order, dict(masked))

    for _ in range(rounds):
        before = question, answer
        for name, drops, rewrites in steps:
            if drops is not None:
                if drops(question, answer):
                    return result(name)
            elif rewrites is not None:
                rewritten = rewrites(question, answer)
                if rewritten != (question, answer):
                    if name == MASK:
                        masked.update(_n_masked((question, answer), rewritten))
                    changed_by.add(name)
                    question, answer = rewritten
        if (question, answer) == before:
            return result(None)
    return result(UNSETTLED if rounds > 1 else None)


def _n_masked(before: tuple[str, str], after: tuple[str, str]) -> Counter[str]:
    return Counter(placeholder_counts("\n".join(after))) - Counter(placeholder_counts("\n".join(before)))
