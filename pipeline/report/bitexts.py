"""What the report shows of translations, gathered from the tables of alignment in one pass over each.

What grows in memory: counts by language pair and sample texts with languages squared, sites with their number
up to `MAX_SITES`. Nothing grows with the number of bitexts.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.ids import md5_hex
from pipeline.jobs.on_page import wrong_share
from pipeline.report.tables import First, HeavyHitters

MAX_SITES = 1_000_000
"""Sites counted exactly, in as much memory as that many origins."""

MAX_SIDE_CHARS = 400
"""Characters of a question or an answer that are shown beside its translation."""

N_SAMPLES_A_LANGUAGE_PAIR = 2
N_WEAKEST = 6

SCORE_EDGES = [0.0, *(round(1 - f * 10.0**-e, 6) for e in range(1, 7) for f in (5, 2, 1))]
"""Lower edges of the bins of scores, about equally wide on a logarithmic scale of what is missing to 1; the
last one includes 1."""

GROUNDS = {
    (True, False): "hreflang",
    (True, True): "hreflang and path",
    (False, True): "path",
    (False, False): "embedding alone",
}
"""What brought the two pages of a bitext together, by its columns hreflang and same_path."""

LanguagePair = tuple[str, str]


@dataclass(slots=True)
class BitextFigures:
    """What one pass over table bitexts gathers."""

    COLUMNS: ClassVar[list[str]] = [
        *("id_a", "id_b", "language_a", "language_b", "site", "score", "numbers", "tokens", "length"),
        *("position", "hreflang", "same_path", "similarity", "margin"),
        *("question_a", "answer_a", "question_b", "answer_b", "url_a", "url_b"),
    ]

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Bitexts by language pair and ground (`GROUNDS`)."""
    sites: HeavyHitters = field(default_factory=lambda: HeavyHitters(MAX_SITES))
    scores: list[int] = field(default_factory=lambda: [0] * len(SCORE_EDGES))
    """Bitexts by bin of `SCORE_EDGES`."""
    missing_millionths: int = 0
    """What the scores lack to 1, summed up: an integer, so that the sum does not hang on the order."""
    samples: First = field(
        default_factory=lambda: First(
            N_SAMPLES_A_LANGUAGE_PAIR,
            order=[("place", "ascending")],
            group="languages",
            max_chars=MAX_SIDE_CHARS,
        )
    )
    weakest: First = field(
        default_factory=lambda: First(
            1,
            order=[("score", "ascending"), ("place", "ascending")],
            group="languages",
            groups=N_WEAKEST,
            max_chars=MAX_SIDE_CHARS,
        )
    )

    @property
    def n(self) -> int:
        """Return the number of bitexts."""
        return self.counts.total()

    def add(self, rows: pa.Table) -> None:
        """Take a batch in."""
        keys = ["language_a", "language_b", "hreflang", "same_path"]
        for row in rows.group_by(keys).aggregate([([], "count_all")]).to_pylist():
            ground = GROUNDS[row["hreflang"], row["same_path"]]
            self.counts[row["language_a"], row["language_b"], ground] += row["count_all"]
        self.sites.add(rows["site"])
        scores = rows["score"].to_numpy()
        bins = np.clip(np.searchsorted(SCORE_EDGES, scores, side="right") - 1, 0, None)
        fresh = np.bincount(bins, minlength=len(SCORE_EDGES)).tolist()
        self.scores = [a + b for a, b in zip(self.scores, fresh, strict=True)]
        self.missing_millionths += int(np.rint((1 - scores) * 1e6).astype(np.int64).sum())
        placed = _placed(rows)
        self.samples.add(placed)
        self.weakest.add(placed)

    def language_pairs(self) -> Counter[LanguagePair]:
        """Return the bitexts of each language pair."""
        summed: Counter[LanguagePair] = Counter()
        for (a, b, _), n in self.counts.items():
            summed[a, b] += n
        return summed

    def grounds(self) -> Counter[str]:
        """Return the bitexts of each ground (`GROUNDS`)."""
        summed: Counter[str] = Counter()
        for (_, _, ground), n in self.counts.items():
            summed[ground] += n
        return summed


@dataclass(slots=True)
class GroupFigures:
    """Parallel groups by their number of languages."""

    COLUMNS: ClassVar[list[str]] = ["n_languages"]

    by_size: Counter[int] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        """Return the number of groups."""
        return self.by_size.total()

    def add(self, rows: pa.Table) -> None:
        """Take a batch in."""
        for entry in pc.value_counts(rows["n_languages"]).to_pylist():
            self.by_size[entry["values"]] += entry["counts"]


@dataclass(slots=True)
class SwapFigures:
    """The swap test: a row a language pair, and their sums."""

    COLUMNS: ClassVar[list[str]] = [
        *("language_a", "language_b", "n_page_pairs", "n_aligned"),
        *("n_swapped_page_pairs", "n_swapped_aligned", "wrong_share"),
        *("n_removed", "n_removed_aligned"),
    ]

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, rows: pa.Table) -> None:
        """Take a batch in."""
        self.rows += rows.to_pylist()

    def total(self, column: str) -> int:
        """Return the sum of a column of counts."""
        return sum(row[column] for row in self.rows)

    @property
    def wrong_share(self) -> float | None:
        """Return `SwapTest.wrong_share` over all language pairs."""
        return wrong_share(
            self.total("n_page_pairs"),
            self.total("n_aligned"),
            self.total("n_swapped_page_pairs"),
            self.total("n_swapped_aligned"),
        )

    def worst(self, *, min_page_pairs: int) -> list[dict[str, Any]]:
        """Return the language pairs where anything wrong was accepted, the largest share first.

        Those with fewer than `min_page_pairs` swapped page pairs are left out.
        """
        found = [r for r in self.rows if r["wrong_share"] and r["n_swapped_page_pairs"] >= min_page_pairs]
        return sorted(found, key=lambda r: (-r["wrong_share"], r["language_a"], r["language_b"]))


def _placed(rows: pa.Table) -> pa.Table:
    """Add the language pair as one name, and a hash of the ids: a place in an order that favours nothing."""
    ids = zip(rows["id_a"].to_pylist(), rows["id_b"].to_pylist(), strict=True)
    place = pa.array([md5_hex(f"{a} {b}") for a, b in ids], pa.string())
    languages = pc.binary_join_element_wise(rows["language_a"], rows["language_b"], " ")
    return rows.append_column("place", place).append_column("languages", languages)
