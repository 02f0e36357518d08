"""Rebuild from a bag what the policy saw and did on the robot.

Every tick names the sensor messages it acted on. Their raw bytes go once more through the
contract's observation assembly, and the result has to equal what the policy recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract import codec
from contract.errors import ContractError, TerrafirmaError
from contract.record import Contract
from contract.session import PolicySession
from contract.sources import needs_observer
from contract.state import Array, RobotState
from robot_bridge.bag_reader import Bag
from robot_bridge.bag_topics import BagTopics, find_topics
from robot_bridge.messages import JointReader, needs_imu, read_imu, read_object, stamp_ns
from robot_bridge.tick import Mode, Tick, decode

TOLERANCE = 1e-6
PERIOD_TOLERANCE = 0.5  # of a control period, between the sensors of s and of s'


@dataclass(frozen=True)
class BagTransitions:
    """N transitions (s, a, s') of consecutive running ticks under one command.

    Joint values are in contract order.
    """

    observation: NDArray[np.float32]  # (N, observation_size), assembled again from the raw sensors
    action: Array  # (N, n) rad, as applied
    normalised_action: Array  # (N, n) in [-1, 1]: action / contract.action.scale
    next_observation: NDArray[np.float32]  # (N, observation_size)
    command: Array  # (N, k)
    joint_position: Array  # (N, n) rad at s
    joint_velocity: Array  # (N, n) rad/s at s
    next_joint_position: Array  # (N, n) rad at s'
    next_joint_velocity: Array  # (N, n) rad/s at s'
    next_object_position: Array | None  # (N, 3) m at s', base frame; None: the policy sees no object
    episode_id: NDArray[np.int64]  # (N,) changes with the command, a hold, a lost or ill-timed tick
    tick: NDArray[np.int64]  # (N,) number of the tick at s
    contract: Contract
    policy_sha256: str  # of the policy that acted; empty for a bag that does not say
    running_ticks: int  # all ticks in mode RUNNING: the target steps that the bag has cost
    lost_ticks: int  # ticks that acted (ramping or running) but are not in the bag
    observation_error: float  # largest difference to what the policy acted on

    def __len__(self) -> int:
        return len(self.tick)


@dataclass(frozen=True)
class _Step:
    """One tick joined to its raw sensors."""

    tick: Tick
    state: RobotState
    observation: NDArray[np.float32]
    verified: bool


def load_transitions(
    path: Path, contract: Contract | None = None, namespace: str | None = None
) -> BagTransitions:
    """Transitions in the bag at `path` (folder or .mcap file).

    Args:
        contract: of the policy that acted; by default the one that the recorder noted in the bag.
        namespace: of the robot's topics; by default the one in which the policy has ticked.

    Raises:
        ContractError: the bag says otherwise than the contract: joints differ, or the
            observations assembled from its sensors are not those that the policy acted on.
        TerrafirmaError: no bag, no contract, or no running tick in it; or several robots.
    """
    bag = Bag(path)
    metadata = bag.metadata()
    if contract is None:
        if "contract" not in metadata:
            raise TerrafirmaError(f"{path}: its recorder noted no contract; pass the policy's.")
        contract = codec.from_json(Contract, metadata["contract"], f"{path}: contract")
    ticks, sensors = read_ticks(bag, find_topics(bag, namespace, path), contract)
    steps = list(_assemble(ticks, sensors, contract))
    error = _verify(steps, path)
    running = sum(tick.mode is Mode.RUNNING for tick in ticks)
    counts = (running, _lost(ticks))
    return _stack(steps, contract, metadata.get("policy_sha256", ""), counts, error, path)


class RawSensors:
    """Raw sensor messages of a bag by stamp."""

    def __init__(self, contract: Contract) -> None:
        self._reader = JointReader(contract, "the recorded robot")
        self._imu, self._object = needs_imu(contract), needs_observer(contract)
        self.joints: dict[int, Any] = {}
        self.imus: dict[int, Any] = {}
        self.objects: dict[int, Any] = {}

    def add_joints(self, message: Any) -> None:
        if self._reader.concerns(message):
            self.joints[stamp_ns(message.header.stamp)] = message

    def forget_before(self, stamp: int) -> None:
        """Let go of messages that are older than `stamp` ns."""
        for messages in (self.joints, self.imus, self.objects):
            for old in [each for each in messages if each < stamp]:
                del messages[old]

    def state(self, tick: Tick) -> RobotState | None:
        """The state that `tick` acted on, or None where the recorder missed a message."""
        joints, imu = self.joints.get(tick.joint_stamp), self.imus.get(tick.imu_stamp)
        seen = self.objects.get(tick.object_stamp)
        if joints is None or (self._imu and imu is None) or (self._object and seen is None):
            return None
        state = self._reader.read(joints)
        if self._imu:
            read_imu(imu, state)
        if self._object:
            read_object(seen, state)
        return state


def read_ticks(bag: Bag, topics: BagTopics, contract: Contract) -> tuple[list[Tick], RawSensors]:
    """Every tick of a policy in a bag, in the order of arrival, and the readings that they name."""
    sensors = RawSensors(contract)
    ticks = []
    for message in bag.messages((topics.joint_states, topics.imu, topics.object_pose, topics.tick)):
        if message.topic == topics.tick:
            ticks.append(decode(message.data))
        elif message.topic == topics.joint_states:
            sensors.add_joints(message.data)
        else:
            others = sensors.imus if message.topic == topics.imu else sensors.objects
            others[stamp_ns(message.data.header.stamp)] = message.data
    return ticks, sensors


def _assemble(ticks: list[Tick], sensors: RawSensors, contract: Contract) -> Iterator[_Step]:
    """Run a fresh session over the ticks that acted.

    After a gap in the recording the session is brought to the right stride phase; what it
    assembles counts as verified again once every history term has been filled anew.
    """
    session = PolicySession(contract)
    longest = max(term.history for term in contract.observation)
    expected, unseen = -1, 0
    for tick in ticks:
        if tick.session_tick < 0:
            continue
        state = sensors.state(tick)
        if state is None:
            expected = -1
            continue
        if tick.session_tick != expected or tick.session_tick == 0:
            session.reset()
            for _ in range(tick.session_tick):
                session.act(np.zeros(len(contract.joints)))
            unseen = longest if tick.session_tick else 0
        observation = session.observe(state, tick.command).copy()
        session.act(tick.action)
        yield _Step(tick, state, observation, unseen <= 0)
        unseen -= 1
        expected = tick.session_tick + 1


def _lost(ticks: list[Tick]) -> int:
    """How many ticks acted between the recorded ones, by their place since the last reset."""
    acted = [tick.session_tick for tick in ticks if tick.session_tick >= 0]
    expected = [0, *(place + 1 for place in acted)]
    return sum(place - due if place >= due else place for place, due in zip(acted, expected, strict=False))


def _verify(steps: list[_Step], path: Path) -> float:
    worst = 0.0
    for step in steps:
        if not step.verified:
            continue
        if step.tick.observation.shape != step.observation.shape:
            raise ContractError(
                f"{path}: tick {step.tick.number} acted on {step.tick.observation.size} observations, "
                f"the contract assembles {step.observation.size}."
            )
        difference = np.abs(step.observation - step.tick.observation)
        if not (difference <= TOLERANCE * np.maximum(1.0, np.abs(step.observation))).all():
            index = int(np.argmax(difference))
            raise ContractError(
                f"{path}: tick {step.tick.number}: the recorded sensors give observation[{index}] = "
                f"{step.observation[index]:.7g}, the policy acted on {step.tick.observation[index]:.7g}."
            )
        worst = max(worst, float(difference.max()))
    return worst


def _joined(first: _Step, second: _Step, period: float) -> bool:
    """Whether `second` is what came of `first` one `period` (s) later, in the same episode."""
    a, b = first.tick, second.tick
    elapsed = (b.joint_stamp - a.joint_stamp) * 1e-9
    return (
        first.verified
        and second.verified
        and a.mode is Mode.RUNNING
        and b.mode is Mode.RUNNING
        and b.number == a.number + 1
        and b.session_tick == a.session_tick + 1
        and abs(elapsed - period) <= PERIOD_TOLERANCE * period
        and np.array_equal(a.command, b.command)
    )


def _stack(
    steps: list[_Step], contract: Contract, sha256: str, counts: tuple[int, int], error: float, path: Path
) -> BagTransitions:
    pairs, episodes, episode = [], [], 0
    for first, second in pairwise(steps):
        if _joined(first, second, contract.control_period):
            pairs.append((first, second))
            episodes.append(episode)
        else:
            episode += 1
    if not pairs:
        raise TerrafirmaError(f"{path}: no two consecutive ones among its {counts[0]} running ticks.")
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    action = np.array([step.tick.action for step in before])
    return BagTransitions(
        np.array([step.observation for step in before]),
        action,
        action / np.array(contract.action.scale),
        np.array([step.observation for step in after]),
        np.array([step.tick.command for step in before]),
        np.array([step.state.joint_position for step in before]),
        np.array([step.state.joint_velocity for step in before]),
        np.array([step.state.joint_position for step in after]),
        np.array([step.state.joint_velocity for step in after]),
        np.array([step.state.object_position for step in after]) if needs_observer(contract) else None,
        np.array(episodes, dtype=np.int64),
        np.array([step.tick.number for step in before], dtype=np.int64),
        contract,
        sha256,
        *counts,
        error,
    )
