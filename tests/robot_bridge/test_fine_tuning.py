"""What the fine-tuner asks for, what its gate lets through, and what has to go again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from contract.errors import TerrafirmaError
from contract.record import Contract
from contract.state import Array
from policies.runtime import Policy
from robot_bridge.fine_tuning import FineTuning, FineTuningRules, Phase
from robot_bridge.live_motion import STRETCH, LiveMotion
from robot_bridge.newcomer import Newcomer
from robot_bridge.succession import Succession, SwapRules
from robot_bridge.tick import Mode, Tick
from tests.robot_bridge.conftest import write_policy

LENGTH, PERIOD = 60, 0.05
NS = 1_000_000_000
STRENGTHS = {"lbr_iiwa_joint_1": 0.4}


class PolicyNode:
    """The swapping parts of a policy node, without ROS between."""

    def __init__(self, policy: Policy) -> None:
        self.succession = Succession(policy, SwapRules(blend=0.2, probation=30.0))
        self.newcomer: Newcomer | None = None

    def said(self, key: str) -> str:
        newcomer = "" if self.newcomer is None else str(self.newcomer)
        values = {"candidate": newcomer, "swap": self.succession.outcome}
        return (values | {"policy_sha256": self.succession.policy.sha256})[key]

    def offer(self, path: Path) -> None:
        self.newcomer = Newcomer(path, self.succession.policy.contract)

    def promote(self) -> None:
        assert self.newcomer is not None
        assert self.newcomer.policy is not None
        self.succession.promote(self.newcomer.policy)

    def roll_back(self) -> None:
        self.succession.roll_back("asked to")


class Learner:
    """Keeps what it is asked."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def ask(self, request: dict[str, Any]) -> None:
        self.requests.append(request)


class Robot:
    """A policy at work, its fine-tuner, and a clock."""

    def __init__(self, path: Path, out: Path, rules: FineTuningRules) -> None:
        policy = Policy(path)
        self.contract, self.out = policy.contract, out
        self.node, self.learner, self.notes = PolicyNode(policy), Learner(), list[str]()
        self.motion = LiveMotion(policy.contract, LENGTH)
        self.mind = FineTuning(
            *(policy, self.motion, rules, out, self.node, self.learner), note=self.notes.append
        )
        self.number, self._rng = 0, np.random.default_rng(0)

    @property
    def now(self) -> float:
        return self.number * PERIOD

    def run(self, ticks: int, reward: float | None = None) -> None:
        """So many ticks, each with its reading; then time passes in the fine-tuner."""
        for _ in range(ticks):
            stamp = round(self.now * NS)
            names = list(self.contract.joint_names)
            zeros = [0.0] * len(names)
            message = JointState(name=names, position=zeros, velocity=zeros, effort=zeros)
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, NS)
            self.motion.sensors.add_joints(message)
            observation = self._rng.normal(size=self.contract.observation_size).astype(np.float32)
            action: Array = self.node.succession(observation)
            tick = Tick(
                *(self.number, self.number, Mode.RUNNING, stamp, 0, np.zeros(3)),
                *(observation, action, np.full(len(names), 0.01 * self.number)),
            )
            assert self.motion.add(tick) is not None
            noise = 0.01 * self._rng.normal()
            self.mind.see(tick, None if reward is None else reward + noise)
            self.number += 1
            self.mind.step(self.now)

    def answer(self, kind: str, **facts: Any) -> None:
        self.mind.answer({"kind": kind, "strengths": STRENGTHS, **facts}, self.now)

    def candidate(self, path: Path, worth: float = 2.0, incumbent: float = 1.0) -> None:
        self.answer("candidate", path=str(path), candidate_return=worth, incumbent_return=incumbent)


RULES = FineTuningRules(interval=1.0, shadow=1.0, steps=7, max_distance=0.5)


@pytest.fixture
def robot(iiwa_policy: Path, tmp_path: Path) -> Robot:
    robot = Robot(iiwa_policy, tmp_path, RULES)
    robot.run(LENGTH, reward=1.0)
    assert robot.mind.phase is Phase.LEARNING
    return robot


@pytest.fixture
def better(tmp_path: Path, iiwa_contract: Contract) -> Path:
    return write_policy(tmp_path / "better.onnx", iiwa_contract, gain=0.22)


def until_promoted(robot: Robot, path: Path, reward: float) -> None:
    robot.candidate(path)
    robot.run(round(RULES.shadow / PERIOD), reward)
    assert robot.mind.phase is Phase.OFFERED
    newcomer = robot.node.newcomer
    assert newcomer is not None
    while newcomer.is_reading:  # in a thread, which takes no time here
        time.sleep(0.001)
    robot.run(1, reward)
    assert robot.mind.phase is Phase.PROBATION, robot.notes


def test_it_asks_for_what_is_new_and_looks_whether_it_still_is_so(robot: Robot) -> None:
    (first,) = robot.learner.requests
    assert (first["search"], first["candidate"], first["steps"], first["number"]) == (True, None, 7, 1)
    assert Policy(Path(first["incumbent"])).sha256 == robot.node.succession.policy.sha256
    robot.answer("nothing")
    robot.run(round(RULES.interval / PERIOD) + 1)
    assert robot.mind.phase is Phase.WATCHING
    assert not robot.learner.requests[1]["search"]
    robot.run(100)
    assert len(robot.learner.requests) == 2  # one question at a time
    robot.answer("same")
    robot.run(round(RULES.interval / PERIOD) + 1)
    robot.answer("changed")
    assert not robot.motion.is_full  # what was before tells nothing of what is now
    robot.run(LENGTH - 1)
    assert len(robot.learner.requests) == 3
    robot.run(1)
    assert robot.learner.requests[3]["search"]
    assert robot.learner.requests[3]["number"] == 2


def test_the_log_is_in_stretches_without_gaps(robot: Robot) -> None:
    robot.number += 3  # ticks that nobody recorded
    robot.run(10)
    robot.motion.write(robot.out / "log.npz")
    with np.load(robot.out / "log.npz") as log:
        starts, command = log["starts"].tolist(), log["command"][:, 0] / 0.01
        assert log["position"].shape == log["velocity"].shape == (LENGTH, 7)
        assert float(log["rate"]) == pytest.approx(1.0 / PERIOD)
    ends = [*starts[1:], LENGTH]
    for start, end in zip(starts, ends, strict=True):
        assert end - start <= STRETCH
        assert np.allclose(np.diff(command[start:end]), 1.0)


def test_a_good_candidate_takes_over_and_stays(robot: Robot, better: Path) -> None:
    robot.answer("found")
    assert robot.mind.strengths == STRENGTHS
    until_promoted(robot, better, reward=1.0)
    assert robot.node.succession.policy.sha256 == Policy(better).sha256
    robot.run(601, reward=1.0)
    assert robot.mind.phase is Phase.WATCHING
    assert "confirmed" in robot.mind.outcome
    robot.run(LENGTH)
    assert robot.learner.requests[-1]["incumbent"] == str(better)


def test_what_came_of_nothing_is_tried_again_a_few_times(robot: Robot) -> None:
    def searches() -> list[int]:
        return [request["number"] for request in robot.learner.requests if request["search"]]

    for tries in range(1, 4):
        assert len(searches()) == tries
        robot.answer("error", message="the disk is full")
        assert "the disk is full" in robot.mind.outcome
        robot.run(round(RULES.interval / PERIOD) + 1)
    assert searches() == [1, 2, 3]


def test_a_policy_that_it_does_not_know_is_none_to_learn_for(robot: Robot, better: Path) -> None:
    robot.answer("nothing")
    asked = len(robot.learner.requests)
    robot.node.succession.policy = Policy(better)
    robot.run(round(RULES.interval / PERIOD) + 1)
    assert len(robot.learner.requests) == asked
    assert "knows another" in robot.mind.outcome


def test_numbers_go_on_behind_those_of_an_earlier_session(iiwa_policy: Path, tmp_path: Path) -> None:
    (tmp_path / "candidate-7").mkdir()
    robot = Robot(iiwa_policy, tmp_path, RULES)
    robot.run(LENGTH)
    assert robot.learner.requests[0]["number"] == 8


def minus(path: Path, contract: Contract) -> Path:
    return write_policy(path, contract, gain=-2.0)


def test_what_the_gate_refuses(
    robot: Robot,
    better: Path,
    tmp_path: Path,
    iiwa_contract: Contract,
    policy_for: Callable[[Contract], Path],
) -> None:
    incumbent = robot.node.succession.policy.sha256
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(better.read_bytes()[:-100])
    scale = tuple(2.0 * s for s in iiwa_contract.action.scale)
    other = policy_for(replace(iiwa_contract, action=replace(iiwa_contract.action, scale=scale)))
    for path, worth, why in (
        (better, 0.9, "worth 0.90"),
        (better, float("nan"), "worth nan"),
        (cut, 2.0, "cut.onnx"),
        (other, 2.0, "its action differ"),
        (minus(tmp_path / "minus.onnx", iiwa_contract), 2.0, "in shadow its actions were"),
    ):
        robot.mind.phase, robot.mind._tries = Phase.LEARNING, 0
        robot.candidate(path, worth)
        robot.run(round(RULES.shadow / PERIOD) + 5)
        assert why in robot.mind.outcome
        assert "refused" in robot.mind.outcome
        assert robot.node.newcomer is None
    assert robot.node.succession.policy.sha256 == incumbent


def test_who_earns_less_than_before_has_to_go(robot: Robot, better: Path) -> None:
    incumbent = robot.node.succession.policy.sha256
    robot.run(160, reward=1.0)
    until_promoted(robot, better, reward=1.0)
    promoted = robot.number
    while robot.mind.phase is Phase.PROBATION and robot.number < promoted + 400:
        robot.run(1, reward=0.5)
    assert "rolled back" in robot.mind.outcome
    assert any("earns 0.5" in note for note in robot.notes)
    assert robot.node.succession.policy.sha256 == incumbent
    assert (robot.number - promoted) * PERIOD <= 10.0


def test_an_own_candidate_waits_for_its_turn(robot: Robot, better: Path) -> None:
    with pytest.raises(TerrafirmaError, match="one candidate at a time"):
        robot.mind.consider(better)
    robot.answer("nothing")
    robot.run(round(RULES.interval / PERIOD) + 1)
    assert not robot.learner.requests[-1]["search"]
    robot.mind.consider(better)
    robot.run(1)
    assert robot.learner.requests[-1]["candidate"] is None  # first the answer to the look
    robot.answer("same")
    robot.run(1)
    assert robot.learner.requests[-1]["candidate"] == str(better)
    assert robot.mind.phase is Phase.LEARNING
    robot.answer("nothing")
    with pytest.raises(TerrafirmaError, match="no such policy"):
        robot.mind.consider(better.with_name("none.onnx"))
