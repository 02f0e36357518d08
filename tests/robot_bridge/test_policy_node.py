"""The policy node in a process of its own, against an emulated robot in another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped, PoseStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from contract.record import Contract
from robot_bridge.messages import stamp_ns
from robot_bridge.tick import Mode, Tick, decode

COMMANDS = "/position_controller/commands"


def give_target(observer: Any) -> None:
    """Keep a target coming, as a user would."""
    publisher = observer.node.create_publisher(PointStamped, "/target", 1)
    message = PointStamped()
    message.point.x, message.point.z = 0.5, 0.5
    observer.node.create_timer(0.1, lambda: publisher.publish(message))


def ticks(observer: Any) -> Callable[[], list[Tick]]:
    received = observer.listen(Float64MultiArray, "/policy/tick")
    return lambda: [decode(message) for message in received]


def timings(diagnostics: Sequence[DiagnosticArray]) -> list[str]:
    """What the policy last said of how long a tick and an answer take."""
    said = [status for message in diagnostics for status in message.status if status.name == "policy"]
    values = {entry.key: entry.value for entry in said[-1].values}
    return [values["tick_us"], values["answer_us"]]


def change(observer: Any, transition: int) -> bool:
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(observer.call(ChangeState, "/policy/change_state", request).success)


def test_refuses_a_robot_with_a_renamed_joint(
    start: Callable[..., Any], iiwa_contract: Contract, policy_for: Callable[[Contract], Path]
) -> None:
    joints = list(iiwa_contract.joints)
    joints[2] = replace(joints[2], name="lbr_iiwa_joint_three")
    policy = policy_for(replace(iiwa_contract, joints=tuple(joints)))
    start("emulated_robot_node", robot="iiwa", autostart=True)
    node = start("policy_node", policy=policy, autostart=True)
    assert node.wait() == 2
    assert "lacks 1 joint(s)" in node.output()
    assert "lbr_iiwa_joint_three" in node.output()
    assert "Did you mean 'lbr_iiwa_joint_" in node.output()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"robot_timeout": 0.5}, "no message on /joint_states within 0.5 s"),
        ({"policy": "/no/such.onnx"}, "no such policy file"),
        ({"command_interface": "torque"}, "unknown command_interface 'torque'"),
        ({"robot_timeout": "soon"}, "parameter robot_timeout: expected float, got 'soon'"),
    ],
)
def test_refuses_to_start(
    start: Callable[..., Any], iiwa_policy: Path, parameters: dict[str, object], message: str
) -> None:
    node = start("policy_node", **{"policy": iiwa_policy, "autostart": True, **parameters})
    assert node.wait() == 2
    assert message in node.output()


def test_refuses_a_robot_beside_which_nobody_sees_the_object(
    start: Callable[..., Any], policy_for: Callable[[Contract], Path], push_contract: Contract
) -> None:
    start("emulated_robot_node", robot="panda", autostart=True)
    node = start("policy_node", policy=policy_for(push_contract), autostart=True, robot_timeout=8.0)
    assert node.wait() == 2
    assert "no message on /object_pose within 8 s" in node.output()


def test_holds_while_nobody_sees_the_object(
    start: Callable[..., Any], observer: Any, policy_for: Callable[[Contract], Path], push_contract: Contract
) -> None:
    seen = ticks(observer)
    give_target(observer)
    poses = observer.node.create_publisher(PoseStamped, "/object_pose", 1)

    def see() -> None:
        pose = PoseStamped()
        pose.header.frame_id = "base_link"
        pose.header.stamp = observer.node.get_clock().now().to_msg()
        pose.pose.position.x, pose.pose.position.z = 0.5, 0.03
        poses.publish(pose)

    camera = observer.node.create_timer(0.03, see)
    start("emulated_robot_node", robot="panda", autostart=True, sensor_rate=100)
    policy = policy_for(push_contract)
    start("policy_node", policy=policy, autostart=True, command_listeners=0, tick_listeners=1)
    assert observer.until(lambda: any(tick.mode is Mode.RUNNING for tick in seen()))
    assert seen()[-1].object_stamp > 0

    camera.cancel()
    assert observer.until(lambda: seen()[-1].mode is Mode.HOLDING, 5.0)
    camera.reset()
    assert observer.until(lambda: seen()[-1].mode is Mode.RUNNING, 5.0)


@pytest.mark.parametrize("rehearsal", [False, True])
def test_silent_until_activated_then_ramps_then_holds_when_deactivated(
    start: Callable[..., Any], observer: Any, iiwa_policy: Path, rehearsal: bool
) -> None:
    commands = observer.listen(Float64MultiArray, COMMANDS)
    diagnostics = observer.listen(DiagnosticArray, "/diagnostics")
    seen = ticks(observer)
    states = observer.listen(JointState, "/joint_states")
    give_target(observer)
    start("emulated_robot_node", robot="iiwa", autostart=True, sensor_rate=100)
    start("policy_node", policy=iiwa_policy, command_listeners=2, tick_listeners=1, rehearsal=rehearsal)
    assert observer.until(lambda: len(states) > 0)
    assert change(observer, Transition.TRANSITION_CONFIGURE)
    observer.spin(0.7)
    assert commands == []  # configured, with sensors and a target, and yet silent

    assert change(observer, Transition.TRANSITION_ACTIVATE)
    assert observer.until(lambda: any(tick.mode is Mode.RUNNING for tick in seen()))
    acting = [tick for tick in seen() if tick.session_tick >= 0]
    assert acting[0].mode is Mode.RAMPING
    assert np.abs(acting[0].set_point - np.array(states[0].position)).max() < 0.02
    steps = np.abs(np.diff([tick.set_point for tick in acting[:10]], axis=0)).max()
    assert steps < 0.05  # a tenth of the ramp, where the policy alone would jump by up to 0.25
    assert len({tick.number for tick in seen()}) == len(seen())  # what is rehearsed is not heard
    assert observer.until(lambda: all("half <" in timing for timing in timings(diagnostics)), 5.0)

    assert change(observer, Transition.TRANSITION_DEACTIVATE)
    observer.spin(0.5)
    count = len(commands)
    measured = {stamp_ns(state.header.stamp): list(state.position) for state in states}
    assert list(commands[-1].data) == measured[seen()[-1].joint_stamp]  # where it was, not where it was going
    observer.spin(0.5)
    assert len(commands) == count


def test_holds_while_the_robot_is_dead_and_ramps_in_when_it_returns(
    start: Callable[..., Any], observer: Any, iiwa_policy: Path
) -> None:
    seen = ticks(observer)
    give_target(observer)
    robot_parameters = {"robot": "iiwa", "autostart": True, "sensor_rate": 100, "rate": 2.0}
    robot = start("emulated_robot_node", **robot_parameters)
    start(
        "policy_node",
        policy=iiwa_policy,
        autostart=True,
        use_sim_time=True,
        command_listeners=0,
        tick_listeners=1,
    )
    assert observer.until(lambda: any(tick.mode is Mode.RUNNING for tick in seen()))

    robot.process.kill()
    assert observer.until(lambda: seen()[-1].mode is Mode.HOLDING, 5.0)  # though /clock died with the robot
    before = len(seen())
    assert observer.until(lambda: len(seen()) > before + 5, 5.0)
    held = [tick.set_point for tick in seen()[before:]]
    assert np.ptp(held, axis=0).max() < 1e-9

    start("emulated_robot_node", **robot_parameters)
    assert observer.until(lambda: seen()[-1].mode is Mode.RUNNING)
    resumed = [tick for tick in seen()[before:] if tick.session_tick >= 0]
    assert (resumed[0].mode, resumed[0].session_tick) == (Mode.RAMPING, 0)

    assert observer.call(Trigger, "/policy/emergency_stop", Trigger.Request()).success
    assert observer.until(lambda: seen()[-1].mode is Mode.HOLDING, 5.0)
    assert observer.call(Trigger, "/policy/reset_emergency_stop", Trigger.Request()).success
    assert observer.until(lambda: seen()[-1].mode is Mode.RAMPING, 5.0)
