"""Profile default: text, page and declarations, with a model of known answers and with the real one."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from extract.langid import Language, PageEvidence, Source, identifier, rule_names
from extract.langid_default import DefaultIdentifier
from extract.langid_model import LabelModel
from pipeline.core.config import LanguageConfig
from pipeline.core.errors import ConfigError

NOWHERE = PageEvidence("https://site.example/")
CROATIAN = replace(NOWHERE, html_lang="hr")


class FakeModel:
    """Answers by the text's first word: clear, open, hrvat, or any other."""

    LABELS = ("__label__en", "__label__hr", "__label__sr", "__label__ru", "__label__ka")

    def predict(self, text, k=1, threshold=0.0):
        if k == -1:
            return self.LABELS, (0.2,) * len(self.LABELS)
        found = {
            "clear": {"en": 0.95, "hr": 0.04},
            "open": {"sr": 0.5, "hr": 0.45},
            "hrvat": {"hr": 0.99},
            "engl": {"en": 0.98},
        }
        answer = found.get(text.partition(" ")[0], {"en": 0.3, "hr": 0.2, "sr": 0.2})
        return tuple(f"__label__{name}" for name in answer), tuple(answer.values())


@pytest.fixture(scope="module")
def fake():
    return DefaultIdentifier(LabelModel(FakeModel()), min_score=0.5)


@pytest.fixture(scope="module")
def ours():
    return identifier(LanguageConfig(), profile="default")


@pytest.fixture(scope="module")
def published():
    return identifier(LanguageConfig(), profile="webfaq2")


def pair(word):
    return word, "and some more words that are no longer than they need to be", None


def only(found):
    (language,) = found
    return language


def test_text_alone(fake):
    found = only(fake.identify_page(NOWHERE, [pair("open")]))
    assert (found.code, found.script, found.source) == ("srp", "Latn", Source.TEXT)
    assert 0.5 < found.score < 0.6


def test_pair_is_no_evidence_for_itself(fake):
    question, _, _ = pair("open")
    assert only(fake.identify_page(NOWHERE, [(question, "", None)])) == fake.identify_text(question)


def test_score_grows_with_the_text(fake):
    short, long = fake.identify_text("clear"), fake.identify_text("clear" + " word" * 20)
    assert (short.code, long.code) == ("eng", "eng")
    assert short.score < long.score - 0.1


def test_declaration_decides_what_the_text_leaves_open(fake):
    found = only(fake.identify_page(CROATIAN, [pair("open")]))
    assert (found.code, found.source, found.dropped_by) == ("hrv", Source.DECLARED, None)
    assert found.score > 0.8


def test_markup_declares_for_its_pair_alone(fake):
    first, second = fake.identify_page(NOWHERE, [(*pair("open")[:2], "hr"), pair("open")])
    assert (first.code, first.source) == ("hrv", Source.DECLARED)
    assert second.code == "srp"


def test_rest_of_the_page_decides_what_the_text_leaves_open(fake):
    found = fake.identify_page(NOWHERE, [pair("open"), pair("hrvat"), pair("hrvat")])
    assert [language.code for language in found] == ["hrv"] * 3
    assert found[0].source == Source.PAGE


def test_title_of_a_page_with_few_pairs_counts(fake):
    page = replace(NOWHERE, title="hrvat title that has many more words")
    assert only(fake.identify_page(page, [pair("open")])).code == "hrv"
    many = fake.identify_page(page, [pair("open")] * 3)
    assert {language.code for language in many} == {"srp"}


def test_clear_text_wins_over_page_and_declarations(fake):
    page = replace(CROATIAN, url="https://hr.site.example/hr/", content_language="hr", og_locale="hr_HR")
    found = fake.identify_page(page, [pair("hrvat")] * 11 + [pair("clear")])
    assert [language.code for language in found] == ["hrv"] * 11 + ["eng"]
    assert found[-1].source == Source.TEXT


def test_declared_language_that_the_text_cannot_be_in_counts_for_nothing(fake):
    page = replace(NOWHERE, html_lang="ru")  # known to the model, but in another script
    assert only(fake.identify_page(page, [pair("open")])).code == "srp"


def test_script_leaves_one_language(fake):
    found = only(fake.identify_page(CROATIAN, [("რა ღირს მიწოდება?", "ხუთი ლარი.", None)]))
    assert found == Language("kat", "Geor", 0.995, Source.SCRIPT)


def test_uncertain_text_is_dropped_with_its_likeliest_code(fake):
    found = only(fake.identify_page(NOWHERE, [("words of no known kind", "at all", None)]))
    assert (found.code, found.dropped_by) == ("eng", "language_uncertain")
    kept = DefaultIdentifier(LabelModel(FakeModel()), min_score=0.0)
    assert only(kept.identify_page(NOWHERE, [("words of no known kind", "at all", None)])).dropped_by is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("12345", "67890 - 123"),
        ("SKU-2231", "SKU-2232, SKU-2233, AB-99 XK-77"),
        ("asdf jkl qwer uiop", "zxcv asdf asdf qwer"),
        ("hjkdfgs jkhdfg", "kjhdfgk sdfkjh dfgkjh"),
        ("🎉🎉", "🎉👍"),
        ("iPhone 14 Pro Max", "Galaxy S23 Ultra, Pixel 8, iPhone 13 Mini, Redmi Note 12"),
        ("Bosch GSR 12V", "Makita DF333, DeWalt DCD701, Metabo PowerMaxx"),
        ("RAL 7016", "RAL 9005 RAL 1015"),
        ("xxxx xxxx xxx", "xxx xxx xxxx"),
        ("https://a.example/faq", "info@a.example"),
        ("", ""),
        ("\n", "\0"),
    ],
)
def test_not_a_language(ours, question, answer):
    page = PageEvidence("https://site.example/de/", html_lang="de")
    found = only(ours.identify_page(page, [(question, answer, "de")]))
    assert (found.code, found.dropped_by, found.source) == ("und", "not_a_language", Source.NONE)


@pytest.mark.parametrize(
    ("question", "answer", "code"),
    [
        ("WAS KOSTET DER VERSAND?", "4,90 EUR INNERHALB DEUTSCHLANDS", "deu"),
        ("What Is Your Return Policy", "Thirty Days From Purchase", "eng"),
        ("Which models does it support?", "iPhone 14 Pro, Galaxy S23 Ultra, Pixel 8", "eng"),
        ("ケアンズ～東京間で23kgの手荷物はいくらですか？", "https://a.example/bags で45米ドルです。", "jpn"),
        ("如何重置 PlayStation Network 账户密码？", "请访问 PlayStation 网站并点击忘记密码。", "zho"),
        ("Да ли морам да одштампам карту?", "Не, довољан је QR код на вашем телефону.", "srp"),
        ("Strč prst skrz krk?", "Ano, je to česká věta bez samohlásek.", "ces"),
    ],
)
def test_language_of_the_text(ours, question, answer, code):
    found = only(ours.identify_page(NOWHERE, [(question, answer, None)]))
    assert (found.code, found.dropped_by) == (code, None)


@pytest.mark.parametrize(
    ("declared", "code"), [("nb", "nob"), ("no-NO", "nob"), ("da", "dan"), ("de", "dan")]
)
def test_close_languages_need_a_declaration(ours, declared, code):
    page = replace(NOWHERE, html_lang=declared)
    pairs = [("Hvor lenge er gavekortet gyldig?", "Gavekort er gyldige i 3 år fra kjøpsdatoen.", None)]
    assert only(ours.identify_page(page, pairs)).code == code


ENGLISH = "How long does delivery usually take to reach my home address?"
GERMAN = "Die Lieferung dauert in der Regel zwei bis drei Werktage, auf Inseln manchmal auch etwas länger."


@pytest.mark.parametrize(
    ("question", "answer", "differ"),
    [
        (ENGLISH, GERMAN, True),
        (GERMAN, ENGLISH, True),
        (ENGLISH, "Delivery takes two or three working days, sometimes a little longer.", False),
        ("Delivery?", GERMAN, False),  # too short to tell
        (
            "Hvor lenge er et gavekort fra Nordlys gyldig?",
            "Gavekort er gyldige i 3 år fra kjøpsdatoen.",
            False,
        ),
        ("Delivery?", "การจัดส่งใช้เวลาสองถึงสามวันทำการ บางครั้งอาจนานกว่านั้นเล็กน้อยสำหรับเกาะต่างๆ", False),
        (ENGLISH, "การจัดส่งใช้เวลาสองถึงสามวันทำการ บางครั้งอาจนานกว่านั้นเล็กน้อยสำหรับเกาะต่างๆ", True),
    ],
)
def test_languages_differ_is_a_flag(ours, question, answer, differ):
    found = only(ours.identify_page(NOWHERE, [(question, answer, None)]))
    assert (found.languages_differ, found.dropped_by) == (differ, None)


@pytest.mark.parametrize(
    ("question", "answer", "differ"),
    [
        ("engl words, twenty ch", "hrvat words, that are forty characters ok", True),
        ("engl words", "hrvat words, that are forty characters ok", False),
        ("engl words, twenty ch", "hrvat words", False),
    ],
)
def test_both_sides_must_be_long_enough_to_tell(fake, question, answer, differ):
    assert only(fake.identify_page(NOWHERE, [(question, answer, None)])).languages_differ == differ


def test_one_english_question_on_a_german_page(ours):
    german = [
        ("Wie lange dauert der Versand?", "Der Versand dauert zwei bis drei Werktage.", None),
        ("Kann ich meine Bestellung ändern?", "Ja, solange sie nicht verschickt ist.", None),
        ("Was kostet die Rücksendung?", "Sie ist innerhalb von 14 Tagen kostenlos.", None),
    ]
    english = ("Do you ship to the UK?", "Yes, we ship to the UK and to Ireland.", "de")
    page = PageEvidence("https://a.example/de/faq", title="Häufige Fragen", html_lang="de", og_locale="de_DE")
    codes = [language.code for language in ours.identify_page(page, [*german, english])]
    assert codes == ["deu", "deu", "deu", "eng"]


TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            ENGLISH,
            GERMAN,
            "open hr",
            "Kako mogu platiti?",
            "Колко струва?",
            "Quanto custa o envio?",
            "asdf asdf",
        ]
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from([None, "de", "hr-HR", "x"])), max_size=6), st.randoms()
)
def test_order_of_pairs_does_not_matter(ours, pairs, chance):
    page = PageEvidence("https://a.example/hr/faq", title="Pitanja", html_lang="sr")
    found = ours.identify_page(page, pairs)
    shuffled = list(range(len(pairs)))
    chance.shuffle(shuffled)
    again = ours.identify_page(page, [pairs[i] for i in shuffled])
    for i, language in zip(shuffled, again, strict=True):
        assert language == found[i]
        assert 0 <= language.score <= 1
        assert (language.dropped_by is None) == (language.code != "und" and language.score >= 0.5)


ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=300)  # half surrogates, too
ANY_TAG = st.one_of(st.none(), ANY_TEXT)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT, ANY_TEXT, ANY_TAG, ANY_TAG, st.sampled_from(["default", "webfaq2"]))
@example("half a \ud800 pair of surrogates", "in words", "https://a.example/de/", "de", "default")
@example("half a \ud800 pair of surrogates", "in words", "https://a.example/de/", "de", "webfaq2")
def test_never_raises(ours, published, question, answer, url, tag, profile):
    by_profile = {"default": ours, "webfaq2": published}[profile]
    page = PageEvidence(url or "", url, answer, tag, tag, tag, [(tag or "", url or "")])
    found = by_profile.identify_page(page, [(question, answer, tag)])
    assert only(found).dropped_by in (None, *rule_names(profile))
    assert by_profile.identify_text(question).dropped_by in (None, *rule_names(profile))


def test_long_text_takes_no_longer(ours):
    found = only(ours.identify_page(NOWHERE, [(GERMAN * 5000, "x" * 1_000_000, None)]))
    assert found.code == "deu"


def test_no_pairs(ours):
    assert ours.identify_page(NOWHERE, []) == []


@pytest.mark.parametrize("content", [None, b"", b"hello world" * 100, "folder"])
def test_unreadable_model(tmp_path, content):
    path = tmp_path / "lid.bin"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    for profile in ("default", "webfaq2"):
        with pytest.raises(ConfigError, match=r"language\.model: .*lid\.bin"):
            identifier(LanguageConfig(model=str(path)), profile=profile)


def test_ignored_setting_and_unknown_profile():
    with pytest.raises(ConfigError, match=r"language\.min_score has no effect in profile webfaq2"):
        identifier(LanguageConfig(min_score=0.3), profile="webfaq2")
    as_sent_to_workers = LanguageConfig.model_validate_json(LanguageConfig().model_dump_json())
    assert identifier(as_sent_to_workers, profile="webfaq2")
    with pytest.raises(ConfigError, match="no profile webfaq3"):
        identifier(LanguageConfig(), profile="webfaq3")
    with pytest.raises(ConfigError, match="no profile webfaq3"):
        rule_names("webfaq3")


def test_rule_names():
    assert rule_names("default") == ("not_a_language", "language_uncertain")
    assert rule_names("webfaq2") == ("language_uncertain",)


def test_model_with_scripts_in_its_labels():
    class GlotLike:
        def predict(self, text, k=1, threshold=0.0):
            labels = ("__label__srp_Cyrl", "__label__srp_Latn", "__label__mkd_Cyrl", "__label__zxx_Zxxx")
            return labels, (0.4, 0.35, 0.2, 0.05)

    ours = DefaultIdentifier(LabelModel(GlotLike()), min_score=0.5)
    found = only(ours.identify_page(NOWHERE, [("Колико кошта карта за море?", "Десет евра по особи.", None)]))
    assert (found.code, found.script) == ("srp", "Cyrl")
    model = LabelModel(GlotLike())
    assert model.probabilities("да", {"Cyrl": 1.0}) == pytest.approx({"srp": 0.4 / 0.65, "mkd": 0.2 / 0.65})
    assert model.only_language == {"Latn": "srp"}  # and zxx is no language


def test_serbo_croatian_is_shared_out():
    class Model:
        def predict(self, text, k=1, threshold=0.0):
            return ("__label__sh", "__label__hr", "__label__sr"), (0.6, 0.3, 0.1)

    model = LabelModel(Model())
    assert model.probabilities("da", {"Latn": 1.0}) == pytest.approx({"hrv": 0.6, "srp": 0.4})
    assert model.probabilities("да", {"Cyrl": 1.0}) == pytest.approx({"srp": 1.0})


def test_script_that_none_of_the_likeliest_is_in():
    class Model:
        def predict(self, text, k=1, threshold=0.0):
            labels, probabilities = ("__label__en", "__label__ru", "__label__bg"), (0.999, 0.0006, 0.0004)
            return (labels, probabilities) if k == -1 else (labels[:1], probabilities[:1])

    assert LabelModel(Model()).probabilities("да", {"Cyrl": 1.0}) == pytest.approx({"rus": 0.6, "bul": 0.4})
