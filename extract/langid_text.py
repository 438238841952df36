"""Texts as the language model should see them, and texts that are in no language."""

import re

MAX_CHARS = 160
"""Characters of a question, and of an answer, that the model is shown. Measured on Tatoeba's first halves,
questions of one sentence with answers of eight: 92.1 % right with 160, 92.8 % with 256; in pages of such
pairs the same."""
_SHORT_CHARS = 100
"""Length up to which codes and numbers in a text matter; in longer ones they drown."""

_ADDRESS = re.compile(r"(?:[a-z]{2,10}://|www\.)[!-~]+|[!-?A-~]+@[!-?A-~]+")
_WITH_DIGIT = re.compile(r"[A-Za-z\d/_.-]*\d[A-Za-z\d/_.-]*")
_LOWER_CASE_WORD = re.compile(r"(?:^|[\s('\"«“„¿¡-])[a-zß-öø-ÿα-ωά-ώа-џ]{2}")
_WORD = re.compile(r"[^\W\d_]+")
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}|[^\W\d_\0-\u058f]")
"""Two letters together, or one beyond Latin, Greek and Cyrillic, in scripts that may write a word in it."""
_CASED = re.compile(r"[A-Za-zÀ-ɏͰ-ԯ]")
_MASH = re.compile(
    r"(.)\1\1|qwer|uiop|jkl|wert[yz]|asdf|sdfg|dfgh|fghj|ghjk|[yz]xcv|xcvb|cvbn|vbnm|йцук|фыва|ячсм"
    r"|[bcdfghjklmnpqrstvwxz]{5}|^[bcdfghjkmnpqstvwxz]{4,}$"
)
_MIN_NAMES = 4
"""Words from which on a text without any in lower case counts as a list of names."""


def as_line(text: str) -> str:
    """Return a text's first characters on one line, without addresses, in lower case if all capitals.

    The model knows few words in capitals (`WAS KOSTET DER VERSAND` is nothing to it) or In Title Case.
    """
    line = text[:MAX_CHARS].replace("\n", " ")
    if "://" in line or "@" in line or "www." in line:
        line = _ADDRESS.sub(" ", line)
    return line if _LOWER_CASE_WORD.search(line) else line.lower()


def without_codes(line: str) -> str:
    """Return a short line without the words that have digits: the model reads `SKU-2231` as French."""
    return _WITH_DIGIT.sub(" ", line) if len(line) <= _SHORT_CHARS else line


def has_words(line: str) -> bool:
    """Tell whether there is anything that could be a word, rather than single letters, numbers and marks."""
    return _TWO_LETTERS.search(line) is not None


def is_mash(text: str) -> bool:
    """Tell whether most words look like keyboard mash: rows of keys, repeated letters, consonants alone.

    Meant for texts that the model is unsure of: real words, such as Polish ones, may look like this, too.
    """
    words = _WORD.findall(text.lower())
    return 2 * sum(1 for word in words if _MASH.search(word)) > len(words)


def is_list_of_names(text: str) -> bool:
    """Tell whether no word is in lower case, or there are more digits than letters: products, codes, brands.

    Meant for texts that the model does not recognise. Scripts without upper case have no such lists.
    """
    words = _WORD.findall(text)
    if not all(_CASED.match(word) for word in words):
        return False
    if sum(map(len, words)) < sum(map(str.isdigit, text)):
        return True
    return len(words) >= _MIN_NAMES and not any(word.islower() and len(word) > 1 for word in words)
