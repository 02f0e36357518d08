"""Observation assembly and action application: the one piece of code that all sides run.

The simulator, the exporter, the robot bridge and the bag reader each hold a
`PolicySession`; nothing else in the project turns sensors into observations or network
outputs into set-points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.assembly import Assembly, Rows
from contract.errors import ContractError
from contract.gait import TrotGenerator
from contract.record import Contract
from contract.sources import Tick, forward_kinematics
from contract.state import Array, JointCommand, RobotState

NO_PHASE = np.zeros(())


class PolicySession:
    """The memory of one running policy: previous action, history and stride phase.

    Call `reset()`, then per control tick `observe(state, command)` and `act(action)`. With a `batch`
    shape it runs that many robots at once: all its arrays have these leading axes, and each row of
    them is a robot with a memory of its own.
    """

    def __init__(self, contract: Contract, batch: tuple[int, ...] = ()) -> None:
        self.contract = contract
        n = len(contract.joints)
        self._default = np.array([joint.default_position for joint in contract.joints])
        self._lower = np.array([joint.lower for joint in contract.joints])
        self._upper = np.array([joint.upper for joint in contract.joints])
        self._scale = np.array(contract.action.scale)
        self._gait = TrotGenerator(contract.action.gait, self._default) if contract.action.gait else None
        self._kinematics = forward_kinematics(contract)
        self._assembly = Assembly(contract.observation, batch)
        self._ticks = np.zeros(batch, dtype=np.int64)
        self._previous_action = np.zeros((*batch, n))
        self._joint_position = np.zeros((*batch, n))  # last observed
        self._command = np.tile(contract.command.neutral, (*batch, 1))  # last observed
        self._action_shape = self._previous_action.shape
        self._prepared: tuple[Array, Array] | None = None  # a command, and what the gait makes of it

    def reset(self, rows: Rows = ...) -> None:
        """Forget previous actions, history and phase of these rows, as at the start of an episode."""
        self._previous_action[rows] = 0.0
        self._ticks[rows] = 0
        self._prepared = None
        self._assembly.forget(rows)

    def observe(self, state: RobotState, command: Array, rows: Rows = ...) -> NDArray[np.float32]:
        """Assemble the observation of all rows, or of some.

        Args:
            state: sensor reading in contract joint order, one for each row.
            command: (..., k) in the order of the contract's command fields.
            rows: whose reading this is; the memory of the others stays as it is.

        Returns:
            A view (..., observation_size) that the next call overwrites. A history is filled
            with the first reading after a reset, so it never holds stale values.
        """
        self._joint_position[rows] = state.joint_position
        self._command[rows] = command
        phase = self._gait.phase(self._time(rows)) if self._gait else NO_PHASE
        tool = self._kinematics.tool_position(state.joint_position) if self._kinematics else None
        tick = Tick(state, command, self._previous_action[rows], phase, tool, self._default)
        return self._assembly.add(tick, rows)

    def act(self, action: Array) -> JointCommand:
        """Turn a graph output (..., n) rad of all rows into set-points for the states last observed.

        Returns:
            Set-points within the joint limits, to be held until the next tick.

        Raises:
            ContractError: `action` has not one value a joint.
        """
        if action.shape != self._action_shape:
            raise ContractError(
                f"action: shape {action.shape} is not {self._action_shape}, one value a joint."
            )
        applied = self._previous_action
        np.minimum(np.maximum(action, -self._scale, out=applied), self._scale, out=applied)
        position = self._base_position() + applied
        np.minimum(np.maximum(position, self._lower, out=position), self._upper, out=position)
        self._ticks += 1
        return JointCommand(position, np.zeros(position.shape), np.zeros(position.shape))

    def prepare(self) -> None:
        """Compute now what the next `act` needs whatever will be observed, if the command stays as it is."""
        if self._gait is not None:
            self._prepared = self._command.copy(), self._gait.joint_position(self._time(...), self._command)

    def _base_position(self) -> Array:
        kind = self.contract.action.kind
        if kind == "position_step":
            return self._joint_position
        if kind == "gait_residual":
            assert self._gait is not None
            prepared, self._prepared = self._prepared, None
            if prepared is not None and np.array_equal(prepared[0], self._command):
                return prepared[1]
            return self._gait.joint_position(self._time(...), self._command)
        return self._default

    def _time(self, rows: Rows) -> Array:
        """Seconds (...) since each row's reset."""
        return np.asarray(self._ticks[rows] * self.contract.control_period)
