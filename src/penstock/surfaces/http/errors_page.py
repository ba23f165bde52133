"""The page a problem's ``type`` points at, written from the same classes the problems come from."""

from __future__ import annotations

from html import escape

from penstock.errors import PenstockError
from penstock.surfaces.http.problems import NEXT_OVER_HTTP, SPECIFIED, STATUS_BY_ERROR


def entries() -> list[tuple[str, int, type[PenstockError]]]:
    """Return every slug once, with its status and the first class that has it, by status and slug."""
    found: dict[str, tuple[str, int, type[PenstockError]]] = {}
    for kind, status in STATUS_BY_ERROR.items():
        found.setdefault(kind.slug, (kind.slug, status, kind))
    return sorted(found.values(), key=lambda each: (each[1], each[0]))


def errors_page() -> str:
    """Return the page as HTML: one heading per slug."""
    sections = "".join(_section(*entry) for entry in entries())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Penstock: problems</title>'
        '<body style="max-width:44rem;margin:2rem auto;font:16px/1.5 system-ui">'
        f"<h1>Problems</h1>{sections}</body></html>"
    )


def _section(slug: str, status: int, kind: type[PenstockError]) -> str:
    steps = "".join(f"<li>{escape(step)}</li>" for step in NEXT_OVER_HTTP.get(kind, kind.next_steps))
    meaning = escape((kind.__doc__ or "").splitlines()[0])
    again = "Sending it again can help." if kind.retryable else "Sending the same request again does not help."
    error = escape(SPECIFIED.get(slug, kind.title))
    return (
        f'<h2 id="{slug}">{slug}</h2><p><b>{status}</b>, <code>error</code>: “{error}”. {meaning} {again}</p>'
        f"<ul>{steps}</ul>"
    )
