"""The published rules, case by case, with a model whose answers are known."""

import json

import pytest

from extract.langid_records import LanguageRule, PageEvidence, Source
from extract.langid_webfaq2 import Webfaq2Identifier, iso639_3, published_table, url_hints
from tests.conftest import SHARED_DATA

COUNTRIES = SHARED_DATA / "reference" / "iso3166_to_iso639_2_cldr.json"


class FakeModel:
    """Answers every text with the same labels, and keeps the texts."""

    def __init__(self, **probabilities: float) -> None:
        self.probabilities = probabilities
        self.texts = []

    def predict(self, text, k=1, threshold=0.0):
        assert k == 10
        self.texts.append(text)
        return tuple(f"__label__{name}" for name in self.probabilities), tuple(self.probabilities.values())


def identify(url, **probabilities):
    page = PageEvidence(url)
    (found,) = Webfaq2Identifier(FakeModel(**probabilities)).identify_page(page, [("Q?", "A.", "sv")])
    return found


@pytest.mark.parametrize(
    ("url", "hints"),
    [
        ("https://a.example/de-at/faq", ["deu"]),
        ("https://a.example/DE-AT/faq", ["deu"]),
        ("https://a.example/deu/faq", ["deu"]),
        ("https://a.example/faq", ["faq"]),  # three letters are taken at their word
        ("https://a.example/por-br/x", ["por"]),
        ("https://a.example/ch/faq", ["deu", "fra", "ita", "roh", "cha"]),  # Switzerland, then Chamorro
        ("https://a.example/es/x", ["spa", "cat", "glg", "eus"]),  # Spain; Spanish is in it
        ("https://a.example/no/x", ["nor"]),
        ("https://a.example/en/x", ["eng"]),  # no country
        ("https://a.example/jp/x", ["jpn"]),  # no language
        ("https://a.example/site/fr/x", ["fra"]),  # the second folder
        ("https://a.example/de/fr/x", ["deu"]),  # the first one goes first
        ("https://a.example/site/help/fr", []),  # no third one
        ("https://a.example/", []),
        ("https://a.example", []),
        ("https://a.example/de?x=1", []),
        ("https://fr.a.example/x", []),
    ],
)
def test_url_hints(url, hints):
    assert url_hints(url) == hints


@pytest.mark.parametrize(
    ("url", "probabilities", "code", "score", "source", "kept"),
    [
        ("https://a.example/x1", {"en": 0.6, "de": 0.3}, "eng", 0.6, Source.TEXT, True),
        ("https://a.example/de/", {"en": 0.6, "de": 0.3}, "deu", 0.3, Source.HINT, True),
        ("https://a.example/de/", {"en": 0.6, "de": 0.12}, "deu", 0.12, Source.HINT, True),
        ("https://a.example/de/", {"en": 0.6, "de": 0.119}, "eng", 0.6, Source.TEXT, True),
        ("https://a.example/de/", {"en": 0.2, "de": 0.15}, "deu", 0.15, Source.HINT, True),
        ("https://a.example/de/", {"en": 0.2, "fr": 0.15}, "eng", 0.2, Source.TEXT, False),
        ("https://a.example/x1", {"en": 0.25}, "eng", 0.25, Source.TEXT, True),
        ("https://a.example/x1", {"en": 0.249}, "eng", 0.249, Source.TEXT, False),
        (
            "https://a.example/ch/",
            {"it": 0.4, "fr": 0.3},
            "fra",
            0.3,
            Source.HINT,
            True,
        ),  # in the table's order
        ("https://a.example/x1", {"no": 0.9}, "nor", 0.9, Source.TEXT, True),
        ("https://a.example/x1", {"sh": 0.9}, "hbs", 0.9, Source.TEXT, True),
        ("https://a.example/x1", {"ceb": 0.9}, "ceb", 0.9, Source.TEXT, True),
        ("https://a.example/x1", {"bh": 0.9}, "und", 0.9, Source.TEXT, False),  # no ISO 639 code any more
        ("https://travelask.co.za/x", {"en": 0.9}, "afr", 1.0, Source.HINT, True),
    ],
)
def test_rules(url, probabilities, code, score, source, kept):
    found = identify(url, **probabilities)
    assert (found.code, found.score, found.source) == (code, score, source)
    assert found.dropped_by == (None if kept else LanguageRule.LANGUAGE_UNCERTAIN)


@pytest.mark.parametrize(
    ("title", "description", "text"),
    [
        (None, None, "Q one? A two."),
        ("T", None, "Q one? A two. # T"),
        ("T", "D", "Q one? A two. # T # D"),
        ("", "D\nE", "Q one? A two. # D E"),
    ],
)
def test_text_shown_to_the_model(title, description, text):
    model = FakeModel(en=0.9)
    page = PageEvidence("https://a.example/", title=title, description=description)
    Webfaq2Identifier(model).identify_page(page, [("Q one?", "A\ntwo.", None)])
    assert model.texts == [text]


def test_script_is_of_the_pair_not_of_the_title():
    page = PageEvidence("https://a.example/", title="A title that is long")
    (found,) = Webfaq2Identifier(FakeModel(ru=0.9)).identify_page(page, [("Да?", "Нет.", None)])
    assert found.script == "Cyrl"


def test_text_alone_has_no_hint():
    found = Webfaq2Identifier(FakeModel(en=0.3, de=0.2)).identify_text("x")
    assert (found.code, found.source) == ("eng", Source.TEXT)
    assert Webfaq2Identifier(FakeModel(en=0.3)).identify_text(" \n").code == "und"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("de", "deu"), ("zh", "zho"), ("tl", "tgl"), ("iw", None), ("zz", None), ("xyz", "xyz")],
)
def test_iso639_3(code, expected):
    assert iso639_3(code) == expected


def test_country_table_is_the_published_one():
    if not COUNTRIES.is_file():
        pytest.skip(f"the published table is absent: no {COUNTRIES}")
    table = {country: list(codes) for country, codes in published_table().languages.items()}
    assert table == json.loads(COUNTRIES.read_text(encoding="utf-8"))


def test_country_table_is_beside_its_module():
    assert len(published_table().languages) == 244
    assert published_table().languages["BE"] == ["nld", "fra", "deu"]
