"""What a recorder decides, without ROS: when it has enough, and what it notes in the bag."""

from __future__ import annotations

import shutil
from pathlib import Path

from contract import codec
from contract.errors import TerrafirmaError
from policies.runtime import Policy

GRACE = 0.2  # s for which sensors are still written after the last tick, so that it can be rebuilt


class StopRule:
    """Enough running ticks, or enough time; 0 means that it does not matter.

    Args:
        max_ticks: running ticks, counted exactly.
        seconds: of ROS time since the first message.
        stall_timeout: wall s without a running tick after which max_ticks will never come.
    """

    def __init__(self, max_ticks: int, seconds: float, stall_timeout: float) -> None:
        self._max_ticks, self._seconds, self._stall_timeout = max_ticks, seconds, stall_timeout
        self.ticks = 0
        self._last_tick: float | None = None
        self._first: float | None = None

    @property
    def enough_ticks(self) -> bool:
        return 0 < self._max_ticks <= self.ticks

    def count_tick(self, wall: float) -> None:
        """A running tick came at `wall` s."""
        self.ticks += 1
        self._last_tick = wall

    def finished(self, wall: float, ros_time: float) -> bool:
        """Whether to stop, at `wall` s and `ros_time` s.

        Raises:
            TerrafirmaError: ticks are waited for, and none has come for too long.
        """
        if self._first is None:
            self._first = ros_time
        if self._last_tick is None:
            self._last_tick = wall
        silent = wall - self._last_tick
        if self.enough_ticks:
            return silent >= GRACE
        if 0 < self._seconds <= ros_time - self._first:
            return True
        if self._max_ticks > 0 and 0 < self._stall_timeout < silent:
            raise TerrafirmaError(
                f"no running tick for {silent:.0f} s after {self.ticks} of {self._max_ticks}: "
                "is the policy node active, and what does it say on /diagnostics?"
            )
        return False


def provenance(policy: Policy | None, domain: str) -> dict[str, str]:
    """What the bag notes about the policy and the emulated domain, either of them optional."""
    notes = {}
    if policy is not None:
        notes["policy"] = str(policy.path)
        notes["policy_sha256"] = policy.sha256
        notes["contract"] = codec.to_json(policy.contract)
    if domain:
        notes["domain"] = domain
        if Path(domain).is_file():
            notes["domain_text"] = Path(domain).read_text(encoding="utf-8")
    return notes


def check_free_space(output: Path, needed: float) -> None:
    """Refuse to begin a recording at `output` where the disk has less than `needed` bytes left.

    Raises:
        TerrafirmaError: says how much there is, and which parameter asks for it.
    """
    folder = output.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TerrafirmaError(
            f"{output}: {free / 1e6:.1f} MB are free there, parameter min_free_megabytes asks for "
            f"{needed / 1e6:g}: make room, or choose another output."
        )
