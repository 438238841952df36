"""Configuration: every key is checked, and every mistake is answered in one sentence that names the key."""

import pytest

from pipeline.core.config import Config, describe_keys, load_config
from pipeline.core.errors import ConfigError


def test_file_then_overrides(tmp_path):
    path = tmp_path / "faqtory.toml"
    path.write_text('[extract]\npage_timeout_s = 3\nmax_text_chars = 500\n[spark]\ndriver_memory = "2g"\n')
    config = load_config(path, ["extract.page_timeout_s=4.5", "spark.conf={a = 'b'}"])
    assert config.extract.page_timeout_s == 4.5
    assert config.extract.max_text_chars == 500
    assert config.spark.driver_memory == "2g"
    assert config.spark.conf == {"a": "b"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("extract.page_timout_s=5", "extract.page_timout_s. Did you mean extract.page_timeout_s?"),
        ("extract.page_timeout_s=soon", "extract.page_timeout_s: Input should be a valid number"),
        ("extract.page_timeout_s=0", "extract.page_timeout_s: Input should be greater than 0"),
        ("extract.page_timeout_s", "write it as section.key=value"),
        ("extract=1", "extract: "),
        ("extract.page_timeout_s.x=1", "extract.page_timeout_s: "),
        ("nothing.of_this=1", "There is no configuration key nothing."),
        ("spark.driver_memory=lots", "spark.driver_memory: "),
    ],
)
def test_bad_overrides_name_the_key(override, message):
    with pytest.raises(ConfigError) as caught:
        load_config(None, [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unreadable_file_and_bad_toml(tmp_path):
    with pytest.raises(ConfigError, match=r"Cannot read the configuration .*none\.toml"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[extract\n")
    with pytest.raises(ConfigError, match="is not TOML"):
        load_config(tmp_path / "bad.toml")


def test_every_key_has_a_description():
    keys = describe_keys()
    assert {"extract.page_timeout_s", "spark.driver_memory"} <= set(keys)
    assert [key for key, (_, text) in keys.items() if len(text) < 20] == []


def test_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Config().extract.page_timeout_s = 1
