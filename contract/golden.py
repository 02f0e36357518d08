"""The golden trace: raw sensor ticks with the observation and action that they must give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.errors import ContractError
from contract.record import Contract
from contract.session import PolicySession
from contract.sources import needs_observer
from contract.state import Array, RobotState

OBSERVATION_TOLERANCE = 1e-6
ACTION_TOLERANCE = 1e-5

Network = Callable[[NDArray[np.float32]], Array]


@dataclass(frozen=True)
class GoldenTick:
    """One recorded control tick; lists are in contract order.

    `object_position` is there if, and only if, somebody measured it.
    """

    joint_position: tuple[float, ...]
    joint_velocity: tuple[float, ...]
    joint_effort: tuple[float, ...]
    orientation: tuple[float, ...]
    gyro: tuple[float, ...]
    accelerometer: tuple[float, ...]
    command: tuple[float, ...]
    observation: tuple[float, ...]
    action: tuple[float, ...]
    set_point: tuple[float, ...]
    object_position: tuple[float, ...] | None = None

    def state(self) -> RobotState:
        return RobotState(
            np.array(self.joint_position),
            np.array(self.joint_velocity),
            np.array(self.joint_effort),
            np.array(self.orientation),
            np.array(self.gyro),
            np.array(self.accelerometer),
            object_position=None if self.object_position is None else np.array(self.object_position),
        )


@dataclass(frozen=True)
class GoldenTrace:
    """Consecutive ticks from a reset on, so that history and phase are covered too."""

    ticks: tuple[GoldenTick, ...]


def record(contract: Contract, network: Network, readings: list[tuple[RobotState, Array]]) -> GoldenTrace:
    """Run the policy over `readings` of (state, command) and keep all that went in and came out."""
    session = PolicySession(contract)
    ticks = []
    for state, command in readings:
        observation = session.observe(state, command).copy()
        action = network(observation)
        set_point = session.act(action).position
        ticks.append(
            GoldenTick(
                tuple(state.joint_position.tolist()),
                tuple(state.joint_velocity.tolist()),
                tuple(state.joint_effort.tolist()),
                tuple(state.orientation.tolist()),
                tuple(state.gyro.tolist()),
                tuple(state.accelerometer.tolist()),
                tuple(command.tolist()),
                tuple(observation.tolist()),
                tuple(action.tolist()),
                tuple(set_point.tolist()),
                None if state.object_position is None else tuple(state.object_position.tolist()),
            )
        )
    return GoldenTrace(tuple(ticks))


def replay(contract: Contract, network: Network, trace: GoldenTrace, where: str) -> float:
    """Run the trace again and return the largest action difference, rad.

    The recorded action is what goes on into the next tick, so that differences of rounding do
    not add up over the trace.

    Raises:
        ContractError: names the tick and the term, action or set-point that no longer matches.
    """
    if not trace.ticks:
        raise ContractError(f"{where}: the golden trace is empty; export the policy again.")
    session = PolicySession(contract)
    worst = 0.0
    for index, tick in enumerate(trace.ticks):
        _check_sizes(contract, tick, f"{where}: tick {index}")
        observation = session.observe(tick.state(), np.array(tick.command))
        _compare(observation, tick.observation, OBSERVATION_TOLERANCE, f"{where}: tick {index}: observation")
        action = network(observation)
        worst = max(worst, _compare(action, tick.action, ACTION_TOLERANCE, f"{where}: tick {index}: action"))
        set_point = session.act(np.array(tick.action)).position
        _compare(set_point, tick.set_point, ACTION_TOLERANCE, f"{where}: tick {index}: set-point")
    return worst


def _check_sizes(contract: Contract, tick: GoldenTick, where: str) -> None:
    n, command = len(contract.joints), len(contract.command.fields)
    sizes = {
        "joint_position": n,
        "joint_velocity": n,
        "joint_effort": n,
        "orientation": 4,
        "gyro": 3,
        "accelerometer": 3,
        "command": command,
        "action": n,
    }
    if tick.object_position is not None or needs_observer(contract):
        sizes["object_position"] = 3
    for name, size in sizes.items():
        values = getattr(tick, name) or ()
        if len(values) != size:
            raise ContractError(f"{where}: {name} has {len(values)} values, not {size}.")


def _compare(value: NDArray[np.floating], golden: tuple[float, ...], tolerance: float, where: str) -> float:
    expected = np.array(golden)
    if value.shape != expected.shape:
        raise ContractError(f"{where} has {value.size} values, the golden trace has {expected.size}.")
    difference = np.abs(value - expected)
    worst = int(np.argmax(difference))
    if not difference[worst] <= tolerance * max(1.0, abs(expected[worst])):
        raise ContractError(
            f"{where}[{worst}] is {value[worst]:.7g}, the golden trace says {expected[worst]:.7g}: "
            "this policy does not do here what it did where it was exported."
        )
    return float(difference[worst])
