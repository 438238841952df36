"""Masking: what is an address or a number of a person, and what only looks like one."""

import pytest

from extract.clean import cleaner
from pipeline.core.config import CleanConfig

Q = "How do I reach you?"
masked = cleaner(CleanConfig(mask=("email", "phone", "ip")))


def test_nothing_is_masked_unless_asked_for():
    answer = "Write to info@shop.example or call +49 30 1234567 from 192.168.0.1."
    result = cleaner(CleanConfig())(Q, answer)
    assert (result.answer, result.masked, result.changed_by) == (answer, {}, ())


@pytest.mark.parametrize("profile", ["default", "webfaq2"])
def test_kinds_are_chosen_one_by_one_in_both_profiles(profile):
    answer = "Write to info@shop.example or call +49 30 1234567 from 192.168.0.1."
    only = cleaner(CleanConfig(profile=profile, mask=("ip", "email")))(Q, answer)
    assert only.answer == "Write to <EMAIL> or call +49 30 1234567 from <IP>."
    assert (only.masked, only.changed_by) == ({"email": 1, "ip": 1}, ("mask",))


MASKED = [
    ("Mail info@shop.example, or a.b+c@mail.shop.example.", "Mail <EMAIL>, or <EMAIL>.", {"email": 2}),
    (
        "メールは info@shop.example まで。電話は 03-1234-5678 です。",
        "メールは <EMAIL> まで。電話は <PHONE> です。",
        {"email": 1, "phone": 1},
    ),
    ("Call +1 (416) 993-8000, 24 hours a day.", "Call <PHONE>, 24 hours a day.", {"phone": 1}),
    (
        "Rufen Sie an: (030) 123456 oder 06131 / 123 45 67.",
        "Rufen Sie an: <PHONE> oder <PHONE>.",
        {"phone": 2},
    ),
    ("From abroad 0049 30 1234567.", "From abroad <PHONE>.", {"phone": 1}),
    ("US: 416-993-8000, (416) 993-8000 or 1-800-555-0199.", "US: <PHONE>, <PHONE> or <PHONE>.", {"phone": 3}),
    ("Звоните 84951234567 или 8 (800) 555-35-35.", "Звоните <PHONE> или <PHONE>.", {"phone": 2}),
    ("Telefon: 123456, Fax 123457", "Telefon: <PHONE>, Fax <PHONE>", {"phone": 2}),
    ("اتصل على \u200e+00 555 0100 في أي وقت.", "اتصل على \u200e<PHONE> في أي وقت.", {"phone": 1}),
    ("Use 10.0.0.1 or fe80::1 or 2001:db8:0:0:0:0:2:1.", "Use <IP> or <IP> or <IP>.", {"ip": 3}),
]


@pytest.mark.parametrize(("answer", "expected", "counts"), MASKED)
def test_masked(answer, expected, counts):
    result = masked(Q, answer)
    assert (result.answer, result.masked) == (expected, counts)
    assert masked(Q, expected).answer == expected
    assert masked(Q, expected).masked == {}


NOT_MASKED = [
    "It costs 1 234 567,00 EUR, $1,234.50 or 12.345,67 € in all.",
    "From 2026-05-01 or 01.02.2026 or 05/01/2026 on, in 2010-2015 too.",
    "Open 08:00-17:30, 24/7, in 10115 Berlin.",
    "ISBN 978-3-16-148410-0, order no. 0123-456789, IBAN DE89 3704 0044 0532 0130 00.",
    "Order number 1234567890, tracking 123-4567890-1234567.",
    "Version 10.0.1, version 1.2.3.4, v2.0.0.1 and firmware 4.3.2.1.",
    "Section 1.2.3.4.5 and 256.1.1.1 are none.",
    "std::vector, a::b and 10:20:30.",
    "Follow @user@social.example, clone git@github.com:x/y, npm i a@1.2.3.",
    "There are 2 000 000 users and 12 345 678 pages; 123456789 in all.",
    "Ring 112 or call 911 now.",
    "Call before 01.02.2026 or 2026-02-01.",
    "Write <PHONE> 123456 there.",
    "In room 00 12 at x = 3.14159265.",
    "The account has 12345678 points (see card 1234 5678 9012 3456).",
]


@pytest.mark.parametrize("answer", NOT_MASKED)
def test_not_masked(answer):
    assert masked(Q, answer).answer == answer


def test_a_pair_that_only_its_address_answered_is_dropped_when_that_is_masked():
    assert masked("Which address is it?", "info@shop.example").dropped_by == "too_short"
    assert masked("info@shop.example", "It is our only address.").dropped_by == "no_question"
