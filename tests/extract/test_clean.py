"""Profile default: what each rule drops and what it keeps, in several scripts."""

import pytest

from extract.clean import CleanText, cleaner, rule_names
from pipeline.core.config import CleanConfig, load_config
from pipeline.core.errors import ConfigError

clean = cleaner(CleanConfig())
Q = "How do I reset my password?"
A = "Open the settings and choose “Reset password”."


def test_a_good_pair_stays_as_it_is():
    assert clean(Q, A) == CleanText(Q, A, None, (), {})


def test_rules_are_named_in_their_order():
    names = rule_names(CleanConfig())
    assert names[:3] == ("markup", "mojibake", "characters")
    assert len(set(names)) == len(names)
    assert "mask" not in names
    assert rule_names(CleanConfig(mask=("ip",))).index("mask") == names.index("garbled")


DROPPED = [
    ("empty", "...", A),
    ("empty", Q, "👍"),
    ("empty", "Q:", A),
    ("empty", Q, "؟؟"),
    ("garbled", Q, "Th\ufffd\ufffd b\ufffdnk is closed."),
    ("garbled", "??? ????? ???????", "???? ?????? ?? ?????"),
    ("garbled", Q, "Ã\x83 Ã\x82Â â\ufffdâ\ufffd Ã\ufffdÂ\ufffd bÃ\ufffdt"),
    ("code", Q, ".faq { color: red; margin: 0 }"),
    ("code", Q, "@media (max-width: 600px) { .faq { display: none } }"),
    ("code", Q, '{"@type": "Answer", "text": "By card."}'),
    ("code", Q, "window.dataLayer = window.dataLayer || [];"),
    ("code", Q, "function toggle(id) { document.getElementById(id).hidden = false; }"),
    ("code", Q, "Warning: Undefined variable $x in /var/www/faq.php on line 31"),
    ("placeholder", Q, "Lorem ipsum dolor sit amet, consectetur adipiscing elit."),
    ("placeholder", Q, "[object Object]"),
    ("placeholder", Q, "Coming soon!"),
    ("placeholder", Q, "N/A"),
    ("placeholder", "null", A),
    ("placeholder", "Test", A),
    ("placeholder", Q, "準備中です。".replace("です", "")),
    ("placeholder", "Hello {{first_name}}, what now?", A),
    ("placeholder", "Wo liegt {city}?", "Mitten in Europa, an einem Fluss."),
    ("placeholder", Q, "Delivery takes ${days} days."),
    ("placeholder", Q, "Write to %s for help."),
    ("placeholder", Q, "We at [insert company name] love you."),
    ("link_text", Q, "Read more »"),
    ("link_text", Q, "Weiterlesen …"),
    ("link_text", Q, "もっと見る"),
    ("link_text", Q, "Подробнее"),
    ("link_text", Q, "اقرأ المزيد"),
    ("no_question", "42", A),
    ("no_question", "12.05.2026", A),
    ("no_question", "https://shop.example/faq?", A),
    ("no_question", "info@shop.example", A),
    ("no_question", "banner.jpg", A),
    ("too_short", "Why?", A),
    ("too_short", "A?", A),
    ("too_short", "何", A),
    ("too_short", Q, "Yes."),
    ("too_short", Q, "はい。"),
    ("too_short", Q, "Нет."),
    ("too_short", Q, "نعم."),
    ("too_long", "why " * 300, A),
    ("too_long", Q, "because " * 3000),
    ("repeats_question", Q, "how do I reset my password"),
    ("repeats_question", "パスワードを忘れました。", "パスワードを忘れました"),
    ("only_asks", Q, "Have you looked into your spam folder? Is the address right?"),
    ("only_asks", Q, "Still have questions?"),
    ("only_asks", "メールが届きません。", "迷惑メールを確認しましたか？アドレスは正しいですか？"),
    ("only_asks", "لم تصل الرسالة", "هل راجعت البريد المزعج؟ هل العنوان صحيح؟"),
    ("only_asks", "Πότε θα έρθει;", "Κοιτάξατε στα ανεπιθύμητα; Είναι σωστή η διεύθυνση;"),
    ("only_asks", "Ինչու՞ չի գալիս", "Ստուգե՞լ եք հասցեն։"),
    ("menu", Q, "Home / Products / Shoes"),
    ("menu", Q, "Home\nAbout us\nProducts\nContact"),
    ("menu", Q, "Startseite > Produkte > Schuhe"),
    ("menu", Q, "首页\n关于我们\n产品中心\n联系我们"),
    ("menu", Q, "Главная | Каталог | Обувь"),
    ("unsettled", "Q: " * 40 + Q, A),
]


@pytest.mark.parametrize(("rule", "question", "answer"), DROPPED)
def test_dropped(rule, question, answer):
    assert clean(question, answer).dropped_by == rule


def test_every_rule_that_drops_has_a_case():
    rewriting = {"markup", "mojibake", "characters", "emoji", "labels", "numbering", "quotes"}
    assert {rule for rule, *_ in DROPPED} == set(rule_names(CleanConfig())) - rewriting


UNCHANGED = [
    # garbled: a lost character or two; quotes and letters that look strange to a mojibake detector
    (
        Q,
        "The caf\ufffd is open from nine to five on all days of the week. "
        + "It closes at noon on all holidays." * 6,
    ),
    ("Kje dobim račun?", "V meniju »Moji računi« označite polje »Želim e-račun«."),
    ("What??", "We mean it: no fee at all."),
    (Q, "Still open?? Of course, we are there all day long. Closed?? Come again tomorrow morning."),
    # code: asked for, or quoted
    ("How do I center text with CSS?", ".title { text-align: center; }"),
    ("Which JSON do I send?", '{"id": 7} is enough.'),
    (Q, "Click the function key, then type (see below) a new one."),
    (Q, "Fatal error: call us in such a case, the line is open."),
    # placeholder: about templates, in quotes and addresses
    ("How do merge tags work?", "Write {{name}} where the name shall go; the template does the rest."),
    ("What does %s mean?", "In a printf format, %s stands for a string."),
    ("Is there an address for each item?", "Yes: https://shop.example/items/{id}, with the item's number."),
    ("Wie personalisiere ich Briefe?", "Schreiben Sie „{name}“ an die Stelle, an der der Name stehen soll."),
    ("How do I cite it?", "Cite as: Example database, accessed [date]."),
    ("Wie viel ist frei?", "100 %sicher ist nichts, aber 50 % sind frei."),
    ("How do I take the test?", "The test takes an hour; answers are final."),
    # link_text
    (Q, "Click here to reset it, then read more in the mail."),
    # no_question: headings
    ("Returns", "Send it back within 14 days."),
    ("退款", "请联系客服办理退款。"),
    ("Cost", "It is 20 EUR a month."),
    ("3D printing", "Yes, in the workshop."),
    # too_short: short but complete
    (Q, "Yes, on all trains."),
    (Q, "Yes, free."),
    ("How much is it?", "€25"),
    ("How long is it valid?", "1 year"),
    ("可以退款吗？", "不可以。"),
    ("เปิดกี่โมง", "เก้าโมงเช้า"),
    # repeats_question
    ("What is XMPP?", "XMPP is a protocol."),
    # only_asks: labels, addresses, a question among sentences, a Greek semicolon
    (Q, "Click “Forgot password?”"),
    (Q, "See https://shop.example/help?"),
    (Q, "Use the link in the mail. Still have questions?"),
    (Q, "Was the passport stolen? Then report it to the police."),
    (Q, "迷惑メールをご確認ください。ほかにご質問はありますか？"),
    ("Πότε ανοίγετε;", "Ανοίγουμε στις εννέα. Θέλετε ραντεβού;"),
    ("When?", "At nine; on Sundays at ten;"),
    # menu: lists that answer, paths, an introduction
    ("Which cards do you take?", "Visa\nMastercard\nPayPal\nKlarna\nInvoice"),
    (
        "Which pages may I edit?",
        "Home\nShop\nOur team\nOpening hours\nTables\nWine list\nEvents\nDirections\nGuests",
    ),
    ("Where do I change it?", "Home > Settings > Account > Password"),
    ("What is in the menu?", "These entries:\nHome\nAbout us\nProducts. All of them."),
    # markup: comparisons, text about HTML
    ("Is 3 < 5?", "Yes, 3 < 5 and 7 > 2 <always>."),
    ("Can I write bold?", "Yes: <b>bold</b> works, it is an HTML tag."),
    ("How do I write a space in HTML?", "Write &nbsp; for a space that does not break."),
    ("What does switch [BRANCH] do?", "It switches the branch: myba switch [BRANCH]."),
    # characters: joiners where scripts need them, direction marks, typographic signs
    ("می‌توانم بخرم؟", "بله، می‌توانید همین حالا بخرید."),
    ("क्\u200dया है?", "यह एक पुस्तक है।"),
    ("ആരാണ്?", "ഞാന്\u200d ഒരു സ്ത്രീ ആണ്."),
    ("איך מתקשרים?", "התקשרו אל \u200e+00 555 0100 בכל שעה."),
    ("ﬁne ligature’s “quotes”?", "Ｆｕｌｌｗｉｄｔｈ，ok … ™ № ½"),
    # emoji between words
    ("What does 🔒 mean?", "The 🔒 icon says that the page is safe."),
    ("Is it iPhone® or ©?", "Both ™ and © are ours ®"),
    # labels
    ("A good question", "A good answer follows."),
    ("Question time in the council", "Answers are given on Mondays."),
    ("C: drive is full, why?", "Files fill the C: drive."),
    ("Q4 results", "They come out in January."),
    ("В отпуске: что делать?", "Отдыхать и читать книги."),
    # numbering
    ("1.5 GB plan: what is it?", "1.5 GB of data."),
    ("1. Januar geöffnet?", "1. Januar bis 31. März geschlossen."),
    ("5. sınıf öğrencileri katılabilir mi?", "Evet, katılabilirler."),
    ("２、３ページですか？", "２、３ページです。"),
    ("24.12.2026 geöffnet?", "Bis zwölf Uhr mittags."),
    ("2.5 Millionen Nutzer?", "Ja, im letzten Jahr gezählt."),
    (Q, "1. Open the settings\n2. Choose it"),
    (Q, "- Open the settings\n- Choose it"),
    # quotes
    ('"A" and "B"', '"Here" or "there"'),
    ("«Да» или «нет»", "«Да» значит «да»"),
    ("‘Who’ or ‘whom’", "‘Who’ is right here."),
]


@pytest.mark.parametrize(("question", "answer"), UNCHANGED)
def test_unchanged(question, answer):
    assert clean(question, answer) == CleanText(question, answer, None, (), {})


def test_texts_stand_as_they_were_when_dropped():
    result = clean("1. Why so, then?", "A: Yes.")
    assert result == CleanText("Why so, then?", "Yes.", "too_short", ("labels", "numbering"), {})


def test_lengths_are_settings():
    config = CleanConfig(min_question_chars=30, min_answer_chars=3)
    assert cleaner(config)(Q, A).dropped_by == "too_short"
    assert cleaner(CleanConfig(min_answer_chars=3))(Q, "Yes.").dropped_by is None
    assert cleaner(CleanConfig(max_answer_chars=100))(Q, "x " * 51).dropped_by == "too_long"
    assert cleaner(CleanConfig(max_answer_chars=100))(Q, "x " * 50).dropped_by is None


def test_lengths_that_would_be_ignored_are_refused():
    with pytest.raises(ConfigError, match="leave out min_answer_chars"):
        load_config(None, ["clean.profile=webfaq2", "clean.min_answer_chars=3"])
    assert load_config(None, ["clean.profile=webfaq2", 'clean.mask=["ip"]']).clean.mask == ("ip",)
    with pytest.raises(ConfigError, match=r"clean\.mask"):
        load_config(None, ['clean.mask=["iban"]'])
