"""One self-contained HTML file that shows what a run did: `write_report(ReportData(...), path)`.

Plots are HTML and inline SVG written here rather than by a plotting library: their text stays
text that scales with the reader's font, colours follow light and dark mode, and a page without
its videos weighs some tens of kilobytes.
"""

from pipeline.report.data import (
    Diagnostic,
    GapParameter,
    LearningCurve,
    ReportData,
    Stage,
    SummaryRow,
    Video,
)
from pipeline.report.page import render, write_report

__all__ = [
    "Diagnostic",
    "GapParameter",
    "LearningCurve",
    "ReportData",
    "Stage",
    "SummaryRow",
    "Video",
    "render",
    "write_report",
]
