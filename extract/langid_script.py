"""Which scripts (ISO 15924) a text is in."""

import re
from collections import Counter
from collections.abc import Mapping

import regex

NO_LETTERS = "Zyyy"
"""ISO 15924's code for characters that are in no script of their own: digits, punctuation, emoji."""
OTHER = "Zzzz"
"""ISO 15924's code for scripts that have no name here."""
LOGOGRAPH_LETTERS = 3
"""Letters of an alphabet that one of Han, kana or Hangul counts as: a text may be Chinese where the brand
names in it have more letters than it has characters. NTREX has 100 letters a sentence in English, 37 in
Chinese."""
KANA_SHARE = 0.05
"""Share of kana among Han and kana above which they are Japanese: Chinese has kana in names at most."""

_SCRIPTS = re.findall(
    r"\w+",
    """Latn Cyrl Arab Grek Hani Hira Kana Hang Deva Beng Hebr Thai Armn Geor Ethi Thaa Tibt Laoo Khmr Mymr
    Sinh Taml Telu Knda Mlym Gujr Guru Orya Mong Syrc Cher Cans Tfng Olck Mtei Nkoo Adlm Vaii Cham Java""",
)
_CHARACTER = regex.compile(
    "|".join(rf"(?P<{name}>[[\p{{L}}\p{{M}}]&&\p{{Script={name}}}])" for name in _SCRIPTS)
    + rf"|(?P<{NO_LETTERS}>[^\p{{L}}]|[\p{{Script=Common}}\p{{Script=Inherited}}])|(?P<{OTHER}>.)",
    regex.V1 | regex.DOTALL,
)
_BEYOND_LATIN = re.compile(
    r"[^\0-\u02ff\u1e00-\u1eff\u2000-\u206f\u20a0-\u2bff\u3000-\u3002\ufe0f\U0001f000-\U0001ffff]"
)
"""What is neither a Latin letter nor one of the marks, symbols and emoji around them."""
_LETTER = re.compile(r"[^\W\d_]")
_LATIN: Mapping[str, float] = {"Latn": 1.0}


class _ScriptOf(dict[str, str]):
    """The script of a character, looked up when it is first met."""

    def __missing__(self, character: str) -> str:
        match = _CHARACTER.match(character)
        script = str(match.lastgroup) if match else NO_LETTERS
        self[character] = script
        return script


_SCRIPT_OF = _ScriptOf()


def script_shares(text: str) -> Mapping[str, float]:
    """Return each script's share in the letters of a text, the largest first; empty without letters.

    Han with some kana is Jpan, with as much Hangul Hang, alone Hani.
    """
    if not _BEYOND_LATIN.search(text):
        return _LATIN if _LETTER.search(text) else {}
    n_letters: Counter[str] = Counter()
    for character, n in Counter(text).items():
        n_letters[_SCRIPT_OF[character]] += n
    del n_letters[NO_LETTERS]
    _join_east_asian(n_letters)
    total = n_letters.total()
    shares = ((script, n / total) for script, n in n_letters.items() if n)
    return dict(sorted(shares, key=lambda share: (-share[1], share[0])))


def _join_east_asian(n_letters: Counter[str]) -> None:
    kana = LOGOGRAPH_LETTERS * (n_letters.pop("Hira", 0) + n_letters.pop("Kana", 0))
    han = LOGOGRAPH_LETTERS * (n_letters.pop("Hani", 0))
    n_letters["Hang"] *= LOGOGRAPH_LETTERS
    if kana > KANA_SHARE * (kana + han):
        n_letters["Jpan"] = kana + han
    elif n_letters["Hang"] >= han:
        n_letters["Hang"] += han
    else:
        n_letters["Hani"] = kana + han


def dominant_script(shares: Mapping[str, float]) -> str:
    """Return the script with the largest share, NO_LETTERS where there are no letters."""
    return next(iter(shares), NO_LETTERS)
