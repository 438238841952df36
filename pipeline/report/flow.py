"""The report's sections on the way from crawl files to pairs: head, funnel, languages and their survival."""

from collections.abc import Iterator

from pipeline.report.charts import Bar, compact, long_bars, percent, share_of, short_bars
from pipeline.report.figures import Figures
from pipeline.report.funnel import MIN_UNUSUAL_DROPS, MIN_UNUSUAL_RATIO, NO_LANGUAGE, Funnel
from pipeline.report.html import Html, element
from pipeline.report.texts import CLEAN, EXTRACT, counts_table, details, facts, missing, note, numbered, table

N_LANGUAGES_DRAWN = 30
N_UNUSUAL_SHOWN = 30

MARKED_BELOW = 0.1
"""How far a language's kept share must lie below that of all pairs to stand out in the chart."""


def head(figures: Figures) -> Iterator[Html]:
    """Say in one sentence what the tables hold, then when it was crawled and what identifies the run."""
    pairs = figures.pairs
    languages_named = numbered(len(set(pairs.languages.n) - {NO_LANGUAGE}), "language")
    origins = ("at least " if pairs.origins.max_error else "") + numbered(len(pairs.origins.n), "origin")
    before = f", what cleaning left of {figures.n_raw:,} extracted ones" if figures.n_raw is not None else ""
    yield element(
        "p",
        f"{numbered(pairs.n, 'question-answer pair')} in {languages_named} from {origins}{before}.",
        class_="lede",
    )
    settings = sorted({commit.shard.settings for commit in figures.manifest.commits})
    yield facts(
        [
            ("Pages fetched", _period(figures)),
            ("Key of table pairs", element("code", figures.manifest.key)),
            ("Key of settings", element("code", ", ".join(settings) or "none")),
        ]
    )
    yield note(
        "Keys change with input, settings and code version. Texts come from crawled pages and are shown as "
        "they are; control and direction characters appear as their code points."
    )


def funnel(figures: Figures) -> Iterator[Html]:
    """Show how many files, pages and pairs there were, and what each rule left."""
    yield _stages(figures)
    if figures.funnel is None:
        yield missing("funnel", CLEAN)
    elif not figures.funnel.cells:
        yield note("No pair came to the rules.")
    else:
        for fault in figures.funnel.faults(n_raw=figures.n_raw, n_pairs=figures.pairs.n):
            yield element("p", element("b", "The counts do not add up: "), fault, class_="warning")
        yield from _rules(figures.funnel)
    if figures.scan is None:
        yield missing("scan", EXTRACT)
    else:
        yield details(
            "What became of the responses", counts_table("outcome", "responses", figures.scan.pages)
        )
        yield details("What became of the files", counts_table("outcome", "files", figures.scan.files))
        if figures.scan.n_bytes_lost:
            yield note(f"Lost to damage or truncation: {figures.scan.n_bytes_lost:,} bytes of the files.")
    if figures.questions is not None:
        yield details(
            "What became of the questions on candidate pages",
            counts_table("outcome", "questions", figures.questions),
        )


def languages(figures: Figures) -> Iterator[Html]:
    """Show how many pairs there are in each language."""
    ranked = figures.pairs.languages.ranked()
    most = ranked[0][1] if ranked else 0
    drawn = ranked[:N_LANGUAGES_DRAWN]
    yield short_bars(
        "by-language",
        [Bar(code, compact(n), share_of(n, most)) for code, n in drawn],
        title="Pairs by language",
        summary=f"{_first_of(len(drawn), len(ranked))}, ISO 639-3 codes.",
    )
    yield details(
        "All languages and scripts",
        counts_table("language", "pairs", figures.pairs.languages),
        counts_table("script", "pairs", figures.pairs.scripts),
    )


def survival(figures: Figures) -> Iterator[Html]:
    """Show which share of each language's pairs the rules keep, and which rules hit one unusually hard."""
    if figures.funnel is None:
        yield missing("funnel", CLEAN)
        return
    by_language = figures.funnel.languages()
    came = sum(passage.n_in for passage in by_language.values())
    overall = share_of(sum(passage.n_out for passage in by_language.values()), came)
    drawn = list(by_language.items())[:N_LANGUAGES_DRAWN]
    yield short_bars(
        "survival",
        [
            Bar(
                code,
                percent(passage.kept_share),
                passage.kept_share,
                lost=1 - passage.kept_share,
                marked=passage.kept_share < overall - MARKED_BELOW,
            )
            for code, passage in drawn
        ],
        title="Share kept",
        summary=f"{_first_of(len(drawn), len(by_language))}, those with most extracted pairs first. Over all "
        f"languages {percent(overall)} are kept; those more than {100 * MARKED_BELOW:.0f} points below are "
        "in bold.",
    )
    yield details(
        "All languages",
        table(
            ["language", "extracted", "kept", "share kept"],
            [[code, f"{p.n_in:,}", f"{p.n_out:,}", percent(p.kept_share)] for code, p in by_language.items()],
        ),
    )
    yield from _unusual(figures.funnel)


def _period(figures: Figures) -> str:
    first, last = figures.pairs.first_crawl, figures.pairs.last_crawl
    if first is None or last is None:
        return "unknown"
    days = [f"{moment:%Y-%m-%d}" for moment in (first, last)]
    return days[0] if days[0] == days[1] else f"{days[0]} to {days[1]}"


def _stages(figures: Figures) -> Html:
    scan = figures.scan
    steps = []
    if scan is not None:
        size = f"crawl files, {scan.n_bytes / 1e6:,.1f} MB"
        steps = [
            (scan.n_files, size),
            (scan.pages.n.total(), "responses in them"),
            (scan.n_pages, "candidate pages: they name FAQPage"),
            (scan.pages.n["extracted"], "pages with pairs"),
        ]
    if figures.n_raw is not None:
        steps.append((figures.n_raw, "pairs extracted"))
    steps.append((figures.pairs.n, "pairs after cleaning"))
    return element(
        "ol",
        *(element("li", element("b", compact(n)), element("span", name)) for n, name in steps),
        class_="stages",
    )


def _rules(passed: Funnel) -> Iterator[Html]:
    passages = passed.passages()
    n_first = passages[0][1].n_in
    bars = [
        Bar(
            rule.name,
            f"−{compact(p.n_dropped)} ({percent(p.dropped_share)}) · {compact(p.n_out)} left",
            share_of(p.n_out, n_first),
            lost=share_of(p.n_dropped, n_first),
        )
        for rule, p in passages
        if p.n_dropped
    ]
    n_idle = len(passages) - len(bars)
    yield long_bars(
        "rules",
        [Bar("extracted", compact(n_first), 1.0 if n_first else 0.0), *bars],
        title="What each rule leaves",
        summary="Percentages are of the pairs that come to the rule."
        + (f" Not drawn: {numbered(n_idle, 'rule')} that dropped nothing." if n_idle else ""),
    )
    yield details(
        "The rules in figures",
        table(
            ["rule", "in", "dropped", "share dropped", "text changed", "out"],
            [
                [
                    rule.name,
                    f"{p.n_in:,}",
                    f"{p.n_dropped:,}",
                    percent(p.dropped_share),
                    f"{p.n_changed:,}",
                    f"{p.n_out:,}",
                ]
                for rule, p in passages
            ],
        ),
    )


def _unusual(passed: Funnel) -> Iterator[Html]:
    found = passed.unusual()
    yield element("h3", "Rules that hit a language unusually hard")
    yield note(
        "" if found else "None. ",
        f"Looked for are rules that drop at least {MIN_UNUSUAL_DROPS} pairs of a language, and a share "
        f"{MIN_UNUSUAL_RATIO:g} times as large as that of all other languages' pairs together.",
    )
    if found:
        yield table(
            ["language", "rule", "dropped", "share here", "share elsewhere"],
            [
                [
                    u.language,
                    u.rule.name,
                    f"{u.here.n_dropped:,}",
                    percent(u.here.dropped_share),
                    percent(u.elsewhere.dropped_share),
                ]
                for u in found[:N_UNUSUAL_SHOWN]
            ],
            n_texts=2,
        )


def _first_of(n_drawn: int, n: int) -> str:
    return numbered(n, "language") if n_drawn == n else f"The {n_drawn} largest of {n:,} languages"
