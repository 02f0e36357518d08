"""The whole page, and how it gets onto disk."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.report import sections
from pipeline.report.data import ReportData
from pipeline.report.headline import headline
from pipeline.report.markup import Markup, join, tag

STYLE = Path(__file__).with_name("style.css")
# The browser enforces what this file promises: nothing is fetched and nothing is executed.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def render(data: ReportData) -> str:
    """The page as one HTML document that needs nothing but itself."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", data.title),
        tag("style", Markup(STYLE.read_text(encoding="utf-8"))),
    )
    description = tag("p", data.description, class_="lead") if data.description else ""
    body = tag(
        "body",
        tag("header", tag("p", "terrafirma report", class_="kicker"), tag("h1", data.title), description),
        tag(
            "main",
            headline(data.rows),
            sections.videos(data.videos),
            sections.results(data.rows),
            sections.evaluations(data.pictures),
            sections.learning(data.curves),
            sections.gap(data.gap, data.diagnostics),
            sections.making(data),
        ),
    )
    return join(Markup("<!doctype html>\n"), tag("html", head, body, lang="en"), Markup("\n"))


def write_report(data: ReportData, path: Path) -> None:
    """Write the page to `path`, or leave what was there if anything goes wrong.

    Raises:
        OSError: the folder cannot be written.
    """
    text = render(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
