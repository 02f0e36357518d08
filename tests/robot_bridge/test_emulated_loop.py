"""The whole graph over DDS, one process a node, from the shipped launch file to transitions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader

from contract.record import Contract
from policies.runtime import Policy
from robot_bridge.bag_reader import Bag
from robot_bridge.launch_runner import run_launch_file
from robot_bridge.tick import Mode, Tick, decode
from robot_bridge.transitions import load_transitions
from sim.tasks.push import Push

LAUNCH = Path(__file__).parents[2] / "launch" / "emulated.launch.xml"
BUDGET = 70


@pytest.fixture
def bag(ros_domain: int, tmp_path: Path, iiwa_policy: Path) -> Path:
    """What the recorder wrote until it had its budget of ticks."""
    arguments = {
        "policy": str(iiwa_policy),
        "output": str(tmp_path / "bag"),
        "domain": "iiwa-broken-joint",
        "rate": "10.0",
        "sensor_rate": "20.0",
        "lockstep": "20.0",
        "max_ticks": str(BUDGET),
        "exploration_std": "0.2",
        "interval": "2.0",
    }
    assert run_launch_file(LAUNCH, arguments) == 0
    return tmp_path / "bag"


def test_emulated_launch(bag: Path, iiwa_policy: Path) -> None:
    ticks = [decode(message.data) for message in Bag(bag).messages(["/policy/tick"])]
    check_modes(ticks)
    check_transitions(bag, ticks, Policy(iiwa_policy))
    check_other_tools(bag, len(ticks))


def check_modes(ticks: list[Tick]) -> None:
    modes = [tick.mode for tick in ticks if tick.mode is not Mode.HOLDING]
    ramping = modes.index(Mode.RUNNING)
    assert modes == [Mode.RAMPING] * ramping + [Mode.RUNNING] * BUDGET  # never more than was asked for
    assert 18 <= ramping <= 22  # 1 s at 20 Hz, in simulated time


def check_transitions(bag: Path, ticks: list[Tick], policy: Policy) -> None:
    transitions = load_transitions(bag)
    assert transitions.running_ticks == BUDGET
    assert transitions.lost_ticks == 0
    assert transitions.policy_sha256 == policy.sha256
    assert len(transitions) >= BUDGET - 4  # in lock-step only a change of target may break the chain
    by_number = {tick.number: tick for tick in ticks}
    for row, number in enumerate(transitions.tick.tolist()):
        now, after = by_number[number], by_number[number + 1]
        np.testing.assert_allclose(transitions.observation[row], now.observation, rtol=0, atol=1e-6)
        np.testing.assert_allclose(transitions.next_observation[row], after.observation, rtol=0, atol=1e-6)
    moved = np.abs(transitions.next_joint_position - transitions.joint_position).max()
    assert moved > 0.01  # commands reached the robot


def check_other_tools(bag: Path, tick_count: int) -> None:
    with AnyReader([bag]) as reader:
        connections = [c for c in reader.connections if c.topic in ("/joint_states", "/policy/tick")]
        read = [(c.topic, reader.deserialize(data, c.msgtype)) for c, _, data in reader.messages(connections)]
    assert sum(topic == "/policy/tick" for topic, _ in read) == tick_count
    positions = [list(message.position) for topic, message in read if topic == "/joint_states"]
    with next(bag.glob("*.mcap")).open("rb") as stream:
        decoded = make_reader(stream, decoder_factories=[DecoderFactory()]).iter_decoded_messages(
            ["/joint_states"]
        )
        assert [list(message.position) for _, _, _, message in decoded] == positions


def test_an_arm_that_is_told_where_an_object_is(
    ros_domain: int, tmp_path: Path, policy_for: Callable[[Contract], Path], push_contract: Contract
) -> None:
    arguments = {
        "policy": str(policy_for(push_contract)),
        "output": str(tmp_path / "bag"),
        "robot": "panda",
        "task": "push",
        "rate": "10.0",
        "sensor_rate": "20.0",
        "lockstep": "20.0",
        "max_ticks": "40",
    }
    assert run_launch_file(LAUNCH, arguments) == 0
    bag, transitions = Bag(tmp_path / "bag"), load_transitions(tmp_path / "bag")
    assert transitions.observation_error <= 1e-6
    poses = [message.data.pose.position for message in bag.messages(["/object_pose"])]
    recorded = {(pose.x, pose.y, pose.z) for pose in poses}
    assert transitions.next_object_position is not None
    assert {tuple(row) for row in transitions.next_object_position.tolist()} <= recorded
    start, scene = transitions.next_object_position[0], Push.scene
    assert (start[:2] > np.array(scene.low) - 0.01).all()
    assert (start[:2] < np.array(scene.high) + 0.01).all()


def test_a_legged_robot_over_joint_trajectories(ros_domain: int, tmp_path: Path, a1_policy: Path) -> None:
    """Real time without /clock, an IMU, velocity commands, and the other command interface."""
    arguments = {
        "policy": str(a1_policy),
        "output": str(tmp_path / "bag"),
        "robot": "a1",
        "use_sim_time": "false",
        "command_interface": "joint_trajectory",
        "max_ticks": "50",
    }
    assert run_launch_file(LAUNCH, arguments) == 0
    bag = Bag(tmp_path / "bag")
    trajectories = [m.data for m in bag.messages(["/joint_trajectory_controller/joint_trajectory"])]
    ticks = [decode(m.data) for m in bag.messages(["/policy/tick"])]
    assert tuple(trajectories[-1].joint_names) == Policy(a1_policy).contract.joint_names
    sent = {tuple(trajectory.points[0].positions) for trajectory in trajectories}
    assert all(tuple(tick.set_point) in sent for tick in ticks if tick.mode is Mode.RUNNING)
    assert {m.data.linear.x for m in bag.messages(["/cmd_vel"])}
    positions = np.array([m.data.position for m in bag.messages(["/joint_states"])])
    assert np.ptp(positions, axis=0).max() > 0.05  # it steps
    assert load_transitions(tmp_path / "bag").observation_error <= 1e-6
