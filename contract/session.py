"""Observation assembly and action application: the one piece of code that all sides run.

The simulator, the exporter, the robot bridge and the bag reader each hold a
`PolicySession`; nothing else in the project turns sensors into observations or network
outputs into set-points.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from contract.errors import ContractError
from contract.gait import TrotGenerator
from contract.record import Contract, ObservationTerm
from contract.sources import SOURCES, Tick, forward_kinematics
from contract.state import Array, JointCommand, RobotState


def _reader(term: ObservationTerm) -> Callable[[Tick], Array]:
    read = SOURCES[term.source].read
    if read is None:
        raise ContractError(f"observation.{term.source} is privileged: no robot can sense it.")
    return read


class PolicySession:
    """The memory of one running policy: previous action, history and stride phase.

    Call `reset()`, then per control tick `observe(state, command)` and `act(action)`.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        n = len(contract.joints)
        self._default = np.array([joint.default_position for joint in contract.joints])
        self._lower = np.array([joint.lower for joint in contract.joints])
        self._upper = np.array([joint.upper for joint in contract.joints])
        self._scale = np.array(contract.action.scale)
        self._gait = TrotGenerator(contract.action.gait, self._default) if contract.action.gait else None
        self._kinematics = forward_kinematics(contract)
        self._observation = np.zeros(contract.observation_size, dtype=np.float32)
        terms = contract.observation
        dimensions = [term.dimension for term in terms]
        self._newest = np.zeros(sum(dimensions))
        blocks = np.split(self._newest, np.cumsum(dimensions)[:-1])
        self._readers = [(_reader(term), block) for term, block in zip(terms, blocks, strict=True)]
        self._offset, self._factor, self._clip = (
            np.repeat([getattr(term, field) for term in terms], dimensions)
            for field in ("offset", "scale", "clip")
        )
        sizes = [term.dimension * term.history for term in terms]
        parts = np.split(self._observation, np.cumsum(sizes)[:-1])
        self._histories = (
            list(zip(terms, blocks, parts, strict=True)) if any(t.history > 1 for t in terms) else []
        )
        self._tick = Tick(
            RobotState(np.zeros(n), np.zeros(n), np.zeros(n)),
            np.array(contract.command.neutral),
            np.zeros(n),
            0.0,
            None,
            self._default,
        )
        self._ticks = 0
        self._fresh = True

    def reset(self) -> None:
        """Forget previous actions, history and phase, as at the start of an episode."""
        self._tick.previous_action = np.zeros(len(self.contract.joints))
        self._ticks = 0
        self._fresh = True

    def observe(self, state: RobotState, command: Array) -> NDArray[np.float32]:
        """Assemble the observation.

        Args:
            state: sensor reading in contract joint order.
            command: (k,) in the order of the contract's command fields.

        Returns:
            A view (observation_size,) that the next call overwrites. A history is filled
            with the first reading after a reset, so it never holds stale values.
        """
        tick = self._tick
        tick.state, tick.command = state, command
        if self._gait:
            tick.phase = self._gait.phase(self._time())
        if self._kinematics:
            tick.tool_position = self._kinematics.tool_position(state.joint_position)
        newest = self._newest
        for read, block in self._readers:
            block[:] = read(tick)
        newest -= self._offset
        newest *= self._factor
        np.minimum(np.maximum(newest, -self._clip, out=newest), self._clip, out=newest)
        if self._histories:
            self._remember()
        else:
            self._observation[:] = newest
        self._fresh = False
        return self._observation

    def _remember(self) -> None:
        """Move each term's history up by one, and put the newest values at its end."""
        for term, newest, part in self._histories:
            if self._fresh:
                part.reshape(term.history, term.dimension)[:] = newest
            else:
                part[: -term.dimension] = part[term.dimension :].copy()
                part[-term.dimension :] = newest

    def act(self, action: Array) -> JointCommand:
        """Turn a graph output (n,) rad into set-points for the state last observed.

        Returns:
            Set-points within the joint limits, to be held until the next tick.

        Raises:
            ContractError: `action` has not one value a joint.
        """
        if action.shape != self._scale.shape:
            raise ContractError(
                f"action: shape {action.shape} is not {self._scale.shape}, one value a joint."
            )
        action = np.minimum(np.maximum(action, -self._scale), self._scale)
        base = self._base_position()
        position = np.minimum(np.maximum(base + action, self._lower), self._upper)
        self._tick.previous_action = action
        self._ticks += 1
        return JointCommand(position, np.zeros_like(position), np.zeros_like(position))

    def _base_position(self) -> Array:
        kind = self.contract.action.kind
        if kind == "position_step":
            return self._tick.state.joint_position
        if kind == "gait_residual":
            assert self._gait is not None
            return self._gait.joint_position(self._time(), self._tick.command)
        return self._default

    def _time(self) -> float:
        return self._ticks * self.contract.control_period
