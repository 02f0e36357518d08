"""A walker's left is like its right: what its observations and actions look like in a mirror.

The mirror stands in the plane that divides the robot. Who walks behind it is the same robot, with left and
right legs exchanged, half a stride later.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.errors import TerrafirmaError
from contract.record import Contract, Gait, Leg
from contract.state import Array

# of the components of vectors in the base frame: y changes its sign, turning about x and z too
SIGNS: dict[str, tuple[float, ...]] = {
    "projected_gravity": (1.0, -1.0, 1.0),
    "gyro": (-1.0, 1.0, -1.0),
    "pitch": (1.0,),
    "pitch_rate": (1.0,),
    "phase": (-1.0, -1.0),  # the other pair of legs swings: half a stride later
}
COMMAND_SIGNS = {"vx": 1.0, "vy": -1.0, "yaw_rate": -1.0}
JOINT_TERMS = ("joint_position", "joint_velocity", "joint_effort", "previous_action")
LEG_SIGNS = (-1.0, 1.0, 1.0)  # abduction, thigh, knee

Reflection = tuple[NDArray[np.intp], Array]  # where each number comes from, and its factor


class Mirror:
    """Reflections of a contract's observations and actions.

    Raises:
        TerrafirmaError: the contract's robot has no two sides, or not alike ones.
    """

    def __init__(self, contract: Contract) -> None:
        name, gait = contract.identity.robot, contract.action.gait
        if gait is None:
            raise TerrafirmaError(f"symmetry: {name} has no gait that says which legs face each other.")
        self.action = _joints(gait, len(contract.joints), name)
        default = np.array([joint.default_position for joint in contract.joints])
        if not np.allclose(reflect(default, self.action), default):
            raise TerrafirmaError(f"symmetry: the default pose of {name} is not the same on both sides.")
        self.observation = self._observation(contract)

    def _observation(self, contract: Contract) -> Reflection:
        index, signs, start = [], [], 0
        for term in contract.observation:
            if term.source in JOINT_TERMS:
                order, sign = self.action
            elif term.source == "command":
                sign = np.array([COMMAND_SIGNS.get(field, np.nan) for field in contract.command.fields])
                order = np.arange(len(sign))
            else:
                sign = np.array(SIGNS.get(term.source, (np.nan,) * term.dimension))
                order = np.arange(term.dimension)
            if np.isnan(sign).any() or term.offset:
                raise TerrafirmaError(f"symmetry: nobody knows what {term.source!r} is in a mirror.")
            for _ in range(term.history):
                index.append(start + order)
                signs.append(sign)
                start += term.dimension
        return np.concatenate(index), np.concatenate(signs)


def _joints(gait: Gait, count: int, name: str) -> Reflection:
    """Where the image of each joint is; joints that belong to no leg have none."""
    index, signs = np.full(count, -1), np.ones(count)
    for leg in gait.legs:
        other = _opposite(leg, gait, name)
        index[list(leg.joints)] = other.joints
        signs[list(leg.joints)] = np.array(LEG_SIGNS) * leg.sign * other.sign
    if (index < 0).any():
        raise TerrafirmaError(f"symmetry: {name} has joints that belong to no leg.")
    return index, signs


def _opposite(leg: Leg, gait: Gait, name: str) -> Leg:
    """The leg on the other side, which steps half a stride later."""
    x, y, z = leg.hip
    for other in gait.legs:
        later = (other.phase_offset - leg.phase_offset) % 1.0
        alike = (other.thigh, other.shank, -other.lateral_offset) == (
            leg.thigh,
            leg.shank,
            leg.lateral_offset,
        )
        if alike and np.allclose(other.hip, (x, -y, z)) and np.isclose(later, 0.5):
            return other
    raise TerrafirmaError(f"symmetry: a leg of {name} has none that faces it and steps half a stride later.")


def reflect(values: Array, reflection: Reflection) -> Array:
    """The image of values (..., n)."""
    index, signs = reflection
    return np.asarray(values[..., index] * signs)
