"""Transitions from a bag are what the policy acted on, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray, MultiArrayDimension

from contract import codec
from contract.errors import ContractError, TerrafirmaError
from contract.state import JointCommand, RobotState
from policies.runtime import Policy
from robot_bridge.bag import BagWriter
from robot_bridge.messages import float_array
from robot_bridge.policy_core import PolicyCore
from robot_bridge.safety import SensorSample
from robot_bridge.tick import LABELS, Mode, Tick, encode
from robot_bridge.transitions import BagTransitions, load_transitions
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

TICKS = 150


def joint_message(names: list[str], state: RobotState) -> JointState:
    message = JointState(name=names[::-1])  # the bag's order is not the contract's
    message.position = float_array(state.joint_position[::-1].copy())
    message.velocity = float_array(state.joint_velocity[::-1].copy())
    message.effort = float_array(state.joint_effort[::-1].copy())
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(state.stamp, 10**9)
    return message


def imu_message(state: RobotState) -> Imu:
    message = Imu()
    orientation, gyro = state.orientation.tolist(), state.gyro.tolist()
    message.orientation.x, message.orientation.y, message.orientation.z, message.orientation.w = orientation
    message.angular_velocity.x, message.angular_velocity.y, message.angular_velocity.z = gyro
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(state.stamp, 10**9)
    return message


def tick_message(tick: Tick) -> Float64MultiArray:
    sizes, values = encode(tick)
    message = Float64MultiArray(data=float_array(values))
    message.layout.dim = [
        MultiArrayDimension(label=label, size=size, stride=size)
        for label, size in zip(LABELS, sizes, strict=True)
    ]
    return message


def record(
    folder: Path,
    path: Path,
    keep: Callable[[Tick], bool] = lambda tick: True,
    tamper: Callable[[JointState], None] = lambda message: None,
    noted: bool = True,
) -> list[Tick]:
    """Run a policy on a simulated robot and write the bag that a recorder would have written."""
    policy = Policy(path)
    contract = policy.contract
    robot = SimulatedRobot(load_robot(contract.identity.robot), load_domain("nominal-mujoco"), seed=0)
    robot.reset()
    core = PolicyCore(policy)
    core.activate()
    notes = {"contract": codec.to_json(contract), "policy_sha256": policy.sha256} if noted else {}
    bag = BagWriter(folder, notes)
    for topic, kind in (("/joint_states", "JointState"), ("/imu/data", "Imu")):
        bag.add_topic(topic, f"sensor_msgs/msg/{kind}")
    bag.add_topic("/policy/tick", "std_msgs/msg/Float64MultiArray")
    rng, ticks = np.random.default_rng(0), []
    for k in range(TICKS):
        if k % 40 == 0:
            core.command.set(rng.uniform(contract.command.low, contract.command.high), robot.time)
        state = robot.sense()
        message = joint_message(list(contract.joint_names), state)
        tamper(message)
        bag.write("/joint_states", serialize_message(message), state.stamp)
        bag.write("/imu/data", serialize_message(imu_message(state)), state.stamp)
        tick = core.tick(k, robot.time, SensorSample(state, state.stamp, state.stamp, robot.time))
        assert tick is not None
        if keep(tick):
            bag.write("/policy/tick", serialize_message(tick_message(tick)), state.stamp)
            ticks.append(tick)
        robot.command(JointCommand.hold(tick.set_point))
        robot.step(round(contract.control_period / 0.0025))
    bag.close()
    return ticks


def matches(transitions: BagTransitions, ticks: list[Tick]) -> None:
    """Every row equals what the policy saw and did at its tick and the next."""
    by_number = {tick.number: tick for tick in ticks}
    for row, number in enumerate(transitions.tick.tolist()):
        now, after = by_number[number], by_number[number + 1]
        np.testing.assert_allclose(transitions.observation[row], now.observation, rtol=0, atol=1e-6)
        np.testing.assert_allclose(transitions.next_observation[row], after.observation, rtol=0, atol=1e-6)
        assert np.array_equal(transitions.action[row], now.action)
        assert np.array_equal(transitions.command[row], now.command)
        assert now.mode is after.mode is Mode.RUNNING


def test_rebuilt_transitions_equal_what_the_policy_acted_on(tmp_path: Path, iiwa_policy: Path) -> None:
    ticks = record(tmp_path / "bag", iiwa_policy)
    transitions = load_transitions(tmp_path / "bag")
    matches(transitions, ticks)
    running = [tick for tick in ticks if tick.mode is Mode.RUNNING]
    # Every running tick but the last before each of the changes of target at 40, 80 and 120, and the last.
    assert len(transitions) == len(running) - 4
    assert transitions.running_ticks == len(running)
    assert transitions.lost_ticks == 0
    assert transitions.observation_error <= 1e-6
    assert len(set(transitions.episode_id.tolist())) == 4
    scale = np.array(transitions.contract.action.scale)
    np.testing.assert_allclose(transitions.normalised_action * scale, transitions.action)
    assert np.array_equal(transitions.next_joint_position[:10], transitions.joint_position[1:11])
    assert transitions.policy_sha256 == Policy(iiwa_policy).sha256


def test_a_legged_robot_with_imu_phase_and_previous_action(tmp_path: Path, a1_policy: Path) -> None:
    ticks = record(tmp_path / "bag", a1_policy)
    transitions = load_transitions(tmp_path / "bag")
    matches(transitions, ticks)
    assert transitions.observation_error <= 1e-6
    assert len(transitions) > 50


@pytest.mark.parametrize("policy", ["iiwa_policy", "a1_policy"])
def test_lost_ticks_end_an_episode_and_are_counted(
    tmp_path: Path, policy: str, request: pytest.FixtureRequest
) -> None:
    lost = {100, 101, 130}
    path = request.getfixturevalue(policy)
    ticks = record(tmp_path / "bag", path, keep=lambda tick: tick.number not in lost)
    transitions = load_transitions(tmp_path / "bag")
    matches(transitions, ticks)
    assert transitions.lost_ticks == 3
    assert not {99, 100, 101, 129, 130} & set(transitions.tick.tolist())
    assert {110, 135, 140} <= set(transitions.tick.tolist())


def test_a_recording_that_begins_late_counts_what_it_missed(tmp_path: Path, iiwa_policy: Path) -> None:
    record(tmp_path / "bag", iiwa_policy, keep=lambda tick: tick.number >= 50)
    assert load_transitions(tmp_path / "bag").lost_ticks == 50


def test_sensors_that_say_otherwise_are_refused(tmp_path: Path, iiwa_policy: Path) -> None:
    def tamper(message: JointState) -> None:
        if message.header.stamp.sec == 2:
            message.position[3] += 1e-4

    record(tmp_path / "bag", iiwa_policy, tamper=tamper)
    with pytest.raises(ContractError, match=r"tick 40: the recorded sensors give observation\["):
        load_transitions(tmp_path / "bag")


def test_the_contract_comes_from_the_bag_or_the_caller(tmp_path: Path, iiwa_policy: Path) -> None:
    record(tmp_path / "bag", iiwa_policy, noted=False)
    with pytest.raises(TerrafirmaError, match="noted no contract"):
        load_transitions(tmp_path / "bag")
    assert len(load_transitions(tmp_path / "bag", Policy(iiwa_policy).contract)) > 100


def test_a_bag_without_running_ticks_is_refused(tmp_path: Path, iiwa_policy: Path) -> None:
    record(tmp_path / "bag", iiwa_policy, keep=lambda tick: tick.mode is not Mode.RUNNING)
    with pytest.raises(TerrafirmaError, match="among its 0 running ticks"):
        load_transitions(tmp_path / "bag")
