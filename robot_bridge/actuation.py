"""What a controller of each kind is told so that a joint goes to its set-point.

A position controller is told the set-point. The others are told what the contract's PD law,
kp (q* - q) + kd (0 - dq), comes to for them:

- `joint_pd`: the set-point with the gains, for drives that close that loop themselves;
- `forward_velocity`: kp / kd (q* - q), for drives with a velocity gain of kd;
- `forward_effort`: the torque itself, for drives that only make torque.

The last two follow each reading of the joints, and stand at zero where no reading can be trusted.
"""

from __future__ import annotations

import numpy as np

from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import Contract
from contract.state import Array, JointCommand, RobotState

HOLD, DAMP, RELEASE = "hold", "damp", "release"
ON_STOP = {  # what each kind of controller can do when the policy has to stop
    "forward_position": (HOLD,),
    "joint_trajectory": (HOLD,),
    "joint_pd": (HOLD, DAMP, RELEASE),
    "forward_velocity": (HOLD, DAMP),
    "forward_effort": (HOLD, DAMP, RELEASE),
}
FOLLOWS = frozenset({"forward_velocity", "forward_effort"})


def check_interface(name: str, on_stop: str = HOLD) -> str:
    """`name` if it is a command interface that can do `on_stop`; raises UnknownNameError otherwise."""
    if name not in ON_STOP:
        raise UnknownNameError("command_interface", name, ON_STOP)
    if on_stop not in ON_STOP[name]:
        raise UnknownNameError(f"on_stop with command_interface {name}", on_stop, ON_STOP[name])
    return name


class Actuation:
    """Commands of one contract for one kind of controller, within the joints' velocities and efforts.

    Args:
        on_stop: what to do once the policy has acted and has to stop: `hold` goes to the set-point
            all the same, `damp` only brakes, `release` does nothing.

    Raises:
        UnknownNameError: no such interface, or it cannot do that.
        TerrafirmaError: the contract's gains allow no such command.
    """

    def __init__(self, contract: Contract, interface: str, on_stop: str = HOLD) -> None:
        self.interface = check_interface(interface, on_stop)
        self.on_stop = on_stop
        self.follows = interface in FOLLOWS
        joints = contract.joints
        self._kp, self._kd = (np.array([getattr(joint, name) for joint in joints]) for name in ("kp", "kd"))
        self._velocity = np.array([joint.max_velocity for joint in joints])
        self._effort = np.array([joint.max_effort for joint in joints])
        undamped = [joint.name for joint in joints if not joint.kd > 0]
        if interface == "forward_velocity" and undamped:
            raise TerrafirmaError(
                f"command_interface forward_velocity divides by kd, which is 0 for {', '.join(undamped)}."
            )

    def command(self, set_point: Array, state: RobotState | None, stopped: bool) -> JointCommand:
        """What to tell the controller.

        Args:
            set_point: (n,) rad.
            state: the newest reading; None if there is none to trust.
            stopped: the policy has acted, and has to stop.
        """
        zero = np.zeros_like(set_point)
        behaviour = self.on_stop if stopped else HOLD
        if self.interface == "forward_velocity":
            return JointCommand(set_point, self._speed(set_point, state, behaviour), zero, zero)
        if self.interface == "forward_effort":
            return JointCommand(set_point, zero, self._torque(set_point, state, behaviour), zero, zero)
        kp = self._kp if behaviour == HOLD else zero
        kd = zero if behaviour == RELEASE else self._kd
        return JointCommand(set_point, zero, zero, kp, kd)

    def rest(self, set_point: Array) -> JointCommand:
        """What to leave behind when nobody will follow the joints any more."""
        return self.command(set_point, None, stopped=True)

    def _speed(self, set_point: Array, state: RobotState | None, behaviour: str) -> Array:
        if state is None or behaviour == DAMP:
            return np.zeros_like(set_point)
        wanted = self._kp / self._kd * (set_point - state.joint_position)
        return np.asarray(np.clip(wanted, -self._velocity, self._velocity))

    def _torque(self, set_point: Array, state: RobotState | None, behaviour: str) -> Array:
        if state is None or behaviour == RELEASE:
            return np.zeros_like(set_point)
        torque = -self._kd * state.joint_velocity
        if behaviour == HOLD:
            torque = torque + self._kp * (set_point - state.joint_position)
        return np.asarray(np.clip(torque, -self._effort, self._effort))
