"""Which of the Latin encodings a text is in: the one in which its letters are all of one language.

Mess and letter-frequency statistics do not tell these encodings apart, as they agree in most letters and text
in any of them reads like some language; alphabets do. Letters of foreign names are what the shares are for.
"""

LATIN_ENCODINGS = ("windows-1252", "windows-1250", "iso-8859-2", "windows-1254", "windows-1257")
"""WHATWG names, commonest first."""
LATIN_DECLARED = frozenset({*LATIN_ENCODINGS, "iso-8859-15"})

_ALPHABETS = [  # non-ASCII letters in ordinary use
    frozenset(letters)
    for letters in (
        "àâæçéèêëîïôœùûüÿ",  # French
        "äöüß",  # German
        "áéíñóúüªº",  # Spanish
        "ãáâàçéêíóôõúüªº",  # Portuguese
        "àèéìíîòóù",  # Italian
        "àçèéíïòóúü",  # Catalan
        "åäöéü",  # Swedish, Finnish
        "æøåéòóôü",  # Danish, Norwegian
        "éëïèöüáóí",  # Dutch
        "áðéíóúýþæö",  # Icelandic
        "äõöüšž",  # Estonian
        "ëç",  # Albanian
        "ąćęłńóśźż",  # Polish
        "áčďéěíňóřšťúůýž",  # Czech
        "áäčďéíľĺňóôŕšťúýž",  # Slovak
        "áéíóöőúüű",  # Hungarian
        "ăâîşţ",  # Romanian
        "čćđšž",  # Croatian, Slovene
        "çğıöşüâîû",  # Turkish
        "ąčęėįšųūž",  # Lithuanian
        "āčēģīķļņšūž",  # Latvian
    )
]
_PUNCTUATION = frozenset("\u00a0\u00ad‘’‚“”„‹›«»–—…•·°€£§©®™¿¡×²³½¼%")


def latin_fit(text: str) -> float:
    """Return the share of the non-ASCII characters, punctuation aside, that one language has: 0 to 1."""
    letters = [char for char in text.lower() if char > "\x7f" and char not in _PUNCTUATION]
    letters = [char for char in letters if char != "\u0307"]  # what remains of a lower-cased Turkish İ
    if not letters:
        return 1.0
    return max(sum(map(alphabet.__contains__, letters)) for alphabet in _ALPHABETS) / len(letters)
