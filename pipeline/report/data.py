"""What a report shows, as plain records that any run can fill."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike


@dataclass(frozen=True)
class SummaryRow:
    """One policy judged in one domain; the same fields as a row of summary.json."""

    method: str  # e.g. "source", "zero-shot", "fine-tune", "darc", "oracle"
    domain: str
    return_mean: float
    return_ci95: tuple[float, float]
    success_rate: float  # 0 to 1
    success_ci95: tuple[float, float]
    episodes: int
    target_steps: int  # steps in the target domain that the policy was allowed to learn from
    seconds: float


@dataclass(frozen=True)
class LearningCurve:
    """One quantity over training; curves of equal quantity and axis share a plot."""

    label: str
    steps: ArrayLike  # (k,) of `axis`, ascending
    values: ArrayLike  # (k,) of `quantity`; points that are not finite are left out
    quantity: str = "return"
    axis: str = "environment steps"


@dataclass(frozen=True)
class Diagnostic:
    """Curves that show an adaptation at work, e.g. the mean of Δr, with what to look for."""

    title: str
    curves: tuple[LearningCurve, ...]
    explanation: str = ""


@dataclass(frozen=True)
class GapParameter:
    """One domain parameter on both sides; values as a domain file states them."""

    parameter: str
    source: str | float
    target: str | float
    unit: str = ""


@dataclass(frozen=True)
class Video:
    """One picture or animation: the bytes of a GIF, WebP or PNG file."""

    caption: str
    image: bytes


@dataclass(frozen=True)
class Stage:
    """A part of the run and how long it took."""

    name: str
    seconds: float


@dataclass(frozen=True)
class ReportData:
    """All of one report; whatever is empty leaves its section out."""

    title: str
    rows: tuple[SummaryRow, ...]
    description: str = ""
    curves: tuple[LearningCurve, ...] = ()
    gap: tuple[GapParameter, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    videos: tuple[Video, ...] = ()
    pictures: tuple[Video, ...] = ()  # of evaluations: curves over parameters, transfer matrices
    stages: tuple[Stage, ...] = ()
    commands: tuple[str, ...] = ()
    recipe: str = ""
    commit: str = ""
    versions: tuple[tuple[str, str], ...] = ()
