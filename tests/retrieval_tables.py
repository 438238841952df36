"""Retrieval sets for tests of mining, without Spark: written by hand, or some languages of another one."""

import hashlib
import shutil
from collections import defaultdict
from pathlib import Path

from hand_made import filled
from rich.console import Console

from mining.retrieval_set import normal_question
from pipeline.core.config import load_config
from pipeline.core.ids import md5_hex
from pipeline.core.language_parts import LanguagePart, commits_by_language, part_of_id
from pipeline.core.manifest import Commit, Shard, part_path, publish, read_manifest
from pipeline.core.parts import open_part
from pipeline.core.records import Document, Qrel, Query
from pipeline.jobs import mine_parts, run_mine, score_parts

RECORDS = (Document, Query, Qrel)
_SPLITS = ("train", "dev", "test")


def mine(work, *settings, master="none[2]"):
    """What `faqtory mine --set ...` does."""
    return run_mine.mine(
        work=str(work), master=master, config=load_config(None, settings), console=Console(quiet=True)
    )


class Here:
    """A runner that does all shards in this process, and remembers which ones."""

    def __init__(self):
        self.done = []

    def run(self, shards, do, *, report=lambda _: None):
        for n, shard in enumerate(shards, start=1):
            do(shard)
            self.done.append((do.func.__name__, shard.input.split()[0]))
            report(n)

    def __call__(self, *_, **__):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def in_this_process(monkeypatch):
    """Let `mine` work in this process, with as many threads as it likes; returns the runner."""
    runner = Here()
    monkeypatch.setattr(run_mine, "shard_runner", runner)
    for module in (mine_parts, score_parts):
        monkeypatch.setattr(module, "one_thread", lambda: None)
    return runner


def asked(question, *answers, language="eng", site="alder.com", split="train", groups=(), near=None):
    """A query with its positives; `near` is the near_id of the answers, groups are theirs and the query's."""
    return {
        "query_id": md5_hex(f"{language}\n{site}\n{normal_question(question)}"),
        "doc_ids": [doc_id(answer, language) for answer in answers],
        "question": question,
        "answers": answers,
        "language": language,
        "site": site,
        "split": split,
        "groups": [md5_hex(group) for group in groups],
        "near": md5_hex(near) if near else None,
    }


def doc_id(answer, language="eng"):
    return md5_hex(f"{language}\n{answer}")


def write_retrieval_set(work, rows, *, n_parts=None):
    """Make corpus, queries and qrels of what `asked` returns, in so many parts a language, one by default."""
    n_parts = n_parts or {}
    documents = _documents(rows)
    by_part = defaultdict(lambda: ([], [], []))
    for language in sorted({row["language"] for row in rows}):
        for no in range(n_parts.get(language, 1)):
            by_part[LanguagePart(language, no, n_parts.get(language, 1))]
    for document in sorted(documents.values(), key=lambda document: document.doc_id):
        by_part[_part(document.language, document.doc_id, n_parts)][0].append(document)
    for row in sorted(rows, key=lambda row: row["query_id"]):
        splits = {documents[id].split for id in row["doc_ids"]}
        split = row["split"] if splits == {row["split"]} else "overlap"
        _, queries, qrels = by_part[_part(row["language"], row["query_id"], n_parts)]
        queries.append(_query(row, split))
        for id in row["doc_ids"]:
            named = {"query_id": row["query_id"], "doc_id": id, "language": row["language"], "split": split}
            qrels.append(filled(Qrel, **named, relevance=1, n_pairs=1))
    _write(work, by_part)


def take_languages(source, work, languages):
    """Make a retrieval set of some languages of another work folder's."""
    parts = commits_by_language(read_manifest(str(source), Document.TABLE))
    commits = [commit for language in languages for commit in parts[language]]
    for record in RECORDS:
        for commit in commits:
            old, new = (part_path(str(folder), record.TABLE, commit.shard.id) for folder in (source, work))
            Path(new).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(old, new)
    publish(str(work), "split", records=RECORDS, commits=commits)


def contents(work, *tables):
    """The bytes of each part, by table and the name of the part."""
    return {
        (table, commit.shard.input): Path(part_path(str(work), table, commit.shard.id)).read_bytes()
        for table in tables
        for commit in read_manifest(str(work), table).commits
    }


def _part(language, id, n_parts):
    n = n_parts.get(language, 1)
    return LanguagePart(language, part_of_id(id, n), n)


def _documents(rows):
    documents = {}
    for row in rows:
        for id, answer in zip(row["doc_ids"], row["answers"], strict=True):
            known = documents.get(id)
            splits = {row["split"], known.split if known else row["split"]}
            documents[id] = filled(
                Document,
                doc_id=id,
                language=row["language"],
                text=answer,
                split=min(splits, key=_SPLITS.index),
                sites=sorted({row["site"], *(known.sites if known else ())}),
                near_id=row["near"] or (known.near_id if known else None),
                question_keys=sorted({_key(row["question"]), *(known.question_keys if known else ())}),
                group_ids=sorted({*row["groups"], *(known.group_ids if known else ())}),
                n_pairs=1 + (known.n_pairs if known else 0),
            )
    return documents


def _query(row, split):
    named = {name: row[name] for name in ("query_id", "language", "site")}
    return filled(
        Query,
        **named,
        text=row["question"],
        split=split,
        question_key=_key(row["question"]),
        group_ids=row["groups"],
        n_positives=len(row["doc_ids"]),
    )


def _key(question):
    digest = hashlib.sha256(normal_question(question).encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


def _write(work, by_part):
    commits = []
    for part, tables in by_part.items():
        version = hashlib.sha256(repr(tables).encode()).hexdigest()
        shard = Shard.of(part.name, "test", version=version, settings="")
        for record, rows in zip(RECORDS, tables, strict=True):
            with open_part(str(work), record, shard.id) as out:
                for row in rows:
                    out.add(row)
        counts = {record.TABLE: len(rows) for record, rows in zip(RECORDS, tables, strict=True)}
        commits.append(Commit(shard, "read", counts))
    publish(str(work), "split", records=RECORDS, commits=commits)
