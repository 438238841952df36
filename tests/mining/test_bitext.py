"""Pages made by hand: what is aligned, and what is left alone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.bitext import Aligned, Evidence, PageText, Sighting, align_pages, one_to_one
from pipeline.core.config import AlignConfig

CONFIG = AlignConfig()

ENGLISH = [
    (
        "How long does delivery take?",
        "Two to four working days; we write to you as soon as the parcel leaves.",
    ),
    ("What does shipping cost?", "4.90 EUR, and nothing from 75 EUR."),
    ("Can I return a bicycle?", "Yes, within 30 days. Write to returns@kite.example and we collect it."),
    ("Do you repair older models?", "Our workshop in Bergen repairs every Kite and most other makes."),
    ("How do I pay?", "By card, PayPal or invoice."),
    ("Is there a warranty?", "Frames have a warranty of 10 years, batteries of 2 years."),
]
GERMAN = [
    (
        "Wie lange dauert die Lieferung?",
        "Zwei bis vier Werktage; wir schreiben Ihnen, sobald das Paket unterwegs ist.",
    ),
    ("Was kostet der Versand?", "4,90 EUR, ab 75 EUR nichts."),
    (
        "Kann ich ein Fahrrad zurückgeben?",
        "Ja, innerhalb von 30 Tagen. Schreiben Sie an returns@kite.example, wir holen es ab.",
    ),
    (
        "Reparieren Sie auch ältere Modelle?",
        "Unsere Werkstatt in Bergen repariert jedes Kite und die meisten anderen Marken.",
    ),
    ("Wie kann ich bezahlen?", "Mit Karte, PayPal oder auf Rechnung."),
    ("Gibt es eine Garantie?", "Auf Rahmen gewähren wir 10 Jahre Garantie, auf Akkus 2 Jahre."),
]
JAPANESE = [
    ("配送にはどのくらいかかりますか？", "2～4営業日です。発送時にメールでお知らせします。"),
    ("送料はいくらですか？", "4.90ユーロです。75ユーロ以上は無料です。"),
    (
        "自転車を返品できますか？",
        "はい、30日以内であれば可能です。returns@kite.exampleまでご連絡ください。引き取りに伺います。",
    ),
    ("古いモデルも修理できますか？", "Bergenの工房では、すべてのKiteとほとんどの他社製品を修理します。"),
    ("支払い方法は？", "カード、PayPal、請求書です。"),
    ("保証はありますか？", "フレームは10年、バッテリーは2年の保証が付きます。"),
]
ARABIC = [
    ("كم يستغرق التوصيل؟", "من يومين إلى أربعة أيام عمل، ونراسلك فور خروج الطرد."),
    ("كم تكلفة الشحن؟", "٤٫٩٠ يورو، ومجانًا ابتداءً من ٧٥ يورو."),
    ("هل يمكنني إرجاع الدراجة؟", "نعم، خلال ٣٠ يومًا. راسلنا على returns@kite.example وسنستلمها منك."),
    ("هل تصلحون الطرازات القديمة؟", "ورشتنا في Bergen تصلح كل دراجات Kite ومعظم الماركات الأخرى."),
    ("كيف أدفع؟", "بالبطاقة أو PayPal أو بالفاتورة."),
    ("هل يوجد ضمان؟", "ضمان الهيكل ١٠ سنوات والبطارية سنتان."),
]
LANGUAGES = {"eng": ENGLISH, "deu": GERMAN, "jpn": JAPANESE, "ara": ARABIC}


def page(language, rows=range(6), *, of=None):
    """Return a page whose pairs are rows of the language's texts, each with its row in the id."""
    texts = of or LANGUAGES[language]
    pairs = [Sighting(f"{language}-{row}", *texts[row], language, place) for place, row in enumerate(rows)]
    return PageText(f"page-{language}", f"https://kite.example/{language}", pairs)


def aligned(a, b, config=CONFIG, **given):
    return align_pages(a, b, **{"hreflang": True, "same_path": False, "config": config, **given})


def rows_of(found):
    return sorted((int(x.a.id.rpartition("-")[2]), int(x.b.id.rpartition("-")[2])) for x in found)


@pytest.mark.parametrize("b", ["deu", "jpn", "ara"])
def test_pages_in_step(b):
    found = aligned(page("eng"), page(b))
    assert rows_of(found) == [(i, i) for i in range(6)]
    assert all(0.9 < x.score <= 1 for x in found)


@pytest.mark.parametrize(("a", "b"), [("eng", "deu"), ("eng", "jpn"), ("jpn", "ara")])
@pytest.mark.parametrize("missing", range(6))
def test_a_question_that_one_side_lacks(a, b, missing):
    rest = [row for row in range(6) if row != missing]
    found = aligned(page(a), page(b, rest))
    assert set(rows_of(found)) <= {(i, i) for i in rest}
    assert len(found) >= 4


def test_each_side_has_a_question_of_its_own():
    a, b = page("eng", [0, 1, 2, 3, 5]), page("deu", [1, 2, 4, 3, 5])
    assert set(rows_of(aligned(a, b))) == {(1, 1), (2, 2), (3, 3), (5, 5)}


def test_what_is_out_of_order_is_left_out():
    found = rows_of(aligned(page("eng"), page("deu", [1, 2, 3, 4, 5, 0])))
    assert found == [(i, i) for i in range(1, 6)]
    backwards = rows_of(aligned(page("eng"), page("jpn", [5, 4, 3, 2, 1, 0])))
    assert all(i == j for i, j in backwards)
    assert len(backwards) <= 1


def plain(language, n, letter):
    """Return a page of pairs that only length could tell apart, and do not differ in it."""
    return page(
        language, range(n), of=[(f"{letter * 9} {letter * (4 + i % 2)}?", letter * 40) for i in range(n)]
    )


def test_pages_without_evidence_of_equal_counts_are_aligned():
    assert rows_of(aligned(plain("eng", 6, "a"), plain("ell", 6, "α"))) == [(i, i) for i in range(6)]


def test_pages_without_evidence_of_different_counts_are_not():
    found = aligned(plain("eng", 6, "a"), plain("ell", 8, "α"))
    assert found == []


def test_a_place_whose_pair_was_dropped_is_remembered():
    """The Greek page lost its third pair to cleaning, and its positions tell."""
    b = plain("ell", 6, "α")
    kept = replace(b, pairs=[pair for pair in b.pairs if pair.position != 2])
    assert rows_of(aligned(plain("eng", 6, "a"), kept)) == [(i, i) for i in (0, 1, 3, 4, 5)]


def tickets(language, numbers, question, answer):
    texts = [(question.format(n), answer.format(n, 2 * n)) for n in numbers]
    return page(language, range(len(numbers)), of=texts)


def test_siblings_of_a_template_are_told_apart_by_their_numbers():
    a = tickets("eng", [5, 10, 20, 50], "What is the price of {} rides?", "{} rides are {} EUR.")
    b = tickets("deu", [10, 20, 50, 80], "Was kosten {} Fahrten?", "{} Fahrten kosten {} EUR.")
    found = aligned(a, b)
    assert {(x.a.question[21:23], x.b.question[11:13]) for x in found} == {
        ("10", "10"),
        ("20", "20"),
        ("50", "50"),
    }
    other = tickets("deu", [7, 11, 21, 51], "Was kosten {} Fahrten?", "{} Fahrten kosten {} EUR.")
    assert aligned(a, other) == []


def test_other_numbers_are_a_veto_between_siblings_alone():
    question, answer = "What is the price of {} rides?", "{} rides are {} EUR."
    a = tickets("eng", [5, 11, 25, 60], question, answer)
    b = tickets("deu", [5, 11, 30, 60], "Was kosten {} Fahrten?", "{} Fahrten kosten {} EUR.")
    assert rows_of(aligned(a, b)) == [(0, 0), (1, 1), (3, 3)]
    english, german = ENGLISH[:5], GERMAN[:5]
    a = page("eng", of=[*english, ("Who rides with us?", "20 guides of the Kite workshop in Bergen.")])
    b = page("deu", of=[*german, ("Wer fährt mit?", "30 Führer der Kite-Werkstatt in Bergen.")])
    assert len(aligned(a, b)) == 6


def test_untranslated_pages_give_nothing():
    copy = replace(page("eng"), page_id="page-fr", url="https://kite.example/fr")
    assert aligned(page("eng"), copy) == []
    german = page("deu")
    unknown = replace(german, pairs=[replace(pair, language="und") for pair in german.pairs])
    assert aligned(page("eng"), unknown) == []


def test_the_same_text_is_no_translation_whatever_its_languages():
    texts = [*ENGLISH[:5], ("SIM / eSIM?", "OK: Kite Go, 25 EUR.")]
    mistaken = [*GERMAN[:5], ("SIM / eSIM?", "OK: Kite Go, 25 EUR")]
    assert rows_of(aligned(page("eng", of=texts), page("deu", of=mistaken))) == [(i, i) for i in range(5)]


def test_untranslated_pairs_on_a_translated_page_fix_the_places_around_them():
    """Left in Japanese on both pages, as long as all others; the Greek one lacks a question before it."""
    left, right = plain("eng", 6, "a"), plain("ell", 5, "α")
    leftover = Sighting("j", "費用はかかりますか", "費用は一切かかりませんのでご安心ください", "jpn", 0)
    a = [*left.pairs[:3], leftover, *left.pairs[3:]]
    b = [*right.pairs[:2], leftover, *right.pairs[2:]]
    pages = [
        replace(page_, pairs=[replace(pair, position=i) for i, pair in enumerate(pairs)])
        for page_, pairs in ((left, a), (right, b))
    ]
    assert rows_of(aligned(*pages)) == [(3, 2), (4, 3), (5, 4)]


def test_several_answers_to_a_question():
    a, b = page("eng"), page("deu")
    for x in (a, b):
        x.pairs[1:] = [replace(pair, position=pair.position - 1) for pair in x.pairs[1:]]
    assert rows_of(aligned(a, b)) == [(i, i) for i in range(6)]


def test_a_link_counts_more_than_a_like_address():
    by_link = aligned(page("eng"), page("jpn"))
    by_path = aligned(page("eng"), page("jpn"), hreflang=False, same_path=True)
    assert [x.evidence.hreflang for x in (*by_link[:1], *by_path[:1])] == [True, False]
    one = CONFIG.model_copy(update={"min_score": 0.01})
    a, b = plain("eng", 1, "a"), plain("ell", 1, "α")
    assert aligned(a, b, one)[0].score > aligned(a, b, one, hreflang=False, same_path=True)[0].score


def test_pages_too_long_are_left_alone():
    assert aligned(page("eng"), page("deu"), CONFIG.model_copy(update={"max_cells": 35})) == []
    assert len(aligned(page("eng"), page("deu"), CONFIG.model_copy(update={"max_cells": 36}))) == 6


def test_evidence_is_named():
    found = {x.a.id: x.evidence for x in aligned(page("eng"), page("deu"))}
    assert found["eng-1"].numbers > 2
    assert found["eng-2"].tokens > 1
    assert 0.7 < found["eng-4"].position < 1


NOTHING = Evidence(0.0, 0.0, 0.0, 0.5, True, False)


def candidate(a, b, score, languages=("eng", "deu")):
    return Aligned(Sighting(a, "", "", languages[0], 0), Sighting(b, "", "", languages[1], 0), NOTHING, score)


def test_one_to_one_takes_the_best_first():
    kept = one_to_one([candidate("a1", "b1", 0.8), candidate("a1", "b2", 0.9), candidate("a2", "b2", 0.85)])
    assert [(x.a.id, x.b.id) for x in kept] == [("a1", "b2")]


def test_ties_go_to_the_smaller_ids_in_any_order():
    candidates = [candidate("a1", "b2", 0.9), candidate("a1", "b1", 0.9), candidate("a2", "b2", 0.9)]
    for order in (candidates, candidates[::-1]):
        assert [(x.a.id, x.b.id) for x in one_to_one(order)] == [("a1", "b1"), ("a2", "b2")]


def test_other_language_pairs_do_not_compete_and_repetitions_come_out_once():
    kept = one_to_one(
        [
            candidate("a", "b", 0.9),
            candidate("b", "a", 0.95, ("deu", "eng")),
            candidate("a", "c", 0.8, ("eng", "fra")),
            candidate("b", "c", 0.8, ("deu", "fra")),
        ]
    )
    assert [(x.a.id, x.b.id, x.score) for x in kept] == [("b", "a", 0.95), ("a", "c", 0.8), ("b", "c", 0.8)]


texts = st.sampled_from([text for side in LANGUAGES.values() for pair in side for text in pair]) | st.text(
    max_size=12
)
sightings = st.lists(
    st.builds(
        Sighting,
        st.sampled_from("abcdefgh"),
        texts,
        texts,
        st.sampled_from(["eng", "deu", "jpn", "und"]),
        st.integers(0, 12),
    ),
    max_size=7,
).map(lambda pairs: sorted(pairs, key=lambda pair: pair.position))


@settings(deadline=None)
@given(sightings, sightings, st.booleans())
def test_any_pages_give_a_symmetric_one_to_one_alignment(left, right, hreflang):
    config = CONFIG.model_copy(update={"min_score": 0.05})
    a, b = PageText("a", "https://kite.example/", left), PageText("b", "https://kite.example/", right)
    found = aligned(a, b, config, hreflang=hreflang)
    assert all(config.min_score <= x.score <= 1 and x.a.language != x.b.language for x in found)
    for side, other in (("a", "b"), ("b", "a")):
        ends = [(getattr(x, side).id, getattr(x, other).language) for x in found]
        assert len(ends) == len(set(ends))
    back = aligned(b, a, config, hreflang=hreflang)
    scores = sorted((x.a.id, x.b.id, x.score) for x in found)
    for (id_a, id_b, score), mirrored in zip(
        scores, sorted((x.b.id, x.a.id, x.score) for x in back), strict=True
    ):
        assert (id_a, id_b) == mirrored[:2]
        assert score == pytest.approx(mirrored[2], abs=2e-6)
