"""How long something takes that happens hundreds of times a second, in memory that does not grow."""

from __future__ import annotations

SHORTEST, LONGEST = 5, 16  # exponents of the first bin's and the last but one's upper end


class TimingHistogram:
    """Counts durations in bins that end at 32, 64 … 65,536 µs; the last one has no end."""

    def __init__(self) -> None:
        self.counts = [0] * (LONGEST - SHORTEST + 2)
        self.most = 0  # µs, the longest of all

    def add(self, nanoseconds: int) -> None:
        """Count one duration; what a clock that was turned back makes negative is in the first bin."""
        microseconds = max(0, nanoseconds // 1000)
        self.counts[min(max(microseconds.bit_length() - SHORTEST, 0), len(self.counts) - 1)] += 1
        self.most = max(self.most, microseconds)

    def below(self, share: float) -> int | None:
        """End of the bin, µs, below which this share of all durations lies; None before there are any."""
        total, passed = sum(self.counts), 0
        for place, count in enumerate(self.counts[:-1]):
            passed += count
            if total and passed >= share * total:
                return 1 << place + SHORTEST
        return self.most + 1 if total else None

    def __str__(self) -> str:
        if self.below(1.0) is None:
            return "none"
        bins = [f"<{1 << k + SHORTEST}: {count}" for k, count in enumerate(self.counts[:-1]) if count]
        bins += [f"longer: {self.counts[-1]}"] * (self.counts[-1] > 0)
        return f"half <{self.below(0.5)}, 99 % <{self.below(0.99)}, most {self.most} ({', '.join(bins)})"
