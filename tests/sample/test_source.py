import tomllib
from pathlib import Path

import pytest

from pipeline.core.errors import ConfigError
from pipeline.sample import source
from pipeline.sample.languages import languages
from pipeline.sample.source import SITES, load_site, load_sites

FILES = sorted(SITES.glob("*.toml"))

SITE = """
[site]
name = "A"
kind = "shop"
domain = "a.example"
languages = ["en", "de"]
layout = "path"
syntax = "jsonld"
"""

PAGE = """
[[page]]
id = "faq"
kind = "faq"
slug.en = "faq"
title.en = "Questions"
title.de = "Fragen"
description.en = "All."
description.de = "Alle."
text.en = "Read."
text.de = "Lies."
"""

QA = """
[[page.qa]]
id = "why"
q.en = "Why?"
a.en = "Because.\\n\\n- one"
q.de = "Warum?"
a.de = "Darum.\\n\\n- eins"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_minimal_site_is_right(tmp_path: Path) -> None:
    site = load_site(write(tmp_path, SITE + PAGE + QA))
    assert site.id == "shop"
    assert site.default_language == "en"
    assert site.pages[0].questions[0].answer["de"] == "Darum.\n\n- eins"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_site_file_is_right(path: Path) -> None:
    assert list(source.problems_of(path)) == []


def test_the_sample_is_as_large_as_it_claims() -> None:
    trees = [tomllib.loads(path.read_text(encoding="utf-8")) for path in FILES]
    texts, tags = set(), set()
    for tree in trees:
        for page in tree["page"]:
            for qa in page.get("qa", []):
                tags |= qa["q"].keys()
                texts |= {(question, qa["a"][tag]) for tag, question in qa["q"].items()}
    assert len(trees) == 14
    assert len(tags) >= 20
    assert len(texts) >= 1000
    assert {tree["site"]["syntax"] for tree in trees} == {"jsonld", "microdata", "rdfa"}
    assert {tree["site"]["layout"] for tree in trees} == {"path", "subdomain", "suffix", "query"}


def test_every_language_of_the_sites_has_codes_and_words() -> None:
    used = {tag for site in load_sites() for tag in site.languages}
    assert used == languages().keys()
    assert {tag: languages()[tag].iso639_3 for tag in ("nb", "zh", "fa", "el", "sw")} == {
        "nb": "nob", "zh": "zho", "fa": "fas", "el": "ell", "sw": "swa",
    }  # fmt: skip
    for language in languages().values():
        assert len(language.iso639_3) == 3
        assert all(language.words.values())
    codes = [language.iso639_3 for language in languages().values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("extra = 1\n" + SITE + PAGE + QA, "unknown key extra;"),
        (SITE + "colour = 'red'\n" + PAGE + QA, "unknown key site.colour;"),
        (SITE + PAGE + "slgu.en = 'x'\n" + QA, "unknown key page[faq].slgu;"),
        (SITE + PAGE + QA + "answer.en = 'x'\n", "unknown key page[faq].qa[why].answer;"),
    ],
)
def test_an_unknown_key_is_reported_with_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_site(write(tmp_path, text))
    assert str(caught.value).startswith(f"shop.toml: {key}")
    assert str(caught.value).endswith(".")


TEMPLATE = PAGE.replace('"faq"', '"t"', 1).replace('kind = "faq"', 'kind = "template"')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PAGE + QA, "site is missing"),
        (SITE, "page is missing"),
        (SITE.replace("path", "paht") + PAGE + QA, "site.layout is 'paht'"),
        (SITE.replace("a.example", "a.com") + PAGE + QA, "site.domain must end in .example"),
        (SITE.replace('"de"]', '"tlh"]') + PAGE + QA, "site.languages names 'tlh'"),
        (SITE.replace('"de"]', '"en"]') + PAGE + QA, "site.languages must be a non-empty list"),
        (
            SITE + PAGE.replace('title.de = "Fragen"', 'title.fr = "Questions"') + QA,
            "page[faq].title.fr: site",
        ),
        (SITE + PAGE.replace('"Lies."', '" "') + QA, "page[faq].text.de must be a non-empty string"),
        (SITE + PAGE.replace('text.de = "Lies."', "") + QA, "page[faq].text must exist in the languages"),
        (SITE + PAGE.replace('slug.en = "faq"', 'slug.en = "F A Q"') + QA, "page[faq]: slug 'F A Q' (en)"),
        (SITE + PAGE.replace("slug.en", "slug.de") + QA, "page[faq].slug.en is missing"),
        (SITE + PAGE, "page[faq].qa: a plain page has no"),
        (SITE + PAGE + QA + QA, "qa id 'why' is used twice"),
        (
            SITE + PAGE + QA.replace("q.de", "# q.de"),
            "page[faq].qa[why] must have q and a in the same languages",
        ),
        (SITE + PAGE + QA.replace("- eins", "eins"), "page[faq].qa[why].a.de has other paragraphs"),
        (SITE + PAGE + QA.replace("Darum.", "<b>Darum.</b>"), "page[faq].qa[why].de holds an HTML tag"),
        (SITE + PAGE + QA.replace('"Why?"', '"Why\\n?"'), "page[faq].qa[why].q.en must be one line"),
        (SITE + PAGE + QA + 'near_duplicate_of = "why"', "qa[why].near_duplicate_of names 'why'"),
        (SITE + PAGE + "qa = 3", "page[faq].qa must be written as [[page.qa]] tables"),
        (SITE + TEMPLATE + QA, "page[t].value: a template needs"),
        (SITE + PAGE + QA.replace("Why?", "Why {x}?"), "page[faq]: {x} (en) has no value in every row"),
        ("[site", "is not TOML"),
    ],
)
def test_each_mistake_is_one_sentence(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_site(write(tmp_path, text))
    assert str(caught.value).startswith(f"shop.toml: {expected}")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^none\.toml: cannot be read"):
        load_site(tmp_path / "none.toml")


def test_a_folder_without_sites_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no site file"):
        load_sites(tmp_path)


def test_two_sites_cannot_share_a_domain(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(SITE + PAGE + QA, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"one\.toml: site\.domain a\.example is another site's too"):
        load_sites(tmp_path)


def test_the_command_prints_problems_and_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = write(tmp_path, SITE + PAGE + QA + "x = 1\ny = 2\n")
    assert source.main([str(wrong)]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert source.main([str(FILES[0])]) == 0
    assert capsys.readouterr().out == ""
