"""`faqtory report`: one self-contained HTML page on what the tables of a work folder hold.

The page loads nothing, runs nothing and links nowhere: its content security policy allows the one style sheet
by its hash and nothing else. The same tables give the same bytes.
"""

from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.report.figures import gather
from pipeline.report.page import render


def write_report(work: str, out: str | None = None) -> str:
    """Write the report of a work folder to `out`, by default `DIR/report.html`; returns its path.

    Raises ConfigError where there is no such folder, where `faqtory clean` has not run in it, or where the
    page cannot be written.
    """
    path = storage.absolute(out or storage.join(work, "report.html"))
    page = render(gather(work)).encode("utf-8")
    try:
        storage.write_bytes(path, page)
    except OSError as error:
        raise ConfigError(
            f"Cannot write {path}: {error.strerror or error}; choose another place with --out."
        ) from None
    return path
