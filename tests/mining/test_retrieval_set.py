"""What a pair is to the retrieval set: its query, its document's text, and what its site is for."""

import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.retrieval_set import SITE_SPLITS, language_keys, normal_question, pair_keys, split_of
from pipeline.core.config import SplitConfig, load_config
from pipeline.core.errors import ConfigError
from pipeline.core.outcomes import Split

CONFIG = SplitConfig()


def keys(*rows):
    """Of (question, answer, language, url)."""
    questions, answers, languages, urls = zip(*rows, strict=True)
    return pair_keys(questions, answers, languages=languages, urls=urls, config=CONFIG)


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("question", "normal"),
    [
        ("When do you OPEN?", "whendoyouopen"),
        ("  when do\tyou open ", "whendoyouopen"),
        ("Straße 7?", "strasse7"),
        ("क्या हिन्दी है?", "क्याहिन्दीहै"),
        ("何時に開きますか？", "何時に開きますか"),
        ("?!", "?!"),
    ],
)
def test_letters_and_digits_make_a_question(question, normal):
    assert normal_question(question) == normal


def test_keys_by_hand():
    found = keys(("When do you open?", "At nine.\nDaily.", "eng", "https://www.pine.com/faq"))
    assert found.site == ["pine.com"]
    assert found.query_id == [md5("eng\npine.com\nwhendoyouopen")]
    assert found.text_id == [md5("eng\nAt nine.\nDaily.")]
    assert SITE_SPLITS[found.place[0]] == Split.DEV
    assert found.place.dtype == np.int32
    assert found.question_key.dtype == np.int64


def test_what_makes_queries_and_texts_equal():
    first = ("When do you open?", "At nine.", "eng", "https://pine.com/faq")
    same_query = ("when do you open", "At ten.", "eng", "http://help.pine.com/")
    other_site = ("When do you open?", "At nine.", "eng", "https://alder.com/faq")
    other_language = ("When do you open?", "At nine.", "deu", "https://pine.com/faq")
    found = keys(first, same_query, other_site, other_language)
    query, text = found.query_id, found.text_id
    assert query[0] == query[1]
    assert len(set(query)) == 3
    assert text[0] == text[2]
    assert len(set(text)) == 3
    assert len(set(found.question_key.tolist())) == 1, "the same question whatever the site and language"


def test_sites_keep_their_splits_over_releases_of_this_project():
    known = {"alder.com": "train", "pine.com": "dev", "plum.com": "test", "apple.com": "dev", "": "train"}
    assert {site: split_of(site, CONFIG) for site in known} == known


def test_shares_are_those_asked_for_and_the_seed_deals_anew():
    sites = [f"site{n}.com" for n in range(10_000)]
    config = SplitConfig(dev_share=0.2, test_share=0.05)
    shares = Counter(split_of(site, config) for site in sites)
    assert shares[Split.DEV] == pytest.approx(2000, abs=120)
    assert shares[Split.TEST] == pytest.approx(500, abs=70)
    moved = sum(split_of(site, config) != split_of(site, SplitConfig(seed=1)) for site in sites)
    assert moved > 2000


@given(st.text(), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_larger_dev_share_takes_from_train_alone(site, dev, more):
    few, many = SplitConfig(dev_share=dev), SplitConfig(dev_share=dev + (0.9 - dev) * more)
    before, after = split_of(site, few), split_of(site, many)
    assert before == after or (before, after) == (Split.TRAIN, Split.DEV)


def test_nothing_and_everything_may_be_for_test():
    assert {split_of(f"{n}.com", SplitConfig(dev_share=0, test_share=0)) for n in range(50)} == {Split.TRAIN}
    assert {split_of(f"{n}.com", SplitConfig(dev_share=0, test_share=1)) for n in range(50)} == {Split.TEST}


def test_shares_of_more_than_a_whole_are_refused():
    with pytest.raises(ConfigError, match="more than 1 together"):
        load_config(None, ["split.dev_share=0.6", "split.test_share=0.6"])


def test_each_language_has_a_key_of_its_own():
    found = language_keys(["eng", "deu", "eng"])
    assert found.dtype == np.int64
    assert found[0] == found[2] != found[1]
