"""How far the curricula of a domain have got in one environment."""

from __future__ import annotations

STEPS = 10  # from the easiest level to the hardest


class Curriculum:
    """A level in [0, 1]: up by a tenth with each episode that succeeds, down with each that fails.

    One that does not follow stays at 1, where everything is as hard as the domain says.
    """

    def __init__(self, follows: bool) -> None:
        self._follows = follows
        self._step = 0 if follows else STEPS

    @property
    def level(self) -> float:
        return self._step / STEPS

    def restart(self) -> None:
        """Begin anew, at 0."""
        self._step = 0 if self._follows else STEPS

    def judge(self, success: bool) -> None:
        """An episode has ended."""
        if self._follows:
            self._step = min(STEPS, self._step + 1) if success else max(0, self._step - 1)
