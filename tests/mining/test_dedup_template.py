"""Frames of questions: what siblings of a template share, and what is no frame at all."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.dedup_template import question_frame, template_key

FRAMES = [
    ("How long is the flight to Rome?", "", "how long is the flight _"),
    ("How long is the flight to New York?", "", "how long is the flight _"),
    ("How long is a flight from Rome to Oslo in July?", "", "how long is a flight from _"),
    ("How many rooms has the Grand Hotel Adler?", "", "how many rooms has _"),
    ("Does room 12 have a balcony?", "", "does room _ have a balcony"),
    ("Does room 7b have a balcony?", "", "does room _ have a balcony"),
    ("How much is parking at the aquarium?", "Aquarium: prices", "how much is parking at _"),
    ("Is the iPhone waterproof and dustproof?", "", "is _ waterproof and dustproof"),
    ("Πόσο κοστίζει το εισιτήριο για τη Λήμνο;", "", "πόσο κοστίζει το εισιτήριο για _"),
    ("Πόσο κοστίζει το εισιτήριο για την Αθήνα;", "", "πόσο κοστίζει το εισιτήριο για _"),
    ("Wie weit ist der Flughafen vom Hotel Adler entfernt?", "", "wie weit ist _ entfernt"),
    ("Сколько стоит билет до Москвы на поезд?", "", "сколько стоит билет _ поезд"),
    ("パリの観光時間はどのくらいですか", "", "_ の 観 光 時 間 は ど の く ら い で す か"),
    ("ﾊﾟﾘの観光時間はどのくらいですか", "", "_ の 観 光 時 間 は ど の く ら い で す か"),
    ("ローマの観光時間はどのくらいですか", "", "_ の 観 光 時 間 は ど の く ら い で す か"),
    ("ミラノ市の天気はどうですか", "", "_ の 天 気 は ど う で す か"),
    ("札幌市の天気はどうですか", "札幌市", "_ の 天 気 は ど う で す か"),
    ("北京的酒店价格是多少", "北京", "_ 的 酒 店 价 格 是 多 少"),
    ("上海的酒店价格是多少", "上海旅游", "_ 的 酒 店 价 格 是 多 少"),
    ("ما هي أسعار الفنادق في القاهرة", "القاهرة", "ما هي أسعار الفنادق في _"),
    ("ما هي أسعار الفنادق في الرباط", "الرباط", "ما هي أسعار الفنادق في _"),
    ("ห้อง ๑๒ มีระเบียงไหม", "", "ห้ อ ง _ มี ร ะ เ บี ย ง ไ ห ม"),
    ("ห้อง 12 มีระเบียงไหม", "", "ห้ อ ง _ มี ร ะ เ บี ย ง ไ ห ม"),
]


@pytest.mark.parametrize(("question", "title", "frame"), FRAMES)
def test_the_frame_is_the_question_without_what_it_is_about(question, title, frame):
    expected = tuple("" if unit == "_" else unit for unit in frame.split())
    assert question_frame(question, title=title) == expected


NO_FRAME = [
    ("", ""),
    ("?!", "?!"),
    ("How long is the flight?", ""),  # nothing to fill in
    ("How long is the flight?", "Trains and ships"),
    ("What is Rome?", ""),  # too little left: six letters
    ("How far is Rome?", "Rome"),
    ("北京好吗", "北京"),
    ("How long is the flight to Rome?", "How long is the flight to Rome?"),  # nothing left
    ("ローマ", ""),
    ("从北京去", "上海"),  # a single character in the title is no name
    ("上的酒店价格是多少", "上海"),
]


@pytest.mark.parametrize(("question", "title"), NO_FRAME)
def test_no_frame(question, title):
    assert question_frame(question, title=title) == ()
    assert template_key(question, title=title, site="a.example") == 0


def test_eight_letters_are_left_at_least():
    assert question_frame("Tour from Rome?", title="") == ("tour", "from", "")
    assert question_frame("Pricing in Rome?", title="") == ()
    assert question_frame("去的价格1", title="") == ("去", "的", "价", "格", "")  # each counts twice
    assert question_frame("的价格1", title="") == ()


SIBLINGS = [
    [("How long is the flight to Rome?", "Rome"), ("How long is the flight to New York?", "New York")],
    [("Πόσο κοστίζει το ταξίδι για τη Λήμνο;", ""), ("Πόσο κοστίζει το ταξίδι για την Αθήνα;", "")],
    [("Wie lange fährt der Bus zum Hotel Adler?", ""), ("Wie lange fährt die Bahn zur Messe?", "")],
    [("ローマの観光時間はどのくらいですか", ""), ("ニューヨークの観光時間はどのくらいですか", "")],
    [("北京的酒店价格是多少", "北京"), ("石家庄的酒店价格是多少", "石家庄")],
]
DIFFERENT = [
    [("How long is the flight to Rome?", "Rome"), ("How much is the flight to Rome?", "Rome")],
    [("How long is the flight to Rome?", "Rome"), ("How long is the drive to Rome?", "Rome")],
    [("How long is the flight to Rome?", ""), ("From Rome, how long is the flight?", "")],
    [("Wann öffnet das Hotel Adler morgens?", ""), ("Wann schließt das Hotel Adler morgens?", "")],
    [("ローマの観光時間はどのくらいですか", ""), ("ローマの飛行時間はどのくらいですか", "")],
    [("北京的酒店价格是多少", "北京"), ("北京的机票价格是多少", "北京")],
    [("ما هي أسعار الفنادق في القاهرة", "القاهرة"), ("ما هي أسعار المطاعم في القاهرة", "القاهرة")],
]


def keys(pages, site="a.example"):
    return {template_key(question, title=title, site=site) for question, title in pages}


@pytest.mark.parametrize("pages", SIBLINGS)
def test_siblings_share_their_key(pages):
    assert len(keys(pages)) == 1
    assert 0 not in keys(pages)


@pytest.mark.parametrize("pages", DIFFERENT)
def test_different_questions_do_not(pages):
    assert len(keys(pages)) == 2
    assert 0 not in keys(pages)


def test_another_site_has_another_key():
    pages = SIBLINGS[0]
    assert keys(pages) != keys(pages, "b.example")


def test_the_key_is_signed_and_stays_the_same():
    found = [
        template_key(f"How long is the flight to Rome, {word}?", title="", site="a.example")
        for word in ("please", "darling", "captain", "roughly")
    ]
    assert all(-(2**63) <= key < 2**63 for key in found)
    assert min(found) < 0 < max(found)


TEXTS = st.text(max_size=40) | st.text(
    st.sampled_from("aZ 7éΩя北京ーアあห้ๆ\u0301\u200b\ud800-?.\n"), max_size=40
)


@given(question=TEXTS | st.just("How long is the flight to Rome?"), title=TEXTS, site=TEXTS)
def test_any_text_has_a_key(question, title, site):
    key = template_key(question, title=title, site=site)
    frame = question_frame(question, title=title)
    assert -(2**63) <= key < 2**63
    assert (key != 0) is bool(frame)
    assert all(first or second for first, second in pairwise(frame)), "two masks in a row"
