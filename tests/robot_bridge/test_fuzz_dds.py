"""Whatever arrives over DDS, every node lives on, and no command leaves the limits.

A walking A1 with all nodes; beside its own messages come others, well formed and not, on every topic
that somebody listens to. `FUZZ_DDS=10000 pytest tests/robot_bridge/test_fuzz_dds.py` sends so many, else 400.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, Twist
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray, MultiArrayDimension

from policies.runtime import Policy
from robot_bridge.bag_reader import Bag
from robot_bridge.tick import LABELS
from tests.robot_bridge.faults.bench import COMMANDS, POLICY, Bench
from tests.robot_bridge.test_fuzz import imu, joints, number

BATCH = 20  # messages at once
TOTAL = int(os.environ.get("FUZZ_DDS", "400"))
KINDS = {
    "/joint_states": JointState,
    "/imu/data": Imu,
    "/cmd_vel": Twist,
    COMMANDS: Float64MultiArray,
    "/policy/tick": Float64MultiArray,
    "/object_pose": PoseStamped,
}
NAMES = Policy(POLICY).contract.joint_names

arrays = st.builds(
    lambda data, labels: (data, labels),
    st.lists(number, max_size=40),
    st.just(list(LABELS)) | st.lists(st.text(max_size=10), max_size=12),
)


def fill(message: Any, values: Any) -> Any:
    """A ROS message with the fields of `values`, where it has them."""
    for name in message.get_fields_and_field_types():
        if hasattr(values, name):
            value = getattr(values, name)
            nested = hasattr(getattr(message, name), "get_fields_and_field_types")
            setattr(message, name, fill(getattr(message, name), value) if nested else value)
    return message


@st.composite
def messages(draw: st.DrawFn, topics: Sequence[str]) -> tuple[str, bytes]:
    """One of `topics`, and what comes on it: a message, or what is left of one."""
    topic = draw(st.sampled_from(topics))
    message = KINDS[topic]()
    if topic == "/joint_states":
        fill(message, draw(joints(NAMES)))
    elif topic in ("/imu/data", "/object_pose"):
        fill(message, draw(imu))
    elif topic == "/cmd_vel":
        fill(message.linear, SimpleNamespace(x=draw(number), y=draw(number), z=draw(number)))
    else:
        message.data, labels = draw(arrays)
        sizes = [draw(st.integers(0, 50)) for _ in labels]
        message.layout.dim = [
            MultiArrayDimension(label=label, size=size) for label, size in zip(labels, sizes, strict=True)
        ]
    whole = serialize_message(message)
    if draw(st.integers(0, 9)):
        return topic, whole
    cut = draw(st.integers(0, len(whole)))
    return topic, whole[:cut] + draw(st.binary(max_size=16))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def bench(folder: Path) -> Iterator[Bench]:
    made = Bench(folder)
    made.start(
        "recorder", "recorder_node", "autostart:=true", f"output:={folder / 'bag'}", f"policy:={POLICY}"
    )
    made.start("commander", "commander_node", f"policy:={POLICY}")
    assert made.is_walking(), "the bench is not well"
    yield made
    made.close()


def fuzz(bench: Bench, topics: Sequence[str], total: int) -> None:
    """Send at least `total` messages; every node has to live on."""
    publishers = {topic: bench.node.create_publisher(KINDS[topic], topic, 100) for topic in topics}
    sent = 0

    @settings(
        max_examples=-(-total // BATCH) + 1, deadline=None, phases=(Phase.generate,), database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(messages(topics), min_size=BATCH, max_size=BATCH))
    def send(batch: list[tuple[str, bytes]]) -> None:
        nonlocal sent
        for topic, data in batch:
            with suppress(RuntimeError):  # some are too long or too short to be sent at all
                publishers[topic].publish(data)
                sent += 1
        bench.spin(0.01)
        ended = [name for name, process in bench.processes.items() if process.poll() is not None]
        assert not ended, log(bench, ended[0])

    send()
    assert sent > 0.9 * total
    for publisher in publishers.values():
        bench.node.destroy_publisher(publisher)


def log(bench: Bench, name: str) -> str:
    return max(bench.logs.glob(f"{name}-*.log")).read_text()[-2000:]


def test_no_message_ends_a_node_or_moves_a_joint_too_far(bench: Bench) -> None:
    fuzz(bench, [topic for topic in KINDS if topic != COMMANDS], TOTAL)
    joints_of = bench.contract.joints
    points = np.array([seen.tick.set_point for seen in bench.ticks])
    assert np.isfinite(points).all()
    assert (points >= [joint.lower for joint in joints_of]).all()
    assert (points <= [joint.upper for joint in joints_of]).all()
    # a reading may have said that it lay on its side, and some may have made it so
    assert bench.trigger("/emulated_robot/reset")
    assert bench.trigger("/policy/reset_emergency_stop")
    assert bench.is_walking(), "it does not recover"


def test_no_command_ends_the_robot(bench: Bench) -> None:
    """The policy holds meanwhile: somebody else commands its robot."""
    fuzz(bench, [COMMANDS], TOTAL // 5)
    assert bench.has_said("stranger", 0.0)


def test_all_end_in_good_order_and_the_bag_is_whole(bench: Bench, folder: Path) -> None:
    for process in bench.processes.values():
        process.send_signal(signal.SIGTERM)
    ends = {name: process.wait(20) for name, process in bench.processes.items()}
    assert ends == dict.fromkeys(bench.processes, 0)
    assert any(True for _ in Bag(folder / "bag").messages(["/policy/tick"]))
