"""What tells the sites' software apart: how each prints its pages, and how much ballast they carry."""

import hashlib
from dataclasses import dataclass
from zlib import crc32

from pipeline.sample.markup import JsonStyle
from pipeline.sample.source import Site


@dataclass(frozen=True, slots=True)
class Look:
    """One site's way of printing pages."""

    generator: str | None
    server: str
    prefix: str
    """Of its CSS classes."""
    questions: str
    """How questions without inline markup look: details, headings or dl."""
    json: JsonStyle
    declares_charset_in_http: bool
    sends_content_language: bool
    filler_bytes: int
    """Length of the inline styles and scripts of its home and FAQ pages."""
    colour: str


_GENERATORS = ("WordPress 6.8.2", None, "Drupal 10 (https://www.drupal.org)", "TYPO3 CMS", None)
_SERVERS = ("nginx/1.26.2", "Apache/2.4.62 (Debian)", "nginx", "Caddy")
_QUESTIONS = ("details", "headings", "dl")
_JSON = (JsonStyle(None, False), JsonStyle(2, False), JsonStyle(None, True))
_FILLER_BYTES = (0, 0, 0, 21_000, 0, 0, 38_000)
_DIGITS = str.maketrans("abcdef", "123456")


def look_of(site: Site) -> Look:
    """Return the site's look, which follows from its domain alone."""
    seed = crc32(site.domain.encode())
    return Look(
        generator=_GENERATORS[seed % len(_GENERATORS)],
        server=_SERVERS[seed // 3 % len(_SERVERS)],
        prefix=site.domain[:2],
        questions=_QUESTIONS[seed // 5 % len(_QUESTIONS)],
        json=_JSON[seed // 7 % len(_JSON)],
        declares_charset_in_http=seed // 11 % 3 > 0,
        sends_content_language=seed // 17 % 3 == 0,
        filler_bytes=_FILLER_BYTES[seed // 13 % len(_FILLER_BYTES)],
        colour=f"#{seed & 0x7F7F7F:06x}",
    )


def stylesheet(look: Look) -> str:
    """Return the site's CSS file."""
    p = look.prefix
    return (
        "body{margin:0;font:17px/1.55 system-ui,sans-serif;color:#222}\n"
        f".{p}-head,.{p}-foot{{background:{look.colour};color:#fff;padding:.8rem 1.2rem}}\n"
        f".{p}-head a,.{p}-foot a{{color:#fff;margin-inline-end:1em}}\n"
        f".{p}-main{{max-width:46rem;margin:auto;padding:1rem}}\n"
        f".{p}-card{{border:1px solid #ddd;border-radius:6px;padding:.4rem 1rem;margin:1rem 0}}\n"
        ".faq-item{border-top:1px solid #ddd}\n"
    )


def filler_styles(look: Look, n_bytes: int) -> str:
    """Return about `n_bytes` of minified CSS, as page builders put into every page."""
    rules: list[str] = []
    length = 0
    while length < n_bytes:
        digest = hashlib.sha256(f"{look.prefix}{len(rules)}".encode()).hexdigest()
        rules.append(
            f".{look.prefix}-{digest[:6]}{{margin:{int(digest[6:8], 16)}px {int(digest[8:9], 16)}%;"
            f"color:#{digest[10:16]};transition:opacity .{digest[16].translate(_DIGITS)}s ease}}"
        )
        length += len(rules[-1])
    return "".join(rules)


def filler_script(seed: str, n_bytes: int) -> str:
    """Return about `n_bytes` of inline JavaScript: a state object, and an accordion that names FAQPage."""
    keys = (hashlib.sha256(f"{seed}{number}".encode()).hexdigest() for number in range(n_bytes // 60 + 1))
    state = ",".join(f'"{key[:8]}":"{key[8:55]}"' for key in keys)
    return (
        f"window.__STATE__={{{state}}};"
        "document.querySelectorAll('[itemtype$=\"/FAQPage\"] h3,.faq summary')"
        ".forEach(function(e){e.addEventListener('click',function(){e.classList.toggle('open')})});"
    )
