"""Numbers as people read them, and where an axis puts its marks."""

from __future__ import annotations

import math

THIN_SPACE = "\u202f"  # narrow, and no line breaks at it


def whole(value: float) -> str:
    """12345 as 12 345."""
    return f"{value:,.0f}".replace(",", THIN_SPACE)


def percent(rate: float) -> str:
    """0.714 as 71 %."""
    return f"{100 * rate:.0f}{THIN_SPACE}%" if math.isfinite(rate) else "–"


def decimal(value: float) -> str:
    """Three significant digits, no exponent, a true minus sign."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(places, 4)}f}".replace("-", "−")


def duration(seconds: float) -> str:
    """75 as 1 min 15 s."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 10:
        return f"{seconds:.1f}{THIN_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{number}{THIN_SPACE}{unit}" for number, unit in parts if number)


def short(value: float) -> str:
    """An axis label: 20000 as 20k."""
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{suffix}".replace("-", "−")
    return f"{value:g}".replace("-", "−")


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """About `count` round numbers that span [low, high]; the first and last enclose it."""
    if not high - low > 1e-11:  # equal to within the digits of a mark
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]
