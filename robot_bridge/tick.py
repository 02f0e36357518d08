"""The record of one control tick: what the policy acted on, and what left for the motors.

As a std_msgs/Float64MultiArray it has one labelled dimension a segment, so any tool can read
it: tick number, session tick, mode, joint and IMU stamp (s, ns), command, observation, action
(rad, as applied), set-point (rad), object stamp (s, ns). The stamps name the sensor messages that
were used. Ticks of earlier recordings end with the set-point.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import TerrafirmaError
from contract.state import Array

LABELS = (
    "tick",
    "session_tick",
    "mode",
    "joint_stamp",
    "imu_stamp",
    "command",
    "observation",
    "action",
    "set_point",
    "object_stamp",
)


class Mode(IntEnum):
    """What the policy core is doing."""

    INACTIVE = 0
    HOLDING = 1
    RAMPING = 2
    RUNNING = 3


@dataclass(frozen=True)
class Tick:
    """One tick; while holding, command, observation and action are NaN and session_tick is -1."""

    number: int  # of the control deadline since activation; a gap is a missed deadline
    session_tick: int  # ticks since the observation history was reset
    mode: Mode
    joint_stamp: int  # ns
    imu_stamp: int  # ns, 0 without IMU
    command: Array  # (k,)
    observation: NDArray[np.float32]  # (observation_size,)
    action: Array  # (n,) rad
    set_point: Array  # (n,) rad
    object_stamp: int = 0  # ns, 0 where nobody has to see an object


def encode(tick: Tick) -> tuple[list[int], Array]:
    """Sizes of the segments of LABELS, and all their values in one array."""
    segments = (
        [tick.number],
        [tick.session_tick],
        [tick.mode],
        divmod(tick.joint_stamp, 1_000_000_000),
        divmod(tick.imu_stamp, 1_000_000_000),
        tick.command,
        tick.observation,
        tick.action,
        tick.set_point,
        divmod(tick.object_stamp, 1_000_000_000),
    )
    return [len(segment) for segment in segments], np.concatenate(segments, dtype=np.float64)


def decode(message: Any) -> Tick:
    """The tick in a Float64MultiArray, by its labels.

    Raises:
        TerrafirmaError: the message is not a tick.
    """
    sizes = {dimension.label: int(dimension.size) for dimension in message.layout.dim}
    data = np.asarray(message.data, dtype=np.float64)
    if tuple(sizes) not in (LABELS, LABELS[:-1]) or sum(sizes.values()) != data.size:
        raise TerrafirmaError(f"not a policy tick: segments {sizes} over {data.size} values, not {LABELS}.")
    parts = dict(zip(sizes, np.split(data, np.cumsum(list(sizes.values()))[:-1]), strict=True))
    try:
        return _tick(parts)
    except (IndexError, ValueError, OverflowError) as error:
        raise TerrafirmaError(f"not a policy tick: {error}.") from error


def _tick(parts: dict[str, Array]) -> Tick:
    return Tick(
        int(parts["tick"][0]),
        int(parts["session_tick"][0]),
        Mode(int(parts["mode"][0])),
        _stamp(parts["joint_stamp"]),
        _stamp(parts["imu_stamp"]),
        parts["command"],
        parts["observation"].astype(np.float32),
        parts["action"],
        parts["set_point"],
        _stamp(parts["object_stamp"]) if "object_stamp" in parts else 0,
    )


def _stamp(parts: Array) -> int:
    return int(parts[0]) * 1_000_000_000 + int(parts[1])
