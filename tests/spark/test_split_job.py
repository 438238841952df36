"""The split job on a real local Spark: what is one query, one document, one split; releases, kills, parts."""

import hashlib
import json
import os
import random
from collections import Counter, defaultdict
from itertools import combinations

import pytest
from hand_made import filled
from rich.console import Console
from work_tables import read, run_clean, write_pairs, write_pairs_raw

from mining.components import components
from mining.dedup import compare, fact_key
from mining.retrieval_set import normal_question, split_of
from pipeline.core import language_parts
from pipeline.core.config import SplitConfig, load_config
from pipeline.core.errors import ConfigError
from pipeline.core.ids import pair_id
from pipeline.core.language_parts import commits_by_language, part_of_id
from pipeline.core.manifest import Commit, Shard, part_path, publish, read_commits, read_manifest
from pipeline.core.outcomes import Split
from pipeline.core.parts import open_part
from pipeline.core.records import GroupMember, Pair, ParallelGroup
from pipeline.jobs.align import cleaned_tables, input_version
from pipeline.jobs.run_split import split
from pipeline.summary import print_split_summary

pytestmark = pytest.mark.spark

TABLES = ("corpus", "queries", "qrels")
KEYS = {"corpus": "doc_id", "queries": "query_id", "qrels": "query_id"}
SEVERAL_BANDS = "dedup.n_bands=40"
"""So that a pair of Jaccard 0.83 is missed once in 100,000 times."""


def run(work, *settings, master="local[2]"):
    config = load_config(None, [SEVERAL_BANDS, *settings])
    return split(work=str(work), master=master, config=config, console=Console(quiet=True))


def pair(question, answer, site="alder.com", language="eng"):
    """A row of pairs; alder, birch and cedar are sites of train, pine is of dev, plum of test."""
    text = {"id": pair_id(question, answer), "question": question, "answer": answer}
    return filled(Pair, **text, language=language, url=f"https://www.{site}/faq")


def text_of(seed, *changes, n_words=60):
    """Invented words without names and numbers, those at the places `changes` exchanged for others."""
    words = ["".join(chr(97 + int(d)) for d in f"{seed}{n:03d}") for n in range(n_words)]
    for place in changes:
        words[place] = f"other{words[place]}"
    return " ".join(words)


def md5(*parts):
    return hashlib.md5("\n".join(parts).encode()).hexdigest()


def rows_by(work, table, *names):
    """The rows of a table by a column, or by several."""
    rows = read(work, table).to_pylist()
    found = {tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]: row for row in rows}
    assert len(found) == len(rows)
    return found


def contents(work):
    """The bytes of each part, by table and the name of the part: not of the file, which names its input."""
    return {
        (table, commit.shard.input): part(work, table, commit).read_bytes()
        for table in TABLES
        for commit in read_manifest(str(work), table).commits
    }


def part(work, table, commit):
    return work / os.path.relpath(part_path(str(work), table, commit.shard.id), str(work))


def write_groups(work, groups):
    """Make table parallel_groups, of dictionaries language -> id of a pair, as made from these pairs."""
    shard = Shard.of("groups", "test", version=input_version(cleaned_tables(str(work))), settings="")
    with open_part(str(work), ParallelGroup, shard.id) as rows:
        for group in groups:
            members = [GroupMember(language, id) for language, id in sorted(group.items())]
            rows.add(ParallelGroup(min(group.values()), "alder.com", len(group), members, 0.9))
    commit = Commit(shard, "read", {ParallelGroup.TABLE: rows.n_rows})
    publish(str(work), "groups", records=[ParallelGroup], commits=[commit])


OPEN = [
    pair("When do you open?", "At nine in the morning."),
    pair("when do you open", "Our doors open at ten."),
]
PARK = [
    pair("Is there parking?", "Yes, behind the house."),
    pair("Where can I park?", "Yes, behind the house.", "birch.com"),
]
BASE, NEAR, FAR = text_of(1), text_of(1, 30), text_of(1, 30, 50)  # FAR is near NEAR, not near BASE
REPEATED = [pair("How?", BASE), pair("How so?", BASE), pair("And how?", NEAR), pair("How far?", FAR)]
ROME, OSLO = (f"{text_of(2)} to {city} {text_of(3)}" for city in ("Rome", "Oslo"))
SIBLINGS = [pair("How long to Rome?", ROME, "cedar.com"), pair("How long to Oslo?", OSLO, "cedar.com")]
SHARED = [
    pair("Do you ship?", "To every address in the land."),
    pair("Do you ship it?", "To every address in the land.", "plum.com"),
    pair("Who are you?", "A house that grows plums.", "plum.com"),
    pair("Who is it?", "A house among the pines.", "pine.com"),
]
GERMAN = [pair("Wie?", BASE, language="deu"), pair("Wann?", "Um neun Uhr.", language="deu")]
FEW, MOST = sorted(
    (text_of(4), f"{text_of(4)[:-1]}{text_of(4)[-1].upper()}"), key=lambda text: fact_key("", text)
)
"""One text in two cases: in a bucket of seven, two of FEW meet MOST only when all of a cluster do."""
CROWD = [
    *(pair(f"Where is the {text_of(5, n_words=n)} kept?", FEW.replace(" ", "\n", n)) for n in range(1, 7)),
    *(pair(question, MOST) for question in ("Who waters all the gardens?", "Who else waters them?")),
]
UNKNOWN = [pair("???", "!!!", language="und")]
HAND_MADE = [*OPEN, *PARK, *REPEATED, *SIBLINGS, *SHARED, *GERMAN, *CROWD, *UNKNOWN]
GROUP = {"eng": OPEN[0].id, "deu": GERMAN[1].id}


@pytest.fixture(scope="module")
def hand_made(tmp_path_factory):
    work = tmp_path_factory.mktemp("split")
    write_pairs(work, [HAND_MADE])
    write_groups(work, [GROUP])
    return work, run(work)


def test_questions_of_a_site_that_differ_in_case_and_marks_are_one_query(hand_made):
    query = rows_by(hand_made[0], "queries", "query_id")[md5("eng", "alder.com", "whendoyouopen")]
    first = min(OPEN, key=lambda row: row.id)
    assert (query["text"], query["pair_id"]) == (first.question, first.id)
    assert (query["n_positives"], query["site"], query["split"]) == (2, "alder.com", "train")
    qrels = [q for q in read(hand_made[0], "qrels").to_pylist() if q["query_id"] == query["query_id"]]
    assert {q["doc_id"]: q["pair_id"] for q in qrels} == {md5("eng", row.answer): row.id for row in OPEN}
    assert {(q["relevance"], q["n_pairs"], q["language"], q["split"]) for q in qrels} == {
        (1, 1, "eng", "train")
    }


def test_equal_answers_are_one_document_of_several_queries_and_sites(hand_made):
    document = rows_by(hand_made[0], "corpus", "doc_id")[md5("eng", "Yes, behind the house.")]
    queries = rows_by(hand_made[0], "queries", "query_id")
    asked = [
        queries[md5("eng", site, normal_question(row.question))]
        for row, site in zip(PARK, ("alder.com", "birch.com"), strict=True)
    ]
    assert document["sites"] == ["alder.com", "birch.com"]
    assert document["question_keys"] == sorted(query["question_key"] for query in asked)
    assert (document["n_pairs"], document["near_id"]) == (2, None)
    assert document["pair_id"] == min(row.id for row in PARK)


def test_near_duplicates_are_the_document_of_most_pairs_but_only_where_they_are_near_to_it(hand_made):
    corpus = rows_by(hand_made[0], "corpus", "text", "language")
    base, far = corpus[BASE, "eng"], corpus[FAR, "eng"]
    assert base["n_pairs"] == 3
    assert (NEAR, "eng") not in corpus
    assert far["n_pairs"] == 1
    assert base["near_id"] == far["near_id"] == min(base["doc_id"], far["doc_id"])
    assert corpus[BASE, "deu"]["near_id"] is None, "a document of each language"
    assert corpus[BASE, "deu"]["doc_id"] == md5("deu", BASE)


def test_a_crowd_of_near_duplicates_is_one_document_though_not_all_of_them_met(hand_made):
    corpus = rows_by(hand_made[0], "corpus", "text", "language")
    assert corpus[MOST, "eng"]["n_pairs"] == len(CROWD) == 8
    assert not any(text.split() == FEW.split() for text, _ in corpus)


def test_siblings_of_a_template_stay_apart_and_share_a_near_id(hand_made):
    corpus = rows_by(hand_made[0], "corpus", "text", "language")
    rome, oslo = corpus[ROME, "eng"], corpus[OSLO, "eng"]
    assert rome["doc_id"] != oslo["doc_id"]
    assert rome["near_id"] == oslo["near_id"] == min(rome["doc_id"], oslo["doc_id"])


def test_an_answer_of_two_splits_is_of_train_and_its_other_query_of_no_use(hand_made):
    queries = rows_by(hand_made[0], "queries", "text", "language")
    splits = {row.question: queries[row.question, "eng"]["split"] for row in SHARED}
    assert splits == {
        "Do you ship?": "train",
        "Do you ship it?": "overlap",
        "Who are you?": "test",
        "Who is it?": "dev",
    }
    document = rows_by(hand_made[0], "corpus", "doc_id")[md5("eng", SHARED[0].answer)]
    assert (document["split"], document["sites"]) == ("train", ["alder.com", "plum.com"])
    by_query = {q["query_id"]: q["split"] for q in read(hand_made[0], "qrels").to_pylist()}
    assert by_query == {query["query_id"]: query["split"] for query in queries.values()}


def test_parallel_groups_stand_beside_queries_and_documents(hand_made):
    group = min(GROUP.values())
    queries = rows_by(hand_made[0], "queries", "text", "language")
    assert {key for key, row in queries.items() if row["group_ids"]} == {
        (min(OPEN, key=lambda row: row.id).question, "eng"),
        ("Wann?", "deu"),
    }
    grouped = [row for row in read(hand_made[0], "corpus").to_pylist() if row["group_ids"]]
    assert {row["text"] for row in grouped} == {OPEN[0].answer, "Um neun Uhr."}
    assert {tuple(row["group_ids"]) for row in grouped} == {(group,)}


def test_the_summary_counts_what_is_there_and_what_is_left_out(hand_made):
    _, summary = hand_made
    assert (summary.n_pairs, summary.n_unknown_language, summary.is_aligned) == (25, 1, True)
    assert (summary.n_documents, summary.n_queries, summary.n_positives) == (13, 23, 24)
    counts = summary.languages
    assert list(counts) == ["eng", "deu"]
    assert counts["eng"] == {
        "n_documents": 11,
        "n_queries": 21,
        "n_positives": 22,
        "n_train": 18,
        "n_dev": 1,
        "n_test": 1,
        "n_overlap": 1,
    }
    assert counts["deu"]["n_train"] == 2


def test_without_near_duplicates_only_equal_texts_are_one_document(tmp_path):
    write_pairs(tmp_path, [REPEATED])
    summary = run(tmp_path, "dedup.near_duplicates=false")
    assert (summary.n_documents, summary.is_aligned) == (3, False)
    rows = read(tmp_path, "corpus").to_pylist()
    assert {row["near_id"] for row in rows} == {None}
    assert sorted(row["n_pairs"] for row in rows) == [1, 1, 2]


def test_a_further_site_moves_no_query(hand_made, tmp_path):
    more = [pair("What is new?", f"The site of the {tree}s is.", f"{tree}.com") for tree in ("kiwi", "fig")]
    write_pairs(tmp_path, [[*HAND_MADE, *more]])
    write_groups(tmp_path, [GROUP])
    run(tmp_path)
    before, after = rows_by(hand_made[0], "queries", "query_id"), rows_by(tmp_path, "queries", "query_id")
    assert {id: row for id, row in after.items() if id in before} == before
    assert len(after) == len(before) + 2


def test_a_rerun_has_nothing_to_do_and_a_killed_run_goes_on(hand_made, tmp_path, monkeypatch):
    monkeypatch.setattr(language_parts, "ROWS_PER_PART", 5)
    write_pairs(tmp_path, [HAND_MADE])
    write_groups(tmp_path, [GROUP])

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.jobs.split.publish", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path)
    assert read_manifest(str(tmp_path), "corpus") is None
    commits = sorted(read_commits(str(tmp_path), "split"), key=lambda c: c.shard.input)
    assert [c.shard.input for c in commits] == ["deu 000000 of 000001"] + [
        f"eng {no:06d} of 000005" for no in range(5)
    ]
    lost, kept = commits[2], [c for c in commits if c != commits[2]]
    written = {
        path: path.read_bytes() for c in commits for table in TABLES for path in [part(tmp_path, table, c)]
    }
    for table in TABLES:
        part(tmp_path, table, lost).unlink()
    (tmp_path / "commits" / "split" / f"{lost.shard.id}.json").unlink()
    times = {part(tmp_path, t, c): part(tmp_path, t, c).stat().st_mtime_ns for t in TABLES for c in kept}
    summary = run(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in times} == times, "what was finished is not done again"
    assert {path: path.read_bytes() for path in written} == written
    assert summary.figures() | {"start_s": 0, "work_s": 0, "work": ""} == hand_made[1].figures() | {
        "start_s": 0,
        "work_s": 0,
        "work": "",
    }
    monkeypatch.setattr(
        "pipeline.jobs.session.spark_session", lambda *_, **__: pytest.fail("Spark was started")
    )
    again = run(tmp_path)
    assert (again.languages, again.start_s) == (summary.languages, 0)


def random_pairs(seed, n=500):
    """Pairs of many sites and four languages whose questions and answers repeat, exactly and nearly."""
    chance = random.Random(seed)
    sites = ["alder.com", "birch.com", "cedar.com", "pine.com", "apple.com", "plum.com", "fig.com"]
    answers = [text_of(*change) for n in range(10, 30) for change in ((n,), (n, 20), (n, 20, 40))]
    answers += [f"{text_of(n)} to {city} {text_of(n)}" for n in range(30, 40) for city in ("Rome", "Oslo")]
    answers += [f"Short answer {text_of(n, n_words=3)}." for n in range(40, 60)]
    asked = [f"What about {text_of(n, n_words=2)}" for n in range(60, 120)]
    found = {}
    for _ in range(n):
        question = chance.choice(asked) + chance.choice(["", "?", " ?"])
        language = chance.choice(["eng", "eng", "deu", "fra", "und"])
        row = pair(question, chance.choice(answers), chance.choice(sites), language)
        found[row.id] = row
    return list(found.values())


def expected(pairs):
    """All rows of the three tables, by a plain reading of the rules."""
    pairs = [row for row in pairs if row.language != "und"]
    text_ids = {row.id: md5(row.language, row.answer) for row in pairs}
    texts = {text_ids[row.id]: row.answer for row in pairs}
    languages = {text_ids[row.id]: row.language for row in pairs}
    n_of = Counter(text_ids.values())

    def found(a, b):
        return compare(("", texts[a]), ("", texts[b]), ngram=5)

    close = {
        (a, b): found(a, b).same_facts
        for a, b in combinations(sorted(texts), 2)
        if languages[a] == languages[b] and found(a, b).jaccard >= 0.8
    }
    node = {id: n for n, id in enumerate(sorted(texts))}
    ids = sorted(texts)
    same = components((node[a], node[b]) for (a, b), is_same in close.items() if is_same)
    document = {id: id for id in texts}
    for root in set(same.values()):
        members = [ids[n] for n, r in same.items() if r == root]
        best = min(members, key=lambda text: (-n_of[text], text))
        for id in members:
            if close.get((min(id, best), max(id, best))):
                document[id] = best
    ends = ((node[document[a]], node[document[b]]) for a, b in close)
    near = {ids[n]: ids[root] for n, root in components((a, b) for a, b in ends if a != b).items()}

    of_document, of_query, of_qrel = defaultdict(list), defaultdict(list), defaultdict(list)
    site = {row.id: row.url.split("/")[2].removeprefix("www.") for row in pairs}
    split_by = {row.id: split_of(site[row.id], SplitConfig()) for row in pairs}
    for row in pairs:
        query = md5(row.language, site[row.id], normal_question(row.question))
        of_document[document[text_ids[row.id]]].append(row)
        of_query[query].append(row)
        of_qrel[query, document[text_ids[row.id]]].append(row)
    order = (Split.TRAIN, Split.DEV, Split.TEST)
    doc_split = {
        doc: min((split_by[row.id] for row in rows), key=order.index) for doc, rows in of_document.items()
    }
    corpus = {
        doc: {
            "text": texts[doc],
            "language": languages[doc],
            "split": doc_split[doc],
            "sites": sorted({site[row.id] for row in rows}),
            "near_id": near.get(doc),
            "pair_id": min(row.id for row in rows),
            "n_pairs": len(rows),
        }
        for doc, rows in of_document.items()
    }
    queries = {}
    for query, rows in of_query.items():
        first = min(rows, key=lambda row: row.id)
        docs = {document[text_ids[row.id]] for row in rows}
        clean = all(doc_split[doc] == split_by[first.id] for doc in docs)
        queries[query] = {
            "text": first.question,
            "language": first.language,
            "site": site[first.id],
            "split": split_by[first.id] if clean else "overlap",
            "pair_id": first.id,
            "n_positives": len(docs),
        }
    qrels = {
        key: {
            "pair_id": min(row.id for row in rows),
            "n_pairs": len(rows),
            "split": queries[key[0]]["split"],
            "language": rows[0].language,
        }
        for key, rows in of_qrel.items()
    }
    return corpus, queries, qrels


@pytest.fixture(scope="module")
def at_random(tmp_path_factory):
    work = tmp_path_factory.mktemp("random")
    pairs = random_pairs(1)
    write_pairs(work, [pairs])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(language_parts, "ROWS_PER_PART", 60)
        run(work)
    return work, pairs


def test_random_pairs_give_what_a_plain_reading_of_the_rules_gives(at_random):
    work, pairs = at_random
    corpus, queries, qrels = expected(pairs)
    assert sum(row["near_id"] is not None for row in corpus.values()) > 20
    assert {row["split"] for row in queries.values()} == {"train", "dev", "test", "overlap"}
    assert max(row["n_positives"] for row in queries.values()) > 1
    tables = (
        ("corpus", corpus, rows_by(work, "corpus", "doc_id")),
        ("queries", queries, rows_by(work, "queries", "query_id")),
        ("qrels", qrels, rows_by(work, "qrels", "query_id", "doc_id")),
    )
    for table, wanted, found in tables:
        assert {
            key: {name: row[name] for name in wanted.get(key, row)} for key, row in found.items()
        } == wanted, table


def test_what_a_document_answers_is_what_its_queries_ask(at_random):
    queries, corpus = rows_by(at_random[0], "queries", "query_id"), rows_by(at_random[0], "corpus", "doc_id")
    keys = defaultdict(set)
    for qrel in read(at_random[0], "qrels").to_pylist():
        keys[qrel["doc_id"]].add(queries[qrel["query_id"]]["question_key"])
    assert {id: row["question_keys"] for id, row in corpus.items()} == {
        id: sorted(of) for id, of in keys.items()
    }


def test_parts_of_a_language_hold_its_ids_in_order(at_random):
    for table, key in KEYS.items():
        manifest = read_manifest(str(at_random[0]), table)
        n_pairs = Counter(row.language for row in at_random[1])
        by_language = commits_by_language(manifest)
        assert {name: len(of) for name, of in by_language.items()} == {
            name: -(-n_pairs[name] // 60) for name in ("deu", "eng", "fra")
        }
        import pyarrow.parquet as pq

        for language, commits in by_language.items():
            tables = [pq.read_table(part(at_random[0], table, commit)) for commit in commits]
            ids = [id for rows in tables for id in rows[key].to_pylist()]
            assert ids == sorted(ids)
            assert {name for rows in tables for name in rows["language"].to_pylist()} == {language}
            for no, rows in enumerate(tables):
                assert {part_of_id(id, len(tables)) for id in rows[key].to_pylist()} <= {no}


def test_the_same_bytes_from_other_parts_and_cores(at_random, tmp_path, monkeypatch):
    work, pairs = at_random
    monkeypatch.setattr(language_parts, "ROWS_PER_PART", 60)
    shuffled = random.Random(7).sample(pairs, len(pairs))
    write_pairs(tmp_path, [shuffled[n::5] for n in range(5)])
    run(tmp_path, "spark.conf={'spark.sql.shuffle.partitions' = '7'}", master="local[1]")
    assert contents(tmp_path) == contents(work)
    assert len(contents(work)) > 15


def test_the_sample_crawl(sample_pairs, tmp_path):
    write_pairs_raw(tmp_path, [sample_pairs])
    run_clean(tmp_path)
    summary = run(tmp_path)
    pairs = read(tmp_path, "pairs").to_pylist()
    assert summary.n_positives == read(tmp_path, "qrels").num_rows
    assert sum(row["n_pairs"] for row in read(tmp_path, "corpus").to_pylist()) == len(pairs)
    assert {row["pair_id"] for row in read(tmp_path, "qrels").to_pylist()} <= {row["id"] for row in pairs}
    texts = {row["id"]: (row["question"], row["answer"]) for row in pairs}
    corpus = rows_by(tmp_path, "corpus", "doc_id")
    for row in read(tmp_path, "queries").to_pylist():
        assert row["text"] == texts[row["pair_id"]][0]
    for qrel in read(tmp_path, "qrels").to_pylist():
        assert compare(
            ("", corpus[qrel["doc_id"]]["text"]), ("", texts[qrel["pair_id"]][1]), ngram=5
        ).same_facts
    test_sites = {row["site"] for row in read(tmp_path, "queries").to_pylist() if row["split"] == "test"}
    train_sites = {site for row in corpus.values() if row["split"] == "train" for site in row["sites"]}
    assert test_sites
    assert not test_sites & train_sites - {
        s for r in corpus.values() if len(r["sites"]) > 1 for s in r["sites"]
    }


def test_pairs_of_no_known_language_make_empty_tables(tmp_path):
    write_pairs(tmp_path, [UNKNOWN])
    summary = run(tmp_path)
    assert (summary.n_documents, summary.n_unknown_language, summary.languages) == (0, 1, {})
    assert [read_manifest(str(tmp_path), table).n_rows for table in TABLES] == [0, 0, 0]


def test_missing_and_outdated_tables_end_in_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"no table pairs; `faqtory clean --work"):
        run(tmp_path)
    write_pairs(tmp_path, [HAND_MADE])
    write_groups(tmp_path, [GROUP])
    write_pairs(tmp_path, [HAND_MADE[1:]])
    with pytest.raises(
        ConfigError, match=r"parallel_groups of .* is of earlier pairs; `faqtory align --work"
    ):
        run(tmp_path)
    publish(str(tmp_path), "dedup", records=[Pair], commits=[])
    with pytest.raises(ConfigError, match=r"pairs and funnel of .* are not of one run; `faqtory clean"):
        run(tmp_path)


def test_the_figures_are_json(hand_made):
    assert json.loads(json.dumps(hand_made[1].figures()))["languages"]["deu"]["n_queries"] == 2


def test_what_a_person_sees(hand_made):
    out = Console(width=120)
    with out.capture() as printed:
        print_split_summary(hand_made[1], console=out)
    lines = [" ".join(line.split()) for line in printed.get().splitlines()]
    assert lines[:4] == [
        "language documents queries positives a query train dev test overlap",
        "eng 11 21 1.05 18 1 1 1",
        "deu 2 2 1.00 2 0 0 0",
        "all 2 13 23 1.04 20 1 1 1",
    ]
    assert lines[4].startswith("Languages without dev queries: 1;")
    assert "Left out, as their language is not known: 1 pairs." in lines
    assert not any("No parallel groups" in line for line in lines)
