"""The A1 walks whatever kind of controller it has: real processes, each interface over DDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, TwistStamped
from std_msgs.msg import Float64MultiArray

from contract.rotation import tilt
from robot_bridge.actuation import FOLLOWS, ON_STOP
from robot_bridge.tick import Mode, decode

POLICY = Path(__file__).parents[2] / "policies" / "zoo" / "a1-velocity.onnx"
WALKED = 0.4  # m
START_UP = 60.0  # s, on a busy machine


@pytest.mark.parametrize("interface", ON_STOP)
def test_the_a1_walks(start: Callable[..., Any], observer: Any, interface: str) -> None:
    """In lock-step with a busy machine: simulated time waits for the policy."""
    start(
        "emulated_robot_node",
        robot="a1",
        autostart=True,
        await_controller=True,
        command_interface=interface,
        sensor_rate=400.0,
        lockstep=400.0 if interface in FOLLOWS else 50.0,  # a drive without a loop needs every command
    )
    node = start(
        "policy_node",
        policy=POLICY,
        autostart=True,
        robot_timeout=START_UP,
        use_sim_time=True,
        command_interface=interface,
        stamped_cmd_vel=True,
    )
    ticks = observer.listen(Float64MultiArray, "/policy/tick")
    truth = observer.listen(PoseStamped, "/emulated_robot/truth")
    publisher = observer.node.create_publisher(TwistStamped, "/cmd_vel", 1)
    message = TwistStamped()
    message.twist.linear.x = 0.5
    observer.node.create_timer(0.1, lambda: publisher.publish(message))
    assert observer.until(lambda: bool(truth) and truth[-1].pose.position.x > WALKED, START_UP), node.output()
    assert decode(ticks[-1]).mode is Mode.RUNNING
    turns = [message.pose.orientation for message in truth]
    assert max(float(tilt(np.array([q.x, q.y, q.z, q.w]))) for q in turns) < 0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"on_stop": "damp"}, "unknown on_stop with command_interface forward_position 'damp'"),
        ({"limits.velocity_scale": 2.0}, "limits.velocity_scale: 2 is not within (0, 1]"),
        ({"limits.tilt_limit": 3.0}, "limits.tilt_limit: 3 is not within [0, 0.8]"),
        ({"robot_timeout": -1.0}, "parameter robot_timeout: -1 is not within [0, inf]"),
        ({"cpu": 4096}, "parameter cpu: 4096 is none of ["),
    ],
)
def test_parameters_out_of_range_are_refused(
    start: Callable[..., Any], parameters: dict[str, object], message: str
) -> None:
    node = start("policy_node", policy=POLICY, autostart=True, **parameters)
    assert node.wait() == 2
    assert message in node.output()


def test_sensors_slower_than_control_are_refused(start: Callable[..., Any]) -> None:
    start("emulated_robot_node", robot="a1", autostart=True, sensor_rate=25.0)
    node = start("policy_node", policy=POLICY, autostart=True)
    assert node.wait() == 2
    assert "joint_states come at 25 Hz, and the policy acts at 50 Hz" in node.output()
