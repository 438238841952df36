"""Terms by language, each expected value by hand."""

import pickle
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("Stemmer", reason="needs the extra `mining`")

from mining.analysis import MAX_TERM_CHARS, analysis_table, analyzer_for
from mining.analysis_languages import CHARACTER_PAIRS, CLUSTER_PAIRS, STEMMERS
from mining.analysis_stop_words import STOP_WORDS
from mining.analysis_text import folding, pairs_of, pieces_of


def words(text):
    return unicodedata.normalize("NFKC", text).split()


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("eng", "How do I cancel the dog's bookings?", "cancel dog book"),
        ("eng", "They\u2019re open, aren\u2019t they? O\u2019Brien won't", "open not obrien not"),
        (
            "deu",
            "Die Kündigungsfrist für Häuser in der STRASSE und Straße",
            "kundigungsfrist haus strass strass",
        ),
        ("fra", "Qu\u2019est-ce que l\u2019avion d'Air aujourd'hui", "avion air aujourdhui"),
        ("ita", "Dov'è la cucina dell'albergo?", "cucin alberg"),
        ("cat", "L'hotel d'aquí, dona'm claus", "hotel aqu don claus"),
        ("spa", "¿Cómo cancelo mis reservas?", "cancel reserv"),
        ("por", "Um copo d'água, copos", "cop águ cop"),
        ("nld", "De auto's van mijn ouders", "auto ouder"),
        ("rus", "Как выбрать ЁЛКИ, елки и книги?", "выбра елк елк книг"),
        ("ell", "Πώς γίνεται η ΚΡΑΤΗΣΗ, κράτησης", "γιν κρατησ κρατησ"),
        ("fin", "Talossa on vaa'an varaukset", "talo vaaan varauks"),
        ("ron", "şcoală și școală", "școal școal"),
        ("srp", "Отказ резервације је otkaz rezervacije", "otkaz rezervacij otkaz rezervacij"),
        ("ukr", "П\u2019ять квитків", "пять квитків"),
        ("vie", "Làm thế nào để hủy đặt phòng?", "làm hủy đặt phòng"),
        ("ind", "Bagaimana membatalkan pemesanan", "batal pesan"),
        ("hye", "ՔԱՂԱՔՆԵՐ քաղաք", "քաղ քաղ"),
        ("swe", "Hur ändrar jag bokningar?", "ändr bokning"),
        ("pol", "Książki i książka", "książk książk"),
        ("gle", "d'fhear", "fear"),
    ],
)
def test_words_of_alphabets(language, text, terms):
    assert analyzer_for(language).terms(text) == words(terms)


def test_turkish_dotless_i():
    """I is the capital of ı and İ that of i, also in two characters; an apostrophe ends a name."""
    turkish = analyzer_for("tur")
    assert turkish.pieces("IŞIK ışık İSTANBUL istanbul I\u0307YI iyi") == words(
        "ışık ışık istanbul istanbul iyı iyi"
    )
    assert turkish.terms("İstanbul'dan 5'te") == ["istanbul", "5"]
    assert turkish.terms("ISPARTA") == turkish.terms("ısparta")
    assert analyzer_for("eng").pieces("IBIS İzmir I\u0307zmir") == ["ibis", "izmir", "izmir"]
    assert analyzer_for("aze").terms("QIZIL qızıl") == ["qızıl", "qızıl"]


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("zho", "如何取消预订？", "如何 何取 取消 消预 预订"),
        ("zho", "猫，在iPhone上", "猫 在 iphone 上"),
        ("jpn", "予約をキャンセル", "予約 約を をキ キャ ャン ンセ セル"),
        ("jpn", "ｶﾞｲﾄﾞのWi-Fi 人々", "ガイ イド ドの wi fi 人々"),
        ("kor", "서울에서 예약 취소", "서울 울에 에서 예약 취소"),
        ("kor", "\u1112\u1161\u11ab국 A형", "한국 a 형"),
        ("eng", "Tōkyō is 東京都", "tōkyō 東京 京都"),
    ],
)
def test_pairs_of_characters(language, text, terms):
    assert analyzer_for(language).terms(text) == words(terms)


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("tha", "ยกเลิก", "ยก กเลิ เลิก"),
        ("tha", "เวลา ๑๔:๓๐ น.", "เวลา 14 30 น"),
        ("tha", "น้ำ Wi-Fi", "น้ำ wi fi"),
        ("lao", "ຫ້ອງພັກ", "ຫ້ອ ອງ ງພັ ພັກ"),
        ("khm", "បន្ទប់", "បន្ទ ន្ទប់"),
        ("khm", "ខ្ញុំ\u200bចង់", "ខ្ញុំ ចង់"),
        ("mya", "မြန်မာစာ", "မြန်မာ မာစာ"),
        ("mya", "ကမ္ဘာ ၂၀၂၄", "ကမ္ဘာ 2024"),
        ("eng", "Thai: ยกเลิก", "thai ยก กเลิ เลิก"),
    ],
)
def test_pairs_of_clusters(language, text, terms):
    assert analyzer_for(language).terms(text) == words(terms)


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("hin", "क्या मैं किताबें वापस कर सकता हूँ?", "किताब वापस"),
        ("hin", "लड़कियाँ लडकियां", "लडक लडक"),
        ("tam", "வீடுகள்", "வீடு"),
        ("ben", "কীভাবে বাতিল করব", "কীভাবে বাতিল করব"),
        ("mal", "മലയാളം", "മലയാളം"),
        ("ara", "هل يُلغى الحجـــز في المدرسة؟", "يلغي حجز مدرس"),
        ("ara", "كِتَابٌ كتاب ٣٫٥ ١٬٠٠٠", "كتاب كتاب 3.5 1000"),
        ("fas", "كتاب می\u200cخواهم ۱۲۳", "کتاب خواهم 123"),
        ("urd", "كتاب کتاب", "کتاب کتاب"),
        ("urd", "اُردُو کتـــاب", "اردو کتاب"),
        ("heb", 'שָׁלוֹם לצה״ל צה"ל', "שלום לצהל צהל"),
        ("heb", "בית־ספר צ׳ק", "בית ספר צק"),
        ("div", "ދިވެހި", "ދިވެހި"),
        ("amh", "ሰላም፡ዓለም", "ሰላም ዓለም"),
        ("bod", "བོད་ཡིག", "བོད ཡིག"),
    ],
)
def test_marks_survive_where_they_are_written(language, text, terms):
    assert analyzer_for(language).terms(text) == words(terms)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("1,000 1.000 1’000 1,234.50 1.234,50", "1000 1000 1000 1234.50 1234.50"),
        ("3.5 3,5 0.125 v2.0 10.5kg 1,000kg", "3.5 3.5 0.125 v2.0 10.5kg 1000kg"),
        ("1,00,000 12.05.2024 192.168.1.1", "100000 12 05 2024 192 168 1 1"),
        ("mp3, 24/7; end 5. And x²", "mp3 24 7 end 5 and x2"),
        ("snake_case e-mail half½", "snake case e mail half1 2"),
    ],
)
def test_numbers_and_signs(text, terms):
    assert analyzer_for("und").terms(text) == terms.split()


def test_a_text_of_stop_words_keeps_them():
    english = analyzer_for("eng")
    assert english.terms("What is it?") == ["what", "is", "it"]
    assert english.terms("What is it worth?") == ["worth"]
    assert english.terms("?!") == []


def test_negations_are_searched():
    assert analyzer_for("eng").terms("Is it not included?") == ["not", "includ"]
    assert analyzer_for("deu").terms("Warum ist das nicht dabei?") == ["nicht", "dabei"]


@pytest.mark.parametrize("language", STOP_WORDS)
def test_each_stop_word_is_one_that_can_stand_in_a_text(language):
    analyzer = analyzer_for(language)
    for word in STOP_WORDS[language]:
        assert [analyzer.is_stop(piece) for piece in analyzer.pieces(word)] == [True], word


@pytest.mark.parametrize("language", [*STEMMERS, *CHARACTER_PAIRS, *CLUSTER_PAIRS, "und", "zzz"])
def test_pickled_analyzer_gives_the_same_terms(language):
    text = "Größe l'été İstanbul книги كتاب किताबें 取消预订 ยกเลิก 1,000"
    analyzer = analyzer_for(language)
    again = pickle.loads(pickle.dumps(analyzer))
    assert again.terms(text) == analyzer.terms(text)
    assert again.label == analyzer.label


def test_label_names_what_terms_depend_on():
    assert analyzer_for("eng").label.startswith("eng/1/snowball-3.")
    assert "snowball" not in analyzer_for("zho").label


def test_table_has_a_row_a_language():
    rows = {row.language: row for row in analysis_table()}
    assert len(rows) == len(analysis_table()) > 45
    assert (rows["eng"].segmentation, rows["eng"].stemmer) == ("words", "english")
    assert rows["eng"].n_stop_words == len(STOP_WORDS["eng"])
    assert rows["jpn"].segmentation == "pairs of characters"
    assert rows["khm"].segmentation == "pairs of clusters"
    assert rows["tur"].also == "dotless i"
    assert rows["fra"].also == "elisions"
    assert rows["any other"].segmentation == "words"


def test_long_words_are_cut():
    assert analyzer_for("eng").terms("x" * 1000) == ["x" * MAX_TERM_CHARS]
    assert analyzer_for("eng").terms("7" * 1000) == ["7" * MAX_TERM_CHARS]


HOSTILE = {
    "letters": "a" * 200_000,
    "digits": "1" * 200_000,
    "groups": "1," * 100_000,
    "apostrophes": "a'" * 100_000,
    "only apostrophes": "'" * 200_000,
    "marks in the wrong order": "a" + "\u0301\u0316" * 100_000,
    "long letters of Arabic": "\ufdfa" * 10_000,
    "Han": "水" * 200_000,
    "Thai marks": "\u0e49" * 200_000,
    "Thai leading vowels": "\u0e40" * 200_000,
    "Burmese stackers": "\u1000\u1039" * 100_000,
    "Burmese killers": "\u1000\u103a" * 100_000,
    "hangul letters": "\u1112\u1161\u11ab" * 60_000,
    "spaces": " " * 200_000,
    "control characters": "\x00\x1b" * 100_000,
    "surrogates": "\ud800a" * 100_000,
    "tags": "\U000e0041" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", ["eng", "tur", "ara", "tha"])
def test_hostile_texts_take_linear_time(language, name):
    """200,000 characters take half a second; in quadratic time they would take hours."""
    analyzer = analyzer_for(language)
    start = time.process_time()
    terms = analyzer.terms(HOSTILE[name])
    assert time.process_time() - start < 20
    assert all(terms)
    "".join(terms).encode()


def test_marks_beyond_any_writing_are_dropped():
    fold = folding({})
    assert len(fold("a" + "\u0323" * 5000)) == 30
    assert pieces_of(fold("e\u0301te\u0301")) == ["été"]


@given(st.text())
def test_terms_are_never_empty_and_hold_no_separator(text):
    for language in ("eng", "tur", "fra", "ara", "und"):
        for term in analyzer_for(language).terms(text):
            assert term
            kinds = {unicodedata.category(char)[0] for char in term if char <= "\uffff"}
            assert kinds <= set("LMNP"), term


UNSPACED = "กขเโัี้าะๆลຫ້ອັະເကခမ\u1039\u103a\u1037\u102c\u103dာកខ\u17d2\u17bbំ水人のカー서\u1112\u1161\u3099 a1"


def test_one_unit_stands_alone():
    assert pairs_of("水") == ["水"]
    assert pairs_of("ก็") == ["ก็"]
    assert pairs_of("word") == []


@given(st.text(UNSPACED))
def test_a_pair_is_its_own_pair(text):
    """A pair that were cut again would be counted twice."""
    for piece in pieces_of(folding({})(text)):
        assert pairs_of(piece) in ([], [piece])


@given(st.text(UNSPACED), st.text(UNSPACED))
def test_texts_side_by_side_have_the_terms_of_both(first, second):
    analyzer = analyzer_for("und")
    assert analyzer.terms(f"{first}\n{second}") == analyzer.terms(first) + analyzer.terms(second)


def by_hand_of_the_rule(run):
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


@given(st.text("水人の日カー本", min_size=1))
def test_pairs_of_characters_by_the_rule(run):
    assert analyzer_for("jpn").terms(run) == by_hand_of_the_rule(run)


@given(st.text("กขเาี้ะ水", min_size=1))
def test_no_character_is_lost_between_pairs(run):
    """Each unit stands in a pair, whatever its marks."""
    pairs = pairs_of(run.replace("水", ""))
    assert set("".join(pairs)) == set(run) - {"水"}
