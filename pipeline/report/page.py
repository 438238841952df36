"""The report's page: its frame, and its sections in order."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from pipeline.report import content, flow, negatives, translations
from pipeline.report.figures import Figures
from pipeline.report.html import Html, document, element, stylesheet


def render(figures: Figures) -> Html:
    """Build the whole page."""
    title = "FAQ pairs: report"
    parts = [
        ("funnel", "From crawl files to pairs", flow.funnel),
        ("languages", "Languages", flow.languages),
        ("survival", "What remains of each language", flow.survival),
        ("lengths", "Lengths", content.lengths),
        ("markup", "Markup", content.markup),
        ("origins", "Origins", content.origins),
        ("duplicates", "Duplicates", content.duplicates),
        ("rejects", "Dropped pairs", content.rejects),
        ("similarity", "Do answers fit their questions?", content.similarity),
        ("translations", "Translations", translations.translations),
        ("swap-test", "Swap test of translations", translations.swap_test),
        *([("retrieval", "Retrieval set", negatives.retrieval)] if figures.retrieval else []),
        *([("negatives", "Hard negatives", negatives.negatives)] if figures.mined else []),
        ("samples", "Sample pairs", content.samples),
        ("sample-translations", "Sample translations", translations.samples),
        *([("sample-negatives", "Sample negatives", negatives.samples)] if figures.mined else []),
    ]
    links = [element("li", element("a", name, href=f"#{anchor}")) for anchor, name, _ in parts]
    body = [
        element(
            "header",
            element("h1", title),
            *flow.head(figures),
            element("nav", element("ul", *links), aria_label="Sections"),
        ),
        element(
            "main",
            *(
                element("section", element("h2", name, id=anchor), *build(figures))
                for anchor, name, build in parts
            ),
        ),
    ]
    return document(language="en", head=_head(title), body=body)


def _head(title: str) -> list[Html]:
    digest = base64.b64encode(hashlib.sha256(_css().encode()).digest()).decode()
    policy = (
        "default-src 'none'; script-src 'none'; img-src 'none'; "
        f"style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        stylesheet(_css()),
    ]


@cache
def _css() -> str:
    return (files("pipeline.report") / "report.css").read_text(encoding="utf-8")
