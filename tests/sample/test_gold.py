"""The gold files: consistent with each other, and every text as a right extractor gives it."""

import re
from collections import Counter, defaultdict
from urllib.parse import urlsplit

from pipeline.sample.defects import DEFECTS

WITHOUT_SPACES = {"jpn", "zho", "tha"}


def place(member):
    return member["url"], member["position"]


def text_of(row):
    return row["question"], row["answer"]


def test_pairs_are_sorted_and_positions_run_from_zero(gold):
    rows = gold["pairs"]
    assert [place(row) for row in rows] == sorted(place(row) for row in rows)
    assert len({place(row) for row in rows}) == len(rows)
    positions = defaultdict(list)
    for row in rows:
        positions[row["url"]].append(row["position"])
    assert all(found == list(range(len(found))) for found in positions.values())


def test_every_page_has_as_many_pairs_as_it_says(gold):
    found = Counter(row["url"] for row in gold["pairs"])
    assert {row["url"]: row["n_pairs"] for row in gold["pages"] if row["n_pairs"]} == found
    for row in gold["pages"]:
        assert (row["syntax"] is None) == (row["n_pairs"] + row["n_pairs_withheld"] == 0)
        assert row["opted_out"] == (row["n_pairs_withheld"] > 0)


def test_pairs_are_in_the_actual_language_of_their_page(gold):
    languages = {row["url"]: row["language"] for row in gold["pages"]}
    assert all(row["language"] == languages[row["url"]] for row in gold["pairs"])


def test_every_member_of_every_group_is_a_pair_and_stands_in_one_group(gold):
    pairs = {place(row): row for row in gold["pairs"]}
    for name in ("translations", "near_duplicates", "templates"):
        members = [member for group in gold[name] for member in group["members"]]
        assert members
        assert len({place(member) for member in members}) == len(members)
        for group in gold[name]:
            assert len(group["members"]) > 1
            assert {pairs[place(member)]["site"] for member in group["members"]} == {group["site"]}


def test_translations_are_one_pair_in_each_language(gold):
    pairs = {place(row): row for row in gold["pairs"]}
    for group in gold["translations"]:
        languages = [member["language"] for member in group["members"]]
        assert len(set(languages)) == len(languages)
        for member in group["members"]:
            row = pairs[place(member)]
            assert (row["language"], row["qa_id"]) == (member["language"], group["qa_id"])


def test_every_repeated_text_is_in_one_group_of_duplicates(gold):
    group_of = {
        place(member): number
        for number, group in enumerate(gold["near_duplicates"])
        for member in group["members"]
    }
    by_text = defaultdict(list)
    for row in gold["pairs"]:
        by_text[text_of(row)].append(place(row))
    repeated = [places for places in by_text.values() if len(places) > 1]
    assert len(repeated) > 10
    for places in repeated:
        assert len({group_of[found] for found in places}) == 1


def test_groups_are_exact_or_near_as_they_say(gold):
    pairs = {place(row): row for row in gold["pairs"]}
    kinds = Counter()
    for group in gold["near_duplicates"]:
        rows = [pairs[place(member)] for member in group["members"]]
        kinds[group["kind"]] += 1
        assert {row["language"] for row in rows} == {group["language"]}
        assert (len({text_of(row) for row in rows}) == 1) == (group["kind"] == "exact")
        for one in rows:
            for other in rows:
                assert jaccard(one, other) >= 0.85, (group, one["answer"], other["answer"])
    assert min(kinds["exact"], kinds["near"]) > 15


def jaccard(one, other):
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second)


def shingles(row):
    text = f"{row['question']} {row['answer']}"
    units = re.sub(r"\s", "", text) if row["language"] in WITHOUT_SPACES else text.split()
    return {tuple(units[start : start + 5]) for start in range(max(1, len(units) - 4))}


def test_template_instances_differ_and_are_no_duplicates(gold):
    duplicates = {place(member) for group in gold["near_duplicates"] for member in group["members"]}
    pairs = {place(row): row for row in gold["pairs"]}
    for group in gold["templates"]:
        texts = {text_of(pairs[place(member)]) for member in group["members"]}
        assert len(texts) == len(group["members"])
        assert not duplicates & {place(member) for member in group["members"]}
    alike = [jaccard(pairs[place(g["members"][0])], pairs[place(g["members"][1])]) for g in gold["templates"]]
    assert max(alike) > 0.3  # near enough to tempt


def test_texts_are_plain(gold):
    for row in gold["pairs"]:
        for text in text_of(row):
            assert text == "\n".join(" ".join(line.split()) for line in text.split("\n"))
            assert not re.search(
                r"\n\n|\*\*|\]\(|[\u00a0\u202f\u00ad\ufeff{}]|^- |</?\w+>", text, re.MULTILINE
            )
            assert text
        assert "\n" not in row["question"]


def test_an_answer_by_hand(gold):
    [row] = [row for row in gold["pairs"] if row["url"] == "https://thassianferries.example/de/fahrkarten"][
        2:3
    ]
    assert row["qa_id"] == "refund"
    assert row["language"] == "deu"
    assert row["answer"].split("\n") == [
        "Die Erstattung hängt davon ab, wann Sie stornieren:",
        "mehr als 7 Tage vor der Abfahrt: 100 %",
        "von 7 Tagen bis 24 Stunden vorher: 75 %",
        "von 24 bis 4 Stunden vorher: 50 %",
        "weniger als 4 Stunden vorher: keine Erstattung",
        "Stornieren können Sie unter https://thassianferries.example/cancel mit Ihrer Buchungsnummer und "
        "Ihrem Nachnamen. Das Geld ist innerhalb von 10 Werktagen auf Ihrem Konto.",
        "Müssen wir selbst die Fahrt wegen des Wetters absagen, haben Sie die Wahl: Entweder erstatten wir "
        "den vollen Betrag, oder Sie fahren an einem beliebigen anderen Tag innerhalb der nächsten 12 "
        "Monate. Was ist Ihnen lieber?",
    ]


def test_pages_with_questions_are_the_minority(gold):
    with_pairs = [row for row in gold["pages"] if row["n_pairs"]]
    assert 200 < len(with_pairs) < len(gold["pages"]) / 2


def test_urls_follow_the_layouts_and_are_unique(gold):
    urls = [row["url"] for row in gold["pages"]]
    assert len(set(urls)) == len(urls)
    for row in gold["pages"]:
        parts = urlsplit(row["url"])
        assert parts.scheme == "https"
        assert parts.hostname is not None
        assert parts.hostname.endswith(".example")
    assert {
        "https://nordlysbikes.example/de/fragen-und-antworten",
        "https://hu.pannoniaenergia.example/",
        "https://lindhaven.example/index.nl.html",
        "https://meridiansavings.example/?lang=es",
        "https://nordlysbikes.example/en/faq?print=1",
        "https://thassianferries.example/el/ploio-gia-limnos",
    } <= set(urls)


def test_the_counts_are_those_of_the_files(crawl, gold):
    assert crawl.counts["n_pages"] == len(gold["pages"])
    assert crawl.counts["n_pairs"] == len(gold["pairs"])
    assert crawl.counts["n_distinct_pairs"] == len({text_of(row) for row in gold["pairs"]}) >= 1000
    assert crawl.counts["n_languages"] == len({row["language"] for row in gold["pairs"]}) >= 20
    assert crawl.counts["n_sites"] == len({row["site"] for row in gold["pages"]}) == 14
    assert crawl.counts["warc_bytes"] == sum(path.stat().st_size for path in crawl.warc_paths)


def test_the_untranslated_page_repeats_the_default_language(gold):
    [page] = [row for row in gold["pages"] if row["defect"] == "untranslated"]
    assert (page["declared_language"], page["language"]) == ("fr", "eng")
    repeats = [row for row in gold["pairs"] if row["url"] == page["url"]]
    originals = [
        row for row in gold["pairs"] if row["url"] == "https://quillmark.example/en/sync-and-plugins"
    ]
    assert len(repeats) == page["n_pairs"] > 0
    assert [text_of(row) for row in repeats] == [text_of(row) for row in originals]
    members = [member for group in gold["translations"] for member in group["members"]]
    assert page["url"] not in {member["url"] for member in members}


def test_the_truncated_page_lacks_its_last_pair_only(gold):
    [page] = [row for row in gold["pages"] if row["defect"] == "truncated_last"]
    ids = [row["qa_id"] for row in gold["pairs"] if row["url"] == page["url"]]
    english = [
        row["qa_id"] for row in gold["pairs"] if row["url"].endswith("tarnvalley.example/en/admissions-faq")
    ]
    assert DEFECTS["truncated_last"].n_lost == 1
    assert english
    assert set(ids) < set(english)
    assert english[-1] not in ids
