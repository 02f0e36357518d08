"""The things that an observation term can be made of.

A privileged source exists only in a simulator: critics and teachers may use it, an exported
policy may not. A source of `NEEDS_OBSERVER` is not privileged, but somebody beside the robot has to
measure it, a camera or a motion capture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from contract.errors import ContractError
from contract.kinematics import ForwardKinematics
from contract.record import Contract
from contract.rotation import projected_gravity
from contract.state import Array, RobotState


@dataclass
class Tick:
    """Everything that is known when an observation is assembled, of one robot or, with leading axes, many."""

    state: RobotState
    command: Array  # (..., k) in the order of the contract's command fields
    previous_action: Array  # (..., n) rad, as applied: within the action's scale
    phase: Array  # (...) stride phase in [0, 1)
    tool_position: Array | None  # (..., 3) m, base frame; None without kinematics
    default_position: Array  # (n,) rad


@dataclass(frozen=True)
class Source:
    """Where a term's numbers come from, and how many there are."""

    unit: str
    frame: str
    dimension: Callable[[int, int], int]  # of (joints, command fields)
    read: Callable[[Tick], Array] | None  # None: privileged

    @property
    def privileged(self) -> bool:
        return self.read is None


def _joints(joints: int, command: int) -> int:
    return joints


def _command(joints: int, command: int) -> int:
    return command


def _constant(size: int) -> Callable[[int, int], int]:
    return lambda joints, command: size


def _phase_circle(tick: Tick) -> Array:
    angle = 2.0 * np.pi * tick.phase.T
    return np.array([np.sin(angle), np.cos(angle)]).T


def _pitch(tick: Tick) -> Array:
    gravity = projected_gravity(tick.state.orientation)
    return np.arctan2(gravity[..., :1], -gravity[..., 2:])


def _tool_position(tick: Tick) -> Array:
    assert tick.tool_position is not None
    return tick.tool_position


def _object_position(tick: Tick) -> Array:
    if tick.state.object_position is None:
        raise ContractError("observation.object_position: nobody measures where the object is.")
    return tick.state.object_position


def _tool_error(tick: Tick) -> Array:
    return tick.command - _tool_position(tick)


SOURCES: dict[str, Source] = {
    "joint_position": Source("rad", "joint", _joints, lambda t: t.state.joint_position - t.default_position),
    "joint_velocity": Source("rad/s", "joint", _joints, lambda t: t.state.joint_velocity),
    "joint_effort": Source("N·m", "joint", _joints, lambda t: t.state.joint_effort),
    "projected_gravity": Source("1", "base", _constant(3), lambda t: projected_gravity(t.state.orientation)),
    "pitch": Source("rad", "world", _constant(1), _pitch),
    "pitch_rate": Source("rad/s", "base", _constant(1), lambda t: t.state.gyro[..., 1:2]),
    "gyro": Source("rad/s", "base", _constant(3), lambda t: t.state.gyro),
    "command": Source("SI", "base", _command, lambda t: t.command),
    "previous_action": Source("rad", "joint", _joints, lambda t: t.previous_action),
    "phase": Source("1", "stride", _constant(2), _phase_circle),
    "tool_position": Source("m", "base", _constant(3), _tool_position),
    "tool_error": Source("m", "base", _constant(3), _tool_error),
    "object_position": Source("m", "base", _constant(3), _object_position),
    "base_position": Source("m", "world", _constant(3), None),
    "base_linear_velocity": Source("m/s", "base", _constant(3), None),
    "foot_contact": Source("1", "world", _constant(4), None),
    "ground_friction": Source("1", "world", _constant(1), None),
}

NEEDS_OBSERVER = frozenset({"object_position"})  # somebody outside the robot
NEEDS_KINEMATICS = frozenset({"tool_position", "tool_error"})
NEEDS_POINT_COMMAND = frozenset({"tool_error"})


def needs_observer(contract: Contract) -> bool:
    """Whether the policy sees something that the robot's own sensors do not."""
    return any(term.source in NEEDS_OBSERVER for term in contract.observation)


def forward_kinematics(contract: Contract) -> ForwardKinematics | None:
    """The contract's kinematics, ready to evaluate, or None where it has none."""
    return ForwardKinematics(contract.kinematics) if contract.kinematics else None
