"""What each rule left of the pairs, in all and by language, summed up from table funnel."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import pyarrow as pa

MIN_UNUSUAL_DROPS = 20
"""Fewest drops of a rule in a language that count as unusual: with 10 expected, chance alone brings 20 in one
of 300 cases (Poisson)."""

MIN_UNUSUAL_RATIO = 2.0
"""How many times as often as in all other languages together a rule must drop to count as unusual."""

NO_LANGUAGE = "und"
"""Pairs without a recognised language: some rules are made to drop them, which is nothing unusual."""


@dataclass(frozen=True, slots=True)
class Passage:
    """How many pairs came to a rule and left it."""

    n_in: int
    n_out: int
    n_changed: int = 0

    @property
    def n_dropped(self) -> int:
        """Return how many pairs the rule dropped."""
        return self.n_in - self.n_out

    @property
    def dropped_share(self) -> float:
        """Return the dropped share of the pairs that came; 0 where none did."""
        return self.n_dropped / self.n_in if self.n_in else 0.0

    @property
    def kept_share(self) -> float:
        """Return the kept share of the pairs that came; 0 where none did."""
        return self.n_out / self.n_in if self.n_in else 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, in its place."""

    step: int
    name: str


@dataclass(frozen=True, slots=True)
class Unusual:
    """A rule that drops far more of one language's pairs than of all the others'."""

    language: str
    rule: Rule
    here: Passage
    elsewhere: Passage

    @property
    def n_excess(self) -> float:
        """Return how many drops there are beyond the ones that the other languages' share would make."""
        return self.here.n_dropped - self.elsewhere.dropped_share * self.here.n_in


@dataclass(frozen=True, slots=True)
class Funnel:
    """The passage of the pairs through every rule, by language."""

    cells: dict[tuple[Rule, str], Passage]

    @property
    def rules(self) -> list[Rule]:
        """Return the rules in their order."""
        return sorted({rule for rule, _ in self.cells}, key=lambda r: (r.step, r.name))

    def total(self, rule: Rule) -> Passage:
        """Return the rule's passage over all languages."""
        return _sum(passage for (r, _), passage in self.cells.items() if r == rule)

    def passages(self) -> list[tuple[Rule, Passage]]:
        """Return each rule with its passage over all languages, in order."""
        return [(rule, self.total(rule)) for rule in self.rules]

    def languages(self) -> dict[str, Passage]:
        """Return from the first rule to the last, by language, those with most pairs first."""
        through = {}
        for language in {language for _, language in self.cells}:
            came, left = (self.cells.get((rule, language)) for rule in (self.rules[0], self.rules[-1]))
            through[language] = Passage(came.n_in if came else 0, left.n_out if left else 0)
        return dict(sorted(through.items(), key=lambda item: (-item[1].n_in, item[0])))

    def unusual(self) -> list[Unusual]:
        """Return the rules that hit a language unusually hard, those with most drops too many first."""
        found = []
        for rule, total in self.passages():
            for (r, language), here in self.cells.items():
                if r != rule or language == NO_LANGUAGE or here.n_dropped < MIN_UNUSUAL_DROPS:
                    continue
                elsewhere = Passage(total.n_in - here.n_in, total.n_out - here.n_out)
                if here.dropped_share >= MIN_UNUSUAL_RATIO * elsewhere.dropped_share:
                    found.append(Unusual(language, rule, here, elsewhere))
        return sorted(found, key=lambda u: (-u.n_excess, u.rule.step, u.language))

    def faults(self, *, n_raw: int | None, n_pairs: int) -> Iterator[str]:
        """Yield a sentence for each place where pairs went missing or came from nowhere."""
        passages = self.passages()
        for (before, left), (after, came) in pairwise(passages):
            if left.n_out != came.n_in:
                yield f"{left.n_out:,} pairs leave rule {before.name}, {came.n_in:,} come to {after.name}."
        if passages and n_raw is not None and passages[0][1].n_in != n_raw:
            yield (
                f"Table pairs_raw has {n_raw:,} rows, {passages[0][1].n_in:,} come to the first rule. Run "
                "`faqtory clean` again if files were extracted since."
            )
        if passages and passages[-1][1].n_out != n_pairs:
            yield f"{passages[-1][1].n_out:,} pairs leave the last rule, table pairs has {n_pairs:,}."


class FunnelTally:
    """Adds up table funnel over the input files."""

    COLUMNS: ClassVar[list[str]] = ["step", "rule", "language", "n_in", "n_out", "n_changed"]

    def __init__(self) -> None:
        self._cells: dict[tuple[Rule, str], Passage] = {}

    def add(self, rows: pa.Table) -> None:
        """Take a batch in."""
        sums = rows.group_by(["step", "rule", "language"]).aggregate(
            [("n_in", "sum"), ("n_out", "sum"), ("n_changed", "sum")]
        )
        for row in sums.to_pylist():
            place = Rule(row["step"], row["rule"]), row["language"]
            fresh = Passage(row["n_in_sum"], row["n_out_sum"], row["n_changed_sum"])
            held = self._cells.get(place)
            self._cells[place] = _sum([held, fresh]) if held else fresh

    def funnel(self) -> Funnel:
        """Return the sums."""
        return Funnel(self._cells)


def _sum(passages: Iterable[Passage]) -> Passage:
    parts = list(passages)
    return Passage(sum(p.n_in for p in parts), sum(p.n_out for p in parts), sum(p.n_changed for p in parts))
