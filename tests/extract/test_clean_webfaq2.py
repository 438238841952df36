"""Profile webfaq2 against the published rules, written down a second time, step by step, without regexes."""

import json

import pytest
from published_rules import published

from extract.clean import cleaner, rule_names
from extract.shard import ShardScan, read_pages
from pipeline.core.config import CleanConfig, Config
from pipeline.core.manifest import Shard

CONFIG = CleanConfig(profile="webfaq2")
clean = cleaner(CONFIG)
LONG = "This answer has more than thirty characters."


def ours(question, answer):
    result = clean(question, answer)
    return result.dropped_by or (result.question, result.answer)


def test_the_rules_in_their_order():
    assert rule_names(CONFIG) == (
        "strip",
        "empty",
        "question_mark_in_answer",
        "many_newlines",
        "too_short",
        "labels",
        "numbering",
        "quotes",
        "emoji",
    )


LINES_10 = "\n".join(["a line"] * 10)
CASES = [
    ("  ", LONG, "empty"),
    ("What is it?", "\n ", "empty"),
    ("What is it?", "Have you looked? " + LONG, "question_mark_in_answer"),
    ("What is it?", "See https://a.example/?page=1 for more of it.", "question_mark_in_answer"),
    ("これは何ですか？", "本当ですか？" * 10, "too_short"),
    ("これはいったい何ですか？", "本当ですか？" * 10, ("これはいったい何ですか？", "本当ですか？" * 10)),
    ("What is it?", LINES_10, ("What is it?", LINES_10)),
    ("What is it?", LINES_10 + "\nand one", "many_newlines"),
    ("What is it?", LINES_10 + "\n", ("What is it?", LINES_10)),
    ("What is?!", LONG, "too_short"),
    ("What is it", "a" * 29, "too_short"),
    ("What is it", "a" * 30, ("What is it", "a" * 30)),
    ("Q: Why is it?", "A: " + LONG, ("Why is it?", LONG)),
    ("Question: Why is it?", "Answer:\n" + LONG, ("Why is it?", LONG)),
    ("Q: Question: Q: Why?", "A: Answer: A: " + LONG, ("Q: Why?", "A: " + LONG)),
    ("Question: Q: Why?", "Answer: A: " + LONG, ("Q: Why?", "A: " + LONG)),
    ("Q:Why is it so?", "A:" + LONG, ("Q:Why is it so?", "A:" + LONG)),
    ("q: why is it so?", "answer: " + LONG, ("q: why is it so?", "answer: " + LONG)),
    ("A: Why is it so?", "Q: " + LONG, ("A: Why is it so?", "Q: " + LONG)),
    ("1. Why is it?", "1.2 " + LONG, ("Why is it?", LONG)),
    ("1.2.3 Why is it?", "3) " + LONG, ("1.2.3 Why is it?", "3) " + LONG)),
    ("1. 2. Why is it?", "12 " + LONG, ("2. Why is it?", "12 " + LONG)),
    ("1.5 GB of what is it?", "٣. " + LONG, ("GB of what is it?", LONG)),
    ("Q: 1. “Why is it?”", "A: 1. „" + LONG + "“", ("Why is it?", LONG)),
    ('"Why" or "what"?"', "“" + LONG + '"', ('Why" or "what"?', "“" + LONG + '"')),
    ('"“‘Why is it?’”"', "‟" + LONG + "”", ("Why is it?", LONG)),
    ("‘“Why is it?”’", "«" + LONG + "»", ("“Why is it?”", "«" + LONG + "»")),
    ("„Warum ist das?”", "„" + LONG + "“", ("Warum ist das?", LONG)),
    ("😀 Why 1️⃣ is it? 👨‍👩‍👧", LONG + " ©™ 🇩🇪", ("Why  is it?", LONG)),
    ("🚚🚚🚚🚚🚚🚚🚚🚚🚚🚚", LONG, ("", LONG)),
    ("“🚚 Why is it?” ", LONG, ("Why is it?", LONG)),
    ('1.         "', LONG, ("", LONG)),
]


@pytest.mark.parametrize(("question", "answer", "expected"), CASES)
def test_hand_made(question, answer, expected):
    assert ours(question, answer) == expected
    assert published(question, answer) == expected


def raw_pairs(warc_paths):
    for path in warc_paths:
        shard = Shard.of(str(path), "warc", version="", settings="")
        with open(path, "rb") as stream:
            for _, pairs in read_pages(stream, shard=shard, config=Config().extract, scan=ShardScan()):
                yield from ((pair.question, pair.answer) for pair in pairs)


def test_all_pairs_of_the_sample_crawl(sample_crawl):
    pairs = list(raw_pairs(sample_crawl.warc_paths))
    outcomes = [ours(*pair) for pair in pairs]
    assert outcomes == [published(*pair) for pair in pairs]
    assert (
        outcomes.count("question_mark_in_answer") > 100
    )  # good answers, all of them: that is why default exists
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) > 1000


def test_default_keeps_all_pairs_of_the_sample_crawl_as_they_are(sample_crawl):
    default = cleaner(CleanConfig())
    gold = (sample_crawl.gold_dir / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = set(raw_pairs(sample_crawl.warc_paths))
    assert len(pairs) > 1000
    assert len(pairs & {(row["question"], row["answer"]) for row in map(json.loads, gold)}) > 1000
    for question, answer in pairs:
        result = default(question, answer)
        assert (result.question, result.answer, result.dropped_by) == (question, answer, None)


def test_all_pairs_of_real_sites(real_warcs):
    pairs = list(raw_pairs(real_warcs))
    assert len(pairs) > 1000
    assert [ours(*pair) for pair in pairs] == [published(*pair) for pair in pairs]
    default = cleaner(CleanConfig())
    assert {default(*pair).dropped_by for pair in pairs} == {None}
