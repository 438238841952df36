"""Language codes, scripts, what pages declare, and how texts are shown to the model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.langid_codes import code_of_label, code_of_tag
from extract.langid_declared import add_vote, declared_votes, vote_shares
from extract.langid_records import PageEvidence
from extract.langid_script import dominant_script, script_shares
from extract.langid_text import as_line, has_words, is_list_of_names, is_mash, without_codes


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("de", "deu"),
        ("pt-BR", "por"),
        ("PT_br", "por"),
        ("zh-Hant-TW", "zho"),
        ("cmn", "zho"),
        ("yue", "yue"),
        ("no", "nob"),
        ("nb-NO", "nob"),
        ("nn", "nno"),
        ("fil", "tgl"),
        ("tl", "tgl"),
        ("iw", "heb"),
        ("jp", "jpn"),
        ("cz", "ces"),
        ("sr-Latn", "srp"),
        ("arb", "ara"),
        ("arz", "arz"),
        ("zsm", "msa"),
        ("swh", "swa"),
        ("pes", "fas"),
        ("lvs", "lav"),
        ("mhr", "mhr"),
        ("x-default", None),
        ("und", None),
        ("english", None),
        ("zz", None),
        ("", None),
        ("*", None),
    ],
)
def test_code_of_tag(tag, code):
    assert code_of_tag(tag) == code


@pytest.mark.parametrize(
    ("label", "code", "scripts"),
    [
        ("__label__en", "eng", {"Latn"}),
        ("__label__als", "gsw", {"Latn"}),  # the Alemannic Wikipedia
        ("__label__als_Latn", "sqi", {"Latn"}),  # GlotLID: Tosk Albanian, the standard
        ("__label__no", "nob", {"Latn"}),
        ("__label__bh", "bho", {"Deva"}),
        ("__label__tl", "tgl", {"Latn"}),
        ("__label__sh", "hbs", {"Latn", "Cyrl"}),
        ("__label__sr", "srp", {"Latn", "Cyrl"}),
        ("__label__srp_Cyrl", "srp", {"Cyrl"}),
        ("__label__zh", "zho", {"Hani"}),
        ("__label__cmn_Hani", "zho", {"Hani"}),
        ("__label__ja", "jpn", {"Jpan", "Hani"}),
        ("__label__jpn_Jpan", "jpn", {"Jpan", "Hani"}),
        ("__label__ko", "kor", {"Hang"}),
        ("__label__azb", "azb", {"Arab"}),
        ("__label__nonsense", "nonsense", set()),
    ],
)
def test_code_of_label(label, code, scripts):
    assert code_of_label(label) == (code, scripts)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Größe?", "Latn"),
        ("Привет, iPhone", "Cyrl"),
        ("Σε iPhone", "Latn"),
        ("مرحبا", "Arab"),
        ("东京的大学", "Hani"),
        ("如何重置 PlayStation Network 账户密码", "Hani"),
        ("東京の大学", "Jpan"),
        ("대한민국의 大學은 크다", "Hang"),
        ("नमस्ते", "Deva"),
        ("123-456 €", "Zyyy"),
        ("🎉🎉", "Zyyy"),
        ("🎉 ok", "Latn"),
        ("", "Zyyy"),
    ],
)
def test_dominant_script(text, script):
    assert dominant_script(script_shares(text)) == script


def test_script_shares_are_of_letters_only():
    assert script_shares("ab вг!! 12") == {"Cyrl": 0.5, "Latn": 0.5}
    assert script_shares("汉字 abcdef") == {"Hani": 0.5, "Latn": 0.5}  # 2 x 3 letters


@given(st.text())
def test_script_shares_add_up(text):
    shares = script_shares(text)
    assert not shares or abs(sum(shares.values()) - 1) < 1e-9
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


@pytest.mark.parametrize(
    ("page", "votes"),
    [
        (PageEvidence("https://a.example/faq"), {}),
        (PageEvidence("https://a.example/faq", html_lang="de-AT", og_locale="de_AT"), {"deu": 2}),
        (
            PageEvidence("https://a.example/faq", html_lang="en", content_language="fr"),
            {"eng": 0.5, "fra": 1},
        ),
        (PageEvidence("https://a.example/faq", content_language="de, en"), {}),
        (PageEvidence("https://a.example/faq", html_lang="x"), {}),
        (PageEvidence("https://a.example/pt-br/faq"), {"por": 1}),
        (PageEvidence("https://a.example/site/cs/faq"), {"ces": 1}),
        (PageEvidence("https://de.shop.example/faq"), {"deu": 1}),
        (PageEvidence("https://shop.de/faq"), {}),  # a country
        (PageEvidence("https://a.example/faq.uk.html"), {"ukr": 1}),
        (PageEvidence("https://a.example/faq?x=1&lang=hi"), {"hin": 1}),
        (
            PageEvidence(
                "https://a.example/faq/",
                alternates=[("x-default", "https://a.example/faq"), ("nl", "http://a.example/faq#top")],
            ),
            {"nld": 1},
        ),
        (PageEvidence("https://a.example/faq", alternates=[("nl", "https://a.example/nl")]), {}),
        (PageEvidence("https://[broken/de/"), {}),
    ],
)
def test_declared_votes(page, votes):
    assert declared_votes(page) == votes


def test_vote_shares():
    votes = {"deu": 1.0}
    add_vote(votes, "fr-FR")
    add_vote(votes, "de")
    assert votes == {"deu": 2, "fra": 1}
    assert vote_shares(votes) == {"deu": 2 / 3, "fra": 1 / 3}
    assert vote_shares({"eng": 0.5}) == {"eng": 0.5}  # one template's word is half a word


def test_as_line():
    assert as_line("Wie\nlange?") == "Wie lange?"
    assert as_line("WAS KOSTET DER VERSAND?") == "was kostet der versand?"
    assert as_line("What Is Your Return Policy?") == "what is your return policy?"
    assert as_line("What is SEPA?") == "What is SEPA?"
    assert as_line("See https://a.example/b?c=d or info@a.example now").split() == ["See", "or", "now"]
    assert as_line("24時間前までに https://a.example/bags で").split() == ["24時間前までに", "で"]
    assert len(as_line("ab " * 1000)) == 160


def test_without_codes():
    assert without_codes("SKU-2231 kostet 5").split() == ["kostet"]
    assert without_codes("24時間前まで") == " 時間前まで"
    long = "SKU-2231 " * 20
    assert without_codes(long) == long


def test_has_words():
    assert has_words("ok")
    assert has_words("水")
    assert has_words("हि")  # one letter and a mark
    assert not has_words("A 1 B 2 ÷")


def test_is_mash():
    assert is_mash("asdf jkl qwer uiop")
    assert is_mash("hjkdfgs jkhdfg kjhdfgk")
    assert is_mash("aaaaaaa aaaa")
    assert not is_mash("Wie lange dauert der Versand?")
    assert not is_mash("Strč prst skrz krk a mlč")  # Czech without vowels


def test_is_list_of_names():
    assert is_list_of_names("iPhone 14 Pro Max, Galaxy S23 Ultra, Pixel 8")
    assert is_list_of_names("RAL 7016 RAL 9005")
    assert not is_list_of_names("Das iPhone 14 und das Galaxy")
    assert not is_list_of_names("Öffnungszeiten")
    assert not is_list_of_names("東京 大阪 名古屋 札幌")
