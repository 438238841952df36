"""Which pairs of one site and two languages an embedder brings together, with all that speaks for them.

Neighbours are given (`mining.margin.Nearest`), by whatever search found them; here they are judged: to fit a
scale (`labelled`), to accept translations (`accepted`), or by the published rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mining.bitext_text import Traits, read_traits
from mining.margin import Candidates, Nearest, best_published, neighbour_candidates
from mining.off_page import (
    Calibration,
    LexicalEvidence,
    adapted,
    features_of,
    lexical_evidence,
    probabilities,
    truth,
)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Known = Sequence[tuple[str, str]]
"""Ids of a and of b that translate each other, each at most once."""


@dataclass(frozen=True)
class Version:
    """The pairs of a site in one language, in the order of their ids."""

    language: str
    """ISO 639-3 code."""
    ids: Sequence[str]
    questions: Sequence[str]
    answers: Sequence[str]

    @cached_property
    def traits(self) -> list[Traits]:
        """What of each pair is compared across languages."""
        texts = zip(self.questions, self.answers, strict=True)
        return [read_traits(question, answer, self.language) for question, answer in texts]

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """The row of each id."""
        return {id: row for row, id in enumerate(self.ids)}


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two versions of a site, and the nearest rows of the other version for each row."""

    a: Version
    b: Version
    from_a: Nearest
    from_b: Nearest
    """One neighbour more than counts, so that one can be taken away."""
    known: Known = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """Candidates for translations, and what speaks for them."""

    candidates: Candidates
    lexical: LexicalEvidence
    features: Floats
    """Of shape `(n_candidates, n_features)`, as `mining.off_page.FEATURES` names them."""

    def where(self, mask: Flags) -> "Judged":
        """Return the candidates where `mask`, of shape `(n_candidates,)`, is true."""
        return Judged(self.candidates.where(mask), self.lexical.where(mask), self.features[mask])


def labelled(meeting: Meeting, *, weights: Sequence[float]) -> tuple[Floats, Flags]:
    """Return features `(n, n_features)` of candidates whose truth is known, and which are right `(n,)`.

    The candidates of known pairs as they are, and those that remain when their translation is taken away.
    """
    partner_of_a, partner_of_b = _partners(meeting)
    features, right = [], []
    for met, some_right in ((_of_usual_number(meeting), True), (_without_known(meeting), False)):
        found = judged(met, weights=weights)
        is_known, is_right = truth(found.candidates, partner_of_a, partner_of_b)
        features.append(found.features[is_known])
        right.append(is_right[is_known] & some_right)
    return np.concatenate(features), np.concatenate(right)


def accepted(
    meeting: Meeting, calibration: Calibration, *, weights: Sequence[float], min_score: float
) -> tuple[Judged, Floats]:
    """Return the candidates of at least `min_score`, and their scores `(n,)`."""
    return _accepted(_of_usual_number(meeting), calibration, weights=weights, min_score=min_score)


def accepted_without_known(
    meeting: Meeting, calibration: Calibration, *, weights: Sequence[float], min_score: float
) -> tuple[Judged, Floats]:
    """Return what is accepted of the known pairs if their translations did not exist: all of it is wrong."""
    found, scores = _accepted(_without_known(meeting), calibration, weights=weights, min_score=min_score)
    is_known, _ = truth(found.candidates, *_partners(meeting))
    return found.where(is_known), scores[is_known]


def _accepted(
    meeting: Meeting, calibration: Calibration, *, weights: Sequence[float], min_score: float
) -> tuple[Judged, Floats]:
    found = judged(meeting, weights=weights)
    scores = adapted(probabilities(calibration, found.features), found.candidates)
    enough = scores >= min_score
    return found.where(enough), scores[enough]


def _without_known(meeting: Meeting) -> Meeting:
    """Return the meeting as if the known translations did not exist."""
    partner_of_a, partner_of_b = _partners(meeting)
    rows_a, rows_b = np.flatnonzero(partner_of_a >= 0), np.flatnonzero(partner_of_b >= 0)
    return replace(
        meeting,
        from_a=meeting.from_a.without(rows_a, partner_of_a[rows_a]),
        from_b=meeting.from_b.without(rows_b, partner_of_b[rows_b]),
    )


def _partners(meeting: Meeting) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row that translates each row of a, and of b; -1 where that is not known."""
    of_a, of_b = np.full(len(meeting.a.ids), -1), np.full(len(meeting.b.ids), -1)
    for x, y in meeting.known:
        i, j = meeting.a.row_of[x], meeting.b.row_of[y]
        of_a[i], of_b[j] = j, i
    return of_a, of_b


def one_partner_each(found: Candidates, scores: Floats) -> Flags:
    """Tell which candidates are left `(n,)` when each row has one partner, the best scores first."""
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    kept = np.zeros(len(found), dtype=np.bool_)
    for place in np.lexsort((found.index_b, found.index_a, -scores)):
        a, b = int(found.index_a[place]), int(found.index_b[place])
        if a not in taken_a and b not in taken_b:
            taken_a.add(a)
            taken_b.add(b)
            kept[place] = True
    return kept


def published(meeting: Meeting, *, min_cosine: float) -> tuple[Judged, Floats]:
    """Return what the rule published with WebFAQ 2.0 accepts, with the cosines as scores.

    Each the other's nearest of its site, a cosine of at least `min_cosine`, and neither question nor answer
    the same in both.
    """
    usual = _of_usual_number(meeting)
    found = best_published(usual.from_a, usual.from_b, min_cosine=min_cosine)
    a, b = meeting.a, meeting.b
    differ = [
        a.questions[i] != b.questions[j] and a.answers[i] != b.answers[j]
        for i, j in zip(found.index_a, found.index_b, strict=True)
    ]
    found = found.where(np.array(differ, dtype=np.bool_))
    lexical = _lexical(found, a, b)
    scores = np.minimum(found.cosine.astype(np.float64), 1.0)
    return Judged(found, lexical, np.zeros((len(found), 0))), scores


def judged(meeting: Meeting, *, weights: Sequence[float]) -> Judged:
    """Return all candidates that are not out of the question.

    `weights` are those of numbers, tokens and length; with a weight of 0 for numbers they are no veto.
    """
    found = neighbour_candidates(meeting.from_a, meeting.from_b)
    lexical = _lexical(found, meeting.a, meeting.b)
    possible = ~(lexical.excluded if weights[0] else lexical.same_text)
    found, lexical = found.where(possible), lexical.where(possible)
    features = features_of(found, lexical)
    features[:, -3:] *= weights
    return Judged(found, lexical, features)


def _of_usual_number(meeting: Meeting) -> Meeting:
    k = meeting.from_a.cosines.shape[1] - 1
    return replace(meeting, from_a=meeting.from_a.first(k), from_b=meeting.from_b.first(k))


def _lexical(found: Candidates, a: Version, b: Version) -> LexicalEvidence:
    return lexical_evidence([a.traits[i] for i in found.index_a], [b.traits[j] for j in found.index_b])
