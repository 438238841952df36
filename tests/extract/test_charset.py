"""Bytes to text, in many languages and encodings, with right, wrong and missing declarations; the parse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import HtmlElement

from extract.charset import MAX_DEPTH, TooComplexError, UndecodableError, decode_html, parse_html

SENTENCES = {
    "ru": "Как вернуть товар? Вы можете вернуть его в течение четырнадцати дней после покупки.",
    "uk": "Як повернути товар? Ви можете повернути його протягом чотирнадцяти днів після придбання.",
    "ja": "商品を返品するにはどうすればいいですか。ご購入から十四日以内であれば、返品できます。",
    "ko": "상품을 어떻게 반품하나요? 구매 후 십사일 이내에 사용하지 않은 상품을 반품할 수 있습니다.",
    "zh": "如何退货？如果商品未使用，您可以在购买后十四天内退货，运费由我们承担。",
    "zh-TW": "如何退貨？如果商品未使用，您可以在購買後十四天內退貨，運費由我們承擔。",
    "ar": "كيف يمكنني إرجاع المنتج؟ يمكنك إرجاع المنتج خلال أربعة عشر يوما من تاريخ الشراء.",
    "he": "איך אפשר להחזיר מוצר? ניתן להחזיר את המוצר בתוך ארבעה עשר יום מיום הקנייה.",
    "el": "Πώς μπορώ να επιστρέψω ένα προϊόν; Μπορείτε να το επιστρέψετε μέσα σε δεκατέσσερις ημέρες.",
    "th": "ฉันจะคืนสินค้าได้อย่างไร คุณสามารถคืนสินค้าได้ภายในสิบสี่วันหลังจากการซื้อ",
    "pl": "Jak mogę zwrócić towar? Możesz zwrócić go w ciągu czternastu dni, jeśli nie był używany.",
    "fr": "Où puis-je retourner un article ? Vous pouvez le renvoyer à l'entrepôt, même après l'été.",
    "tr": "Ürünü nasıl iade edebilirim? On dört gün içinde, kullanılmamış ürünü iade edebilirsiniz.",
}
NATIVE = [  # language, Python codec, label that declares it, WHATWG name
    ("ru", "cp1251", "windows-1251", "windows-1251"),
    ("ru", "koi8-r", "KOI8-R", "koi8-r"),
    ("uk", "cp1251", "cp1251", "windows-1251"),
    ("uk", "koi8-u", "koi8-u", "koi8-u"),
    ("ja", "cp932", "Shift_JIS", "shift_jis"),
    ("ja", "euc-jp", "x-euc-jp", "euc-jp"),
    ("ko", "cp949", "ks_c_5601-1987", "euc-kr"),
    ("zh", "gb18030", "gb18030", "gb18030"),
    ("zh", "gbk", "gb2312", "gbk"),
    ("zh-TW", "big5", "Big5", "big5"),
    ("ar", "cp1256", "windows-1256", "windows-1256"),
    ("he", "cp1255", "windows-1255", "windows-1255"),
    ("el", "iso8859-7", "iso-8859-7", "iso-8859-7"),
    ("th", "cp874", "tis-620", "windows-874"),
    ("pl", "cp1250", "windows-1250", "windows-1250"),
    ("pl", "iso8859-2", "latin2", "iso-8859-2"),
    ("fr", "cp1252", "latin1", "windows-1252"),
    ("tr", "cp1254", "iso-8859-9", "windows-1254"),
]
WRONG = [
    "utf-8",
    "latin1",
    "windows-1251",
    "koi8-r",
    "shift_jis",
    "gb2312",
    "big5",
    "euc-kr",
    "windows-1256",
    "tis-620",
]


def page(text: str, meta: str = "") -> str:
    return f"<html><head>{meta}<title>FAQ</title></head><body><p>{text}</p><p>{text}</p></body></html>"


@pytest.mark.parametrize(("language", "codec", "label", "name"), NATIVE)
def test_right_declaration(language, codec, label, name):
    source = page(SENTENCES[language])
    decoded = decode_html(source.encode(codec), f' "{label.upper()}" ')
    assert (decoded.text, decoded.charset, decoded.source) == (source, name, "http")
    source = page(
        SENTENCES[language], f'<meta http-equiv="Content-Type" content="text/html; charset={label}">'
    )
    decoded = decode_html(source.encode(codec), None)
    assert (decoded.text, decoded.charset, decoded.source) == (source, name, "meta")


@pytest.mark.parametrize(("language", "codec"), [(row[0], row[1]) for row in NATIVE])
def test_missing_declaration(language, codec):
    source = page(SENTENCES[language])
    decoded = decode_html(source.encode(codec), None)
    assert (decoded.text, decoded.source) == (source, "detected")


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("language", "codec"), [(row[0], row[1]) for row in NATIVE])
def test_wrong_declaration_makes_no_mojibake(language, codec, wrong):
    source = page(SENTENCES[language])
    assert decode_html(source.encode(codec), wrong).text == source
    source = page(SENTENCES[language], f"<meta charset={wrong}>")
    assert decode_html(source.encode(codec), None).text == source


@pytest.mark.parametrize(
    "wrong", [None, "latin1", "windows-1251", "shift_jis", "euc-kr", "gb2312", "big5", "no-such"]
)
@pytest.mark.parametrize("language", SENTENCES)
def test_utf8_is_recognised_whatever_is_declared(language, wrong):
    source = page(SENTENCES[language])
    decoded = decode_html(source.encode(), wrong)
    assert (decoded.text, decoded.charset, decoded.source) == (source, "utf-8", "detected")


@pytest.mark.parametrize("language", SENTENCES)
def test_utf16(language):
    source = page(SENTENCES[language])
    for codec, name in (("utf-16-le", "utf-16le"), ("utf-16-be", "utf-16be")):
        bare = decode_html(source.encode(codec), None)
        assert (bare.text, bare.charset, bare.source) == (source, name, "detected")
        marked = decode_html(("\ufeff" + source).encode(codec), "utf-8")
        assert (marked.text, marked.charset, marked.source) == (source, name, "bom")


def test_utf8_mark_beats_the_header_and_is_removed():
    decoded = decode_html(b"\xef\xbb\xbf" + page("Grüße").encode(), "windows-1252")
    assert (decoded.text, decoded.charset, decoded.source) == (page("Grüße"), "utf-8", "bom")


def test_header_beats_meta_where_both_fit():
    body = page("Grüße, Käse, Öl, Äpfel, Übung", '<meta charset="iso-8859-15">').encode("cp1252")
    assert decode_html(body, "windows-1252").source == "http"


def test_the_plausible_one_of_two_declarations_wins():
    source = page(SENTENCES["pl"], "<meta charset=iso-8859-2>")
    decoded = decode_html(source.encode("iso8859-2"), "latin1")  # a server's default against the author
    assert (decoded.text, decoded.charset, decoded.source) == (source, "iso-8859-2", "meta")


LATIN = [
    ("de", "cp1252", "Wie kann ich die Ware zurückschicken? Sie können sie gern zurückgeben. Schöne Grüße"),
    (
        "es",
        "cp1252",
        "¿Cómo puedo devolver un artículo? ¡Añada una nota pequeña! También según la dirección.",
    ),
    ("pt", "cp1252", "Não é possível devolver após a utilização; mais informações à disposição."),
    (
        "sv",
        "cp1252",
        "Du kan returnera den efter köpet, på våra villkor. Vänligen hör av er så återkommer vi.",
    ),
    ("cs", "cp1250", "Zboží můžete vrátit do čtrnácti dnů od nákupu. Přečtěte si naše podmínky."),
    ("cs", "iso8859-2", "Zboží můžete vrátit do čtrnácti dnů od nákupu. Přečtěte si naše podmínky."),
    (
        "hu",
        "iso8859-2",
        "A terméket tizennégy napon belül küldheti vissza. Kérjük, őrizze meg a számlát, köszönjük!",
    ),
    (
        "hr",
        "cp1250",
        "Možete ga vratiti ako nije korišten. Hvala što ste nam vjerovali, šaljemo račun i čekamo.",
    ),
    (
        "ro",
        "iso8859-2",
        "Puteţi returna produsul de la cumpărare, dacă nu a fost folosit. Vă mulţumim că aţi ales.",
    ),
    (
        "tr",
        "cp1254",
        "Siparişiniz üç iş günü içinde ulaşır; değişim için çağrı merkezimizi arayın, teşekkürler.",
    ),
    ("lt", "cp1257", "Prekę galite grąžinti nuo įsigijimo, jei ji nebuvo naudota. Ačiū už supratimą."),
]


@pytest.mark.parametrize(("language", "codec", "text"), LATIN)
def test_latin_encodings_are_told_apart_by_alphabet(language, codec, text):
    assert decode_html(page(text).encode(codec), None).text == page(text)
    assert decode_html(page(text).encode(codec), codec).text == page(text)
    if codec != "cp1252":
        assert decode_html(page(text).encode(codec), "latin1").text == page(text)


def test_foreign_names_do_not_unseat_a_declaration():
    text = "Die Grüße von Şükrü Öztürk und Jürgen Müller stehen auf den schönen Blättern für später."
    assert decode_html(page(text).encode("cp1254"), "windows-1254").charset == "windows-1254"


def test_labels_mean_what_browsers_take_them_for():
    assert decode_html("“smart” 5 €".encode("cp1252"), "iso-8859-1").text == "“smart” 5 €"
    assert decode_html("①髙".encode("cp932"), "shift_jis").text == "①髙"
    assert decode_html("똠방각하 펲시콜라".encode("cp949"), "euc-kr").text == "똠방각하 펲시콜라"
    wide = decode_html("您可以退货㐀字".encode("gb18030"), "gbk")
    assert (wide.text, wide.charset) == ("您可以退货㐀字", "gbk")
    assert decode_html("朱镕基的书，您可以退货".encode("gbk"), "gb2312").text == "朱镕基的书，您可以退货"


def test_ascii_keeps_its_declared_name():
    assert decode_html(b"<p>x</p>", None).charset == "utf-8"
    assert decode_html(b"<p>x</p>", "us-ascii") == decode_html(b"<p>x</p>", "latin1")
    assert decode_html(b"<p>x</p>", "latin1").charset == "windows-1252"


def test_a_meta_that_can_be_read_does_not_say_utf16():
    for text in ("Grüße", "x"):
        decoded = decode_html(f"<meta charset=utf-16le>{text}".encode(), None)
        assert (decoded.charset, decoded.source) == ("utf-8", "meta")


def test_chinese_is_not_thai_though_its_bytes_might_be():
    source = f"<p>{SENTENCES['zh']}</p>"
    assert decode_html(source.encode("gb18030"), "tis-620").text == source


def test_iso_2022_jp():
    source = page(SENTENCES["ja"])
    assert decode_html(source.encode("iso2022-jp"), None).text == source
    assert decode_html(source.encode("iso2022-jp"), "iso-2022-jp").source == "http"


def test_a_damaged_byte_costs_one_character():
    body = (page(SENTENCES["ru"]) * 3).encode()
    at = body.index("можете".encode())
    damaged = body[:at] + b"\xff" + body[at + 2 :]
    decoded = decode_html(damaged, "utf-8")
    assert (decoded.charset, decoded.source) == ("utf-8", "http")
    assert decoded.text == (page(SENTENCES["ru"]) * 3).replace("можете", "\ufffdожете", 1)


@pytest.mark.parametrize("codec", ["utf-8", "shift_jis", "gb18030"])
def test_a_page_that_ends_within_a_character(codec):
    body = ("<p>" + SENTENCES["ja"]).encode(codec)
    cut = body[:-1]
    assert decode_html(cut, codec).text == "<p>" + SENTENCES["ja"][:-1]
    assert decode_html(body + cut, None).text == ("<p>" + SENTENCES["ja"]) + "<p>" + SENTENCES["ja"][:-1]


def test_a_lone_accent_is_no_evidence_against_the_declaration():
    assert decode_html("<p>Café</p>".encode("cp1252"), "latin1").text == "<p>Café</p>"
    assert decode_html("<p>Café</p>".encode("cp1252"), "utf-8").text == "<p>Café</p>"
    assert decode_html("<p>№ 5</p>".encode("cp1251"), "windows-1251").text == "<p>№ 5</p>"


def test_meta_counts_within_the_first_4_kb_and_outside_of_comments():
    meta = b"<meta charset=koi8-r>"
    body = SENTENCES["ru"][:3].encode("koi8-r")
    assert decode_html(b" " * 4000 + meta + body, None).source == "meta"
    assert decode_html(b" " * 4096 + meta + body, None).source == "detected"
    assert decode_html(b"<!-- " + meta + b" -->" + body, None).source == "detected"


def test_compressed_bytes_are_undecodable():
    noise = bytes((i * 7919 + i * i * 31) % 251 for i in range(20_000))
    with pytest.raises(UndecodableError):
        decode_html(b"\x1f\x8b\x08\x00" + noise, None)


@given(st.binary(max_size=400), st.one_of(st.none(), st.text(max_size=12), st.sampled_from(WRONG)))
def test_decoding_raises_nothing_else(body, label):
    try:
        decoded = decode_html(body, label)
    except UndecodableError:
        return
    decoded.text.encode()  # no lone surrogates
    assert decoded.source in ("bom", "http", "meta", "detected")


def test_parse_gives_an_html_element():
    tree = parse_html(
        '<?xml version="1.0" encoding="koi8-r"?><!DOCTYPE html><html lang=fr><p>é<!-- no -->è</html>'
    )
    assert isinstance(tree, HtmlElement)
    assert tree.tag == "html"
    assert tree.get("lang") == "fr"
    assert tree.find(".//p").text == "éè"


@pytest.mark.parametrize("source", ["", " ", "\n", "<!-- only -->", "\x00", "<?xml?>", "<!DOCTYPE html>"])
def test_parse_of_nothing(source):
    assert parse_html(source).tag == "html"


def test_parse_drops_control_characters():
    tree = parse_html("<p>a\x00b\x01c\x0bd\x7fe\tf\ud800</p>")
    assert tree.find(".//p").text == "abc de\tf?"


@pytest.mark.parametrize("depth", [100, 300, 2000])
def test_parse_goes_deep_without_losing_what_follows(depth):
    tree = parse_html("<div>" * depth + "</div>" * depth + '<script type="application/ld+json">{}</script>')
    assert len(tree.findall(".//script")) == 1


@pytest.mark.parametrize("depth", [MAX_DEPTH + 10, 100_000])
def test_parse_refuses_what_libxml2_would_cut(depth):
    with pytest.raises(TooComplexError):
        parse_html("<div>" * depth + "<p>lost</p>")


def test_parse_is_not_affected_by_an_earlier_failure():
    with pytest.raises(TooComplexError):
        parse_html("<div>" * 5000)
    assert parse_html("<p>x").find(".//p").text == "x"


@given(st.text(max_size=300))
def test_parse_never_raises(source):
    assert parse_html(source).tag == "html"
