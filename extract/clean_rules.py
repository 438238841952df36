"""What a cleaning rule is: a name, and one pure function over a question and its answer."""

from collections.abc import Callable
from dataclasses import dataclass

MAX_ROUNDS = 8  # rounds of rewriting after which a pair counts as hostile: real ones settle after one or two


@dataclass(frozen=True, slots=True)
class Drop:
    """A rule that drops the pairs it is true of."""

    name: str
    drops: Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A rule that returns question and answer as they should read."""

    name: str
    rewrites: Callable[[str, str], tuple[str, str]]


Rule = Drop | Rewrite


def each(rewrite: Callable[[str], str]) -> Callable[[str, str], tuple[str, str]]:
    """Return the rewriting of a pair that rewrites question and answer in the same way."""
    return lambda question, answer: (rewrite(question), rewrite(answer))
