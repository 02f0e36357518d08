"""What a bag tells of joints under a policy: the set-points that left, and where the joints were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contract import codec
from contract.errors import TerrafirmaError
from contract.record import Contract
from contract.state import Array
from robot_bridge.bag_reader import Bag
from robot_bridge.bag_topics import find_topics
from robot_bridge.tick import Tick
from robot_bridge.transitions import PERIOD_TOLERANCE, RawSensors, read_ticks

RESTING = 0.1  # rad/s, the fastest joint of a robot that rests
LIMIT = 0.02  # rad, from which on a joint is at its limit, where each engine does what it wants


@dataclass(frozen=True)
class JointMotion:
    """N consecutive ticks that begin at rest, joint values in contract order."""

    set_point: Array  # (N, n) rad, as sent
    position: Array  # (N, n) rad, as each was sent
    contract: Contract
    left_out: int  # ticks of the bag before and behind the stretch


def load_joint_motion(path: Path, namespace: str | None = None) -> JointMotion:
    """The longest stretch in the bag at `path` (folder or .mcap file) without a gap or a joint at its limit.

    Args:
        namespace: of the robot's topics; by default the one in which a policy has ticked.

    Raises:
        TerrafirmaError: no bag, no contract in it, or no two ticks after a moment of rest.
    """
    bag = Bag(path)
    text = bag.metadata().get("contract")
    if text is None:
        raise TerrafirmaError(
            f"{path}: its recorder noted no contract, so nobody knows which joints these are."
        )
    contract = codec.from_json(Contract, text, f"{path}: contract")
    ticks, sensors = read_ticks(bag, find_topics(bag, namespace, path), contract)
    stretch = max(_stretches(ticks, sensors, contract), key=len, default=[])
    if len(stretch) < 2:
        raise TerrafirmaError(
            f"{path}: none of its {len(ticks)} ticks begins with the robot at rest (below {RESTING:g} rad/s) "
            "and has another one behind it; begin to record before the policy is activated."
        )
    set_points, positions = zip(*stretch, strict=True)
    return JointMotion(np.array(set_points), np.array(positions), contract, len(ticks) - len(stretch))


def _stretches(
    ticks: list[Tick], sensors: RawSensors, contract: Contract
) -> Iterator[list[tuple[Array, Array]]]:
    """Set-points and positions, each time from a moment of rest to a gap or a limit."""
    lower, upper = (np.array([getattr(j, end) for j in contract.joints]) for end in ("lower", "upper"))
    found: list[tuple[Array, Array]] = []
    before: Tick | None = None
    for tick in ticks:
        state = sensors.state(tick)
        ends = state is None or np.minimum(*_room(state.joint_position, lower, upper)).min() <= LIMIT
        if found and (ends or before is None or not _follows(before, tick, contract.control_period)):
            yield found
            found = []
        before = tick
        if ends or state is None or (not found and np.abs(state.joint_velocity).max() > RESTING):
            continue
        found.append((tick.set_point, state.joint_position))
    yield found


def _room(position: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """To both ends of each joint (n,) rad."""
    return position - lower, upper - position


def _follows(before: Tick, tick: Tick, period: float) -> bool:
    elapsed = (tick.joint_stamp - before.joint_stamp) * 1e-9
    return tick.number == before.number + 1 and abs(elapsed - period) <= PERIOD_TOLERANCE * period
