"""A policy node gets a successor while an emulated robot moves: no tick is missed, and a bad one goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from contract.record import Contract
from policies.runtime import Policy
from robot_bridge.tick import Mode, Tick, decode
from tests.robot_bridge.conftest import write_policy
from tests.robot_bridge.successors import column_of, write_treacherous

PERIOD = 0.05
NEAR, FAR = 0.4, 0.6  # m, target's x
RULES = {"swap.blend": 0.2, "swap.probation": 6.0}
BACK = 1.0  # s


class Robot:
    """An emulated arm and its policy node, and what they say."""

    def __init__(self, start: Callable[..., Any], observer: Any, policy: Path, **parameters: object) -> None:
        self.observer, self.x = observer, NEAR
        self._ticks = observer.listen(Float64MultiArray, "/policy/tick")
        self._diagnostics = observer.listen(DiagnosticArray, "/diagnostics")
        publisher = observer.node.create_publisher(PointStamped, "/target", 1)

        def give_target() -> None:
            message = PointStamped()
            message.point.x, message.point.z = self.x, 0.5
            publisher.publish(message)

        observer.node.create_timer(0.05, give_target)
        start("emulated_robot_node", robot="iiwa", autostart=True)
        start("policy_node", policy=policy, autostart=True, **parameters)
        assert observer.until(lambda: self.ticks() and self.ticks()[-1].mode is Mode.RUNNING)

    def ticks(self) -> list[Tick]:
        return [decode(message) for message in self._ticks]

    def said(self, key: str) -> str:
        """The policy node's newest word on `key`."""
        own = [s for m in self._diagnostics for s in m.status if s.name == "policy"]
        return next((e.value for s in reversed(own) for e in s.values if e.key == key), "")

    def offer(self, path: Path) -> Any:
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(path))
        request = SetParameters.Request(parameters=[Parameter(name="candidate", value=value)])
        return self.observer.call(SetParameters, "/policy/set_parameters", request).results[0]

    def call(self, name: str) -> Any:
        return self.observer.call(Trigger, f"/policy/{name}", Trigger.Request())

    def promote(self, path: Path) -> None:
        assert self.offer(path).successful
        assert self.observer.until(lambda: self.said("candidate") == f"ready: {Policy(path).sha256}")
        answer = self.call("promote")
        assert answer.success, answer.message


@pytest.fixture
def robot(start: Callable[..., Any], observer: Any, iiwa_policy: Path) -> Robot:
    return Robot(start, observer, iiwa_policy, **{"swap.accept": True, **RULES})


def test_a_successor_takes_over_between_two_ticks(
    robot: Robot, iiwa_contract: Contract, tmp_path: Path
) -> None:
    successor = write_policy(tmp_path / "next.onnx", iiwa_contract, gain=0.3)
    missed, before = robot.said("missed_ticks"), len(robot.ticks())
    robot.promote(successor)
    assert robot.observer.until(lambda: robot.said("swap") == "confirmed")
    robot.observer.spin(0.5)
    ticks = robot.ticks()[before:]
    assert {tick.mode for tick in ticks} == {Mode.RUNNING}
    numbers = np.array([(tick.number, tick.session_tick) for tick in ticks])
    assert (np.diff(numbers, axis=0) == 1).all()
    assert robot.said("missed_ticks") == missed
    assert robot.said("policy_sha256") == Policy(successor).sha256
    policy, last = Policy(successor), ticks[-1]
    assert np.allclose(policy(last.observation), last.action, atol=1e-6)
    assert not np.allclose(Policy(robot_policy(robot))(last.observation), last.action, atol=1e-3)


def robot_policy(robot: Robot) -> Path:
    """The file that the node was started with."""
    return Path(robot.said("policy"))


def test_who_turns_bad_is_gone_within_a_second(robot: Robot, tmp_path: Path) -> None:
    incumbent = Policy(robot_policy(robot))
    column = column_of("tool_error", incumbent.contract)
    ahead = float(robot.ticks()[-1].observation[column])
    term = next(term for term in incumbent.contract.observation if term.source == "tool_error")
    threshold = ahead + 0.5 * (FAR - NEAR) * term.scale
    robot.promote(write_treacherous(tmp_path / "bad.onnx", incumbent.path, column, threshold))
    robot.x = FAR
    assert robot.observer.until(lambda: robot.said("swap").startswith("rolled back"))
    robot.observer.spin(0.5)
    ticks = robot.ticks()
    first = next(i for i, tick in enumerate(ticks) if tick.observation[column] > threshold)
    turned = ticks[first:]
    off = [not np.allclose(incumbent(tick.observation), tick.action, atol=1e-5) for tick in turned]
    assert any(off)  # it did act
    last = max(i for i, each in enumerate(off) if each)
    assert turned[last].joint_stamp - turned[0].joint_stamp < BACK * 1e9
    assert {tick.mode for tick in turned} == {Mode.RUNNING}
    assert "from its predecessor's" in robot.said("swap")
    assert robot.said("policy_sha256") == incumbent.sha256
    # and it may not be rolled back twice
    assert not robot.call("roll_back").success


def test_what_cannot_take_over_is_refused(robot: Robot, iiwa_contract: Contract, tmp_path: Path) -> None:
    joints = iiwa_contract.joints[1:] + iiwa_contract.joints[:1]
    turned = write_policy(tmp_path / "turned.onnx", replace(iiwa_contract, joints=joints))
    edited = tmp_path / "edited.onnx"
    edited.write_bytes(robot_policy(robot).read_bytes()[:-200])
    for path, why in (
        (turned, "its joints differ"),
        (edited, "edited.onnx"),
        (tmp_path / "no", "no such policy"),
    ):
        assert robot.offer(path).successful
        assert robot.observer.until(lambda why=why: why in robot.said("candidate"))
        answer = robot.call("promote")
        assert not answer.success
        assert "nothing to promote: refused" in answer.message
    robot.observer.spin(0.3)
    assert robot.ticks()[-1].mode is Mode.RUNNING
    assert robot.said("policy_sha256") == Policy(robot_policy(robot)).sha256


def test_nobody_takes_over_unless_told_so(
    start: Callable[..., Any], observer: Any, iiwa_policy: Path
) -> None:
    result = Robot(start, observer, iiwa_policy).offer(iiwa_policy)
    assert not result.successful
    assert "swap.accept is false" in result.reason
