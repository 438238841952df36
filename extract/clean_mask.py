"""Personal data -> placeholders: e-mail addresses, phone numbers, IP addresses."""

import ipaddress
import re
from collections.abc import Callable, Iterable

PLACEHOLDERS = {"email": "<EMAIL>", "phone": "<PHONE>", "ip": "<IP>"}

_EMAIL = re.compile(
    r"(?<![\w.+%@/-])[\w+%-][\w.+%-]{0,63}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w@-]|\.\w|:[\w/])"
)
_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)", re.ASCII)
_IPV4_HINT = re.compile(r"\d\.\d{1,3}\.\d")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9a-fA-F:.]{0,45}\d)[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])")
_VERSION = re.compile(
    r"(?:\bv|version|versión|versão|versione|wersja|версия|版本|バージョン|버전|release|build|firmware)[\s.:]*$",
    re.IGNORECASE,
)
# Digits in groups, as one writes phone numbers; whether they are one is decided by `_is_phone`.
_GROUP = r"(?:\(\d{1,5}\)|\d{1,15}+(?!\d))"
_DIGITS = re.compile(
    r"[+(\d](?<![\w.,:/#@+$€£¥-].)"
    r"(?:(?<=\+)[ ]?" + _GROUP + r"|(?<=\()\+?\d{1,5}\)|(?<=\d)\d{0,14}+(?!\d))"
    r"(?:(?:[ ]?[-./–‑][ ]?|[ ]|(?<=\)))" + _GROUP + r"){0,9}"
    r"(?![\w@%€$£¥]|[.,:/-]\d)"
)
_PHONE_WORD = re.compile(
    r"(?<![\w<])(?:tel|telefon\w*|phone|call(?:ing)?|ring|fax|mobile|mobil|cell|whatsapp|viber|sms|hotline|dial"
    r"|text|ruf\w*|téléphone|appel\w*|teléfono|llam\w*|telefone|lig(?:ue|ar)|telefono|chiam\w*|bel|belt"
    r"|zadzwo\w*|тел|телефон\w*|звон\w*|дзвон\w*|τηλ\w*|טלפון|هاتف|اتصل|تلفن|फ़ोन|फोन|โทร\w*|điện thoại"
    r"|电话|電話|致电|拨打|전화)[^\d\n]{0,25}$",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"(?:isbn|issn|iban|bic|ean|gtin|sku|asin|order|bestell\w*|kunden\w*|rechnung\w*|invoice|article|artikel\w*"
    r"|item|ref\w*|account|konto\w*|model|serial|tracking|ticket|case|№|n[or]|nº|n°|#)[-\s.:#]*"
    r"(?:is|number|nummer|no)?[\s.:#]*$",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|\d{4}\s?[-–/]\s?\d{4}")
_NONZERO = frozenset("123456789")
_NORTH_AMERICAN = re.compile(r"(?:1[-. ])?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{4}")
_TRUNK = re.compile(
    r"(?:0\d{1,5}|\(0\d{1,5}\))[ ]?[-/ ][ ]?\d{2,8}(?:[ -]\d{1,8}){0,6}"
    r"|8[- ]?(?:\(\d{3}\)|\d{3})[- ]\d{3}[- ]\d{2}[- ]\d{2}"
)


def masker(kinds: Iterable[str]) -> Callable[[str], str]:
    """Return the function that replaces the given kinds (`email`, `phone`, `ip`) by their placeholders.

    Precise rather than complete: versions, dates, prices, ISBNs and order numbers stay. A number without a
    plus sign is a phone number where it is grouped like one or a word such as "call" stands before it.
    """
    chosen = [_MASKS[kind] for kind in _MASKS if kind in frozenset(kinds)]

    def mask(text: str) -> str:
        for replace in chosen:
            text = replace(text)
        return text

    return mask


def placeholder_counts(text: str) -> dict[str, int]:
    """Return how many placeholders of each kind the text has."""
    return {kind: text.count(placeholder) for kind, placeholder in PLACEHOLDERS.items()}


def _mask_email(text: str) -> str:
    return _EMAIL.sub(PLACEHOLDERS["email"], text) if "@" in text else text


def _mask_ip(text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        before = text[max(0, match.start() - 20) : match.start()]
        try:
            ipaddress.ip_address(match[0])
        except ValueError:
            return match[0]
        return match[0] if _VERSION.search(before) else PLACEHOLDERS["ip"]

    if "::" in text or text.count(":") >= 7:
        text = _IPV6.sub(replaced, text)
    return _IPV4.sub(replaced, text) if _IPV4_HINT.search(text) else text


def _mask_phone(text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        before = text[max(0, match.start() - 40) : match.start()]
        return PLACEHOLDERS["phone"] if _is_phone(match[0], before) else match[0]

    return _DIGITS.sub(replaced, text)


def _is_phone(number: str, before: str) -> bool:
    n_digits = sum(map(str.isdigit, number))
    if number.startswith("+"):
        return 7 <= n_digits <= 15  # E.164 allows 15 digits
    if number.startswith("00") and number[2:3] in _NONZERO:
        return 10 <= n_digits <= 17
    if not 6 <= n_digits <= 15 or _OTHER_NUMBER.search(before) or _DATE.fullmatch(number):
        return False
    if _NORTH_AMERICAN.fullmatch(number) or (n_digits >= 8 and _TRUNK.fullmatch(number)):
        return True
    return _PHONE_WORD.search(before) is not None


_MASKS = {"email": _mask_email, "ip": _mask_ip, "phone": _mask_phone}
