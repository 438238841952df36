"""The funnel from counts written by hand."""

import pytest

from pipeline.core.config import load_config
from pipeline.core.records import FunnelStep, StepCount
from pipeline.jobs.funnel import funnel_rows, steps

STEPS = ("labels", "empty", "exact_duplicate")

COUNTS = [
    StepCount("eng", None, 5, 0),
    StepCount("eng", "labels", 0, 4),
    StepCount("eng", "empty", 2, 0),
    StepCount("eng", "exact_duplicate", 1, 0),
    StepCount("deu", "empty", 3, 0),
    StepCount("eng", None, 2, 0),  # a second part
    StepCount("eng", "labels", 0, 1),
    StepCount("eng", "empty", 1, 0),
]


def test_each_language_goes_from_all_its_rows_to_its_pairs():
    assert list(funnel_rows(COUNTS, steps=STEPS)) == [
        FunnelStep(0, "labels", "deu", 3, 3, 0),
        FunnelStep(1, "empty", "deu", 3, 0, 0),
        FunnelStep(2, "exact_duplicate", "deu", 0, 0, 0),
        FunnelStep(0, "labels", "eng", 11, 11, 5),
        FunnelStep(1, "empty", "eng", 11, 8, 0),
        FunnelStep(2, "exact_duplicate", "eng", 8, 7, 0),
    ]


def test_without_counts_there_is_no_funnel():
    assert list(funnel_rows([], steps=STEPS)) == []


@pytest.mark.parametrize("count", [StepCount("eng", "boredom", 1, 0), StepCount("eng", "boredom", 0, 1)])
def test_an_unknown_step_is_no_step(count):
    with pytest.raises(AssertionError, match=r"no such step of the funnel: .'boredom'"):
        list(funnel_rows([*COUNTS, count], steps=STEPS))


def test_rows_that_no_step_accounts_for_are_lost():
    with pytest.raises(AssertionError, match="pairs in eng are lost"):
        list(funnel_rows([StepCount("eng", None, 5, 0), StepCount("eng", "", 1, 0)], steps=STEPS))
    with pytest.raises(AssertionError, match="pairs in deu are lost"):
        list(funnel_rows(COUNTS, steps=("labels", "empty", "empty", "exact_duplicate")))


def test_the_steps_end_with_the_removal_of_duplicates():
    languages = ("not_a_language", "language_uncertain")
    default = steps(load_config())
    assert default[:4] == ("markup", "mojibake", "characters", "emoji")
    assert default[-6:] == ("unsettled", *languages, "boilerplate", "exact_duplicate", "near_duplicate")
    exact_alone = steps(load_config(None, ["dedup.near_duplicates=false"]))
    assert exact_alone == (*default[:-3], "exact_duplicate")
    published = steps(load_config(None, ["clean.profile=webfaq2"]))
    assert published[-2:] == ("language_uncertain", "exact_duplicate")
    assert "mask" not in default
    assert "mask" in steps(load_config(None, ['clean.mask=["email"]']))
    for names in (default, exact_alone, published):
        assert len(set(names)) == len(names)
