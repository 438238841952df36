"""A retrieval set of one language, of any size, as `faqtory split` would leave it: corpus, queries, qrels.

Texts are invented words for the token ids of `benchmarks.synthetic_tokens`: each query asks for a document,
and shares most of its words with it.
"""

from pathlib import Path

import numpy as np

from benchmarks.synthetic_tokens import asked_of, documents_of, make_corpus, n_terms_of, queries_of
from mining.retrieval_set import normal_question
from pipeline.core.ids import md5_hex
from pipeline.core.language_parts import language_parts, part_of_id
from pipeline.core.manifest import Commit, Shard, publish, write_commit
from pipeline.core.outcomes import ShardOutcome, Split
from pipeline.core.parts import open_part
from pipeline.core.records import Document, Qrel, Query
from pipeline.core.stages import SPLIT
from pipeline.core.table import Record

LANGUAGE = "eng"
DOCUMENTS_PER_SITE = 20

_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "ai")]


def make_retrieval_set(work: Path, n: int) -> None:
    """Write n documents and at most n queries, all for training; the same size gives the same bytes."""
    tokens = work / "tokens"
    make_corpus(tokens, n, n_queries=n)
    words = np.array([_word(number) for number in range(n_terms_of(tokens))], dtype=object)
    texts = [
        f"{' '.join(words[batch.ids[start:end]])}.".capitalize()
        for batch in documents_of(tokens)
        for start, end in zip(batch.offsets[:-1], batch.offsets[1:], strict=True)
    ]
    asked, queries = asked_of(tokens), queries_of(tokens, n)
    questions = [
        f"{' '.join(words[queries.ids[queries.offsets[i] : queries.offsets[i + 1]]])}?".capitalize()
        for i in range(len(queries))
    ]
    doc_ids = [md5_hex(f"{LANGUAGE}\n{text}") for text in texts]
    sites = [f"site{number // DOCUMENTS_PER_SITE}.example" for number in range(n)]
    query_ids = [
        md5_hex("\n".join((LANGUAGE, sites[document], normal_question(question))))
        for question, document in zip(questions, asked, strict=True)
    ]
    first = dict(
        reversed(list(zip(query_ids, range(len(query_ids)), strict=True)))
    )  # a question twice on a site
    rows = {
        Document: [
            _document(doc_ids[i], texts[i], sites[i])
            for i in dict(zip(doc_ids, range(n), strict=True)).values()
        ],
        Query: [_query(id, questions[i], sites[asked[i]]) for id, i in first.items()],
        Qrel: [_qrel(id, doc_ids[asked[i]]) for id, i in first.items()],
    }
    _write(work, rows, n)


def _word(number: int) -> str:
    """Return an invented word, another one for each number."""
    word, rest = "", number + len(_SYLLABLES)
    while rest:
        rest, syllable = divmod(rest, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
    return word


def _document(doc_id: str, text: str, site: str) -> Document:
    return Document(doc_id, LANGUAGE, text, Split.TRAIN, [site], None, [], [], doc_id, 1)


def _query(query_id: str, text: str, site: str) -> Query:
    key = int(query_id[:15], 16)
    return Query(query_id, LANGUAGE, text, site, Split.TRAIN, key, [], query_id, 1)


def _qrel(query_id: str, doc_id: str) -> Qrel:
    return Qrel(query_id, doc_id, 1, LANGUAGE, Split.TRAIN, query_id, 1)


def _write(work: Path, rows: dict[type[Record], list[object]], n: int) -> None:
    commits = []
    parts = language_parts({LANGUAGE: n})
    by_part = {record: _by_part(record, table, len(parts)) for record, table in rows.items()}
    for part in parts:
        shard = Shard.of(part.name, "parquet", version=str(n), settings="synthetic")
        counts = {}
        for record, table in by_part.items():
            with open_part(str(work), record, shard.id) as out:
                for row in table[part.no]:
                    out.add(row)
            counts[record.TABLE] = out.n_rows
        commits.append(Commit(shard, ShardOutcome.READ, counts))
        write_commit(str(work), SPLIT.name, commits[-1])
    publish(str(work), SPLIT.name, records=SPLIT.writes, commits=commits)


def _by_part(record: type[Record], rows: list[object], n_parts: int) -> list[list[object]]:
    id = "doc_id" if record is Document else "query_id"
    found: list[list[object]] = [[] for _ in range(n_parts)]
    for row in sorted(rows, key=lambda row: getattr(row, id)):
        found[part_of_id(getattr(row, id), n_parts)].append(row)
    return found
