"""Mined tables written by hand, without any search or model, as `split` and `mine` leave them."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from hand_made import filled

from pipeline.core.ids import md5_hex
from pipeline.core.language_parts import LanguagePart, part_of_id
from pipeline.core.manifest import Commit, Shard, publish
from pipeline.core.parts import open_part
from pipeline.core.records import Candidate, Document, Negative, Qrel, Query, TeacherScore


@dataclass(frozen=True)
class Doc:
    """One document of a query; a positive where its decision says so."""

    text: str
    score: float | None = None
    decision: str = "kept"
    bm25: int | None = 1
    dense: int | None = None
    is_found: bool = True
    """False for a positive that is no candidate."""

    @property
    def is_positive(self):
        return self.decision == "positive"


@dataclass(frozen=True)
class Asked:
    """One query with its documents; candidates are ranked, and negatives placed, in the order given."""

    question: str
    docs: tuple[Doc, ...]
    language: str = "eng"
    split: str = "train"
    site: str = "one.example"

    @property
    def id(self):
        return md5_hex(f"{self.language}\n{self.question}")

    @property
    def positives(self):
        return [doc for doc in self.docs if doc.is_positive]

    @property
    def candidates(self):
        return [doc for doc in self.docs if doc.is_found]


def doc_id(text, language="eng"):
    return md5_hex(f"{language}\n{text}")


def write_retrieval(work, rows, *, n_parts=1):
    """Make corpus, queries and qrels, in so many parts a language; returns their commits."""
    return _publish(
        work, "split", (Document, Query, Qrel), _sources(rows, n_parts), _retrieval_rows(rows, n_parts)
    )


def write_mined(work, rows, *, n_parts=1, teacher="teacher@1"):
    """Make these and candidates, scores and negatives; without a teacher no scores."""
    commits = write_retrieval(work, rows, n_parts=n_parts)
    by_part = _by_part(rows, n_parts)
    found = {part: [_candidates(asked)] for part, asked in by_part.items()}
    commits = _publish(work, "search", (Candidate,), _after(commits, "search"), found)
    scores = {part: [_scores(asked, teacher)] for part, asked in by_part.items()}
    if teacher:
        commits = _publish(work, "rerank", (TeacherScore,), _after(commits, teacher), scores)
    else:
        publish(str(work), "rerank", records=(TeacherScore,), commits=[])
    decided = {part: [_negatives(asked, teacher)] for part, asked in by_part.items()}
    _publish(work, "select", (Negative,), _after(commits, "select"), decided)
    return str(work)


def _publish(work, stage, records, shards, tables):
    commits = []
    for part, shard in shards.items():
        for record, rows in zip(records, tables[part], strict=True):
            with open_part(str(work), record, shard.id) as out:
                for row in rows:
                    out.add(row)
        counts = {record.TABLE: len(rows) for record, rows in zip(records, tables[part], strict=True)}
        commits.append(Commit(shard, "read", counts))
    publish(str(work), stage, records=records, commits=commits)
    return commits


def _after(commits, settings):
    return {
        LanguagePart.of(commit.shard): Shard.of(
            commit.shard.input, "parquet", version=commit.shard.id, settings=settings
        )
        for commit in commits
    }


def _sources(rows, n_parts):
    version = hashlib.sha256(repr(rows).encode()).hexdigest()
    return {
        part: Shard.of(part.name, "parquet", version=version, settings="split")
        for part in _parts(rows, n_parts)
    }


def _parts(rows, n_parts):
    languages = sorted({asked.language for asked in rows})
    return [LanguagePart(language, no, n_parts) for language in languages for no in range(n_parts)]


def _by_part(rows, n_parts):
    by_part = {part: [] for part in _parts(rows, n_parts)}
    for asked in sorted(rows, key=lambda asked: asked.id):
        by_part[LanguagePart(asked.language, part_of_id(asked.id, n_parts), n_parts)].append(asked)
    return by_part


def _retrieval_rows(rows, n_parts):
    documents = defaultdict(dict)
    for asked in rows:
        for doc in asked.docs:
            id = doc_id(doc.text, asked.language)
            part = LanguagePart(asked.language, part_of_id(id, n_parts), n_parts)
            columns = {"doc_id": id, "language": asked.language, "text": doc.text, "split": asked.split}
            documents[part][id] = filled(Document, **columns)
    return {
        part: [
            [documents[part][id] for id in sorted(documents[part])],
            [_query(asked) for asked in some],
            [row for asked in some for row in _qrels(asked)],
        ]
        for part, some in _by_part(rows, n_parts).items()
    }


def _query(asked):
    named = {name: getattr(asked, name) for name in ("language", "site", "split")}
    return filled(Query, query_id=asked.id, text=asked.question, n_positives=len(asked.positives), **named)


def _qrels(asked):
    ids = sorted(doc_id(doc.text, asked.language) for doc in asked.positives)
    return [
        filled(Qrel, query_id=asked.id, doc_id=id, relevance=1, language=asked.language, split=asked.split)
        for id in ids
    ]


def _candidates(rows):
    return [
        filled(
            Candidate,
            query_id=asked.id,
            doc_id=doc_id(doc.text, asked.language),
            language=asked.language,
            rank=rank,
            rrf_score=1 / (60 + rank),
            bm25_rank=doc.bm25,
            dense_rank=doc.dense,
            is_positive=doc.is_positive,
        )
        for asked in rows
        for rank, doc in enumerate(asked.candidates, start=1)
    ]


def _scores(rows, teacher):
    return [
        filled(
            TeacherScore,
            query_id=asked.id,
            doc_id=doc_id(doc.text, asked.language),
            is_positive=doc.is_positive,
            score=doc.score,
            teacher=teacher,
        )
        for asked in rows
        for doc in asked.docs
    ]


def _negatives(rows, teacher):
    found = []
    for asked in rows:
        place = 0
        for rank, doc in enumerate(asked.candidates, start=1):
            place += doc.decision == "kept"
            columns = {"place": place if doc.decision == "kept" else None, "rank": rank}
            columns["score"] = doc.score if teacher else None
            id = doc_id(doc.text, asked.language)
            named = {"query_id": asked.id, "doc_id": id, "language": asked.language, "decision": doc.decision}
            found.append(filled(Negative, **named, **columns))
    return found
