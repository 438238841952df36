"""Languages as models and pages name them, turned into ISO 639-3.

A language has one code whatever names it: the ISO 639-3 code of its two-letter code, where it has one, as in
the published WebFAQ data: zho, ara, fas, msa, swa, lav. The member of a macrolanguage that CLDR takes for the
whole gets its code (cmn is zho, arb ara, zsm msa), others keep theirs (arz, yue, nno). Exceptions: Norwegian
is nob, as models know Nynorsk (nno) apart, and Filipino is tgl. Profile webfaq2 has its own mapping.
"""

from functools import cache

import langcodes
from langcodes.tag_parser import LanguageTagError

UNKNOWN = "und"
"""ISO 639-3's code for an undetermined language."""

_NOT_AS_CLDR = {"nor": "nob", "fil": "tgl", "bih": "bho"}
_WIKIPEDIA_CODES = {"als": "gsw", "eml": "egl"}
"""Labels of lid.176 that are names of Wikipedias; in ISO 639-3 als is Tosk Albanian, and eml is retired."""
_MISTAKEN_TAGS = {
    "jp": "ja",
    "cz": "cs",
    "gr": "el",
    "dk": "da",
    "ua": "uk",
    "vn": "vi",
    "cn": "zh",
    "rs": "sr",
}
"""Country codes that pages write for languages and that are no language codes of their own."""
NO_LANGUAGE = frozenset({UNKNOWN, "mul", "zxx", "mis"})
"""Codes of ISO 639-3 for what is not one language."""

_SCRIPTS = {"azb": ["Arab"], "xal": ["Cyrl"]}
"""Scripts of languages that CLDR counts to another one or has no script for."""
_FURTHER_SCRIPTS = {
    "aze": ["Cyrl", "Arab"],
    "bos": ["Cyrl"],
    "gom": ["Latn"],
    "hbs": ["Cyrl"],
    "jpn": ["Hani"],
    "kaz": ["Latn"],
    "kur": ["Arab", "Cyrl"],
    "mon": ["Mong"],
    "pan": ["Arab"],
    "snd": ["Deva"],
    "srp": ["Latn"],
    "tat": ["Latn"],
    "tgk": ["Arab"],
    "tuk": ["Cyrl"],
    "uig": ["Latn", "Cyrl"],
    "uzb": ["Cyrl"],
    "yue": ["Hani"],
}
"""Scripts that a language is commonly written in, besides its likely one in CLDR."""
_AS_SHARES = {"Hans": "Hani", "Hant": "Hani", "Kore": "Hang", "Hira": "Jpan", "Kana": "Jpan"}
"""Names in CLDR and in models -> names in `script_shares`."""


@cache
def code_of_tag(tag: str) -> str | None:
    """Return the code of a language tag as pages write it (`pt-BR`, `zh_Hans`, `EN`), None if it has none."""
    subtag = tag.strip().lower().replace("_", "-").partition("-")[0]
    if not (2 <= len(subtag) <= 3 and subtag.isascii() and subtag.isalpha()) or subtag in NO_LANGUAGE:
        return None
    try:
        language = langcodes.Language.get(_MISTAKEN_TAGS.get(subtag, subtag), normalize=False)
        macrolanguage = language.prefer_macrolanguage()
        code = (macrolanguage if len(macrolanguage.to_tag()) == 2 else language).to_alpha3()
    except (LanguageTagError, LookupError):
        return None
    return _NOT_AS_CLDR.get(code, code)


def code_of_label(label: str) -> tuple[str, frozenset[str]]:
    """Return the code of a model's label, and the scripts that it may be in, none where any may be.

    Labels are `__label__` and a two- or three-letter code, perhaps with a script: `sr`, `ceb`, `eng_Latn`.
    A label that is no language code stays as it is.
    """
    name, _, script = label.removeprefix("__label__").partition("_")
    if script:
        code = code_of_tag(name) or name
        return code, frozenset({_AS_SHARES.get(script, script)} | ({"Hani"} if script == "Jpan" else set()))
    code = _WIKIPEDIA_CODES.get(name) or code_of_tag(name) or name
    return code, _scripts(code)


def _scripts(code: str) -> frozenset[str]:
    if code in _SCRIPTS:
        return frozenset(_SCRIPTS[code])
    try:
        likely = langcodes.Language.get(code).maximize().script
    except LanguageTagError:
        return frozenset()
    names = [likely] if likely else []
    return frozenset(_AS_SHARES.get(name, name) for name in [*names, *_FURTHER_SCRIPTS.get(code, [])])
