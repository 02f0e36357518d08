"""Sensor messages become robot states by joint name, whatever their order."""

from __future__ import annotations

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import Imu, JointState

from contract.errors import ContractError
from contract.record import Contract
from contract.state import RobotState
from robot_bridge.messages import JointReader, needs_imu, read_imu, read_object


def message(contract: Contract, order: list[int], extra: int = 0) -> JointState:
    """Joint i at position i, velocity 10 + i and effort 100 + i, in `order`, after `extra` others."""
    names = [f"other_{i}" for i in range(extra)] + [contract.joint_names[i] for i in order]
    values = [-1.0] * extra + [float(i) for i in order]
    result = JointState(name=names, position=values)
    result.velocity = [value + 10.0 for value in values]
    result.effort = [value + 100.0 for value in values]
    result.header.stamp = Time(sec=3, nanosec=4)
    return result


@given(st.permutations(range(7)), st.integers(0, 3))
def test_any_order_and_extra_joints(iiwa_contract: Contract, order: list[int], extra: int) -> None:
    reader = JointReader(iiwa_contract)
    state = reader.read(message(iiwa_contract, list(range(7))))  # a cached order must not stick
    state = reader.read(message(iiwa_contract, order, extra))
    assert state.joint_position.tolist() == list(range(7))
    assert state.joint_velocity.tolist() == [10.0 + i for i in range(7)]
    assert state.joint_effort.tolist() == [100.0 + i for i in range(7)]
    assert state.stamp == 3_000_000_004


def test_missing_joints_are_named(iiwa_contract: Contract) -> None:
    with pytest.raises(ContractError, match=r"lacks 2 joint.*lbr_iiwa_joint_3, lbr_iiwa_joint_6"):
        JointReader(iiwa_contract).read(message(iiwa_contract, [0, 1, 3, 4, 6]))


def test_no_velocity_is_refused(iiwa_contract: Contract) -> None:
    without = message(iiwa_contract, list(range(7)))
    without.velocity = []
    with pytest.raises(ContractError, match="reports no velocity for lbr_iiwa_joint_1"):
        JointReader(iiwa_contract).read(without)


@pytest.mark.parametrize("quantity", ["position", "velocity"])
def test_nan_is_named_at_the_check_and_passed_on_later(iiwa_contract: Contract, quantity: str) -> None:
    broken = message(iiwa_contract, list(range(7)))
    getattr(broken, quantity)[4] = float("nan")
    reader = JointReader(iiwa_contract)
    assert not reader.read(broken).is_finite()
    with pytest.raises(ContractError, match=f"no finite {quantity} for lbr_iiwa_joint_5"):
        reader.check(broken)


def test_absent_effort_reads_zero(iiwa_contract: Contract) -> None:
    reader = JointReader(iiwa_contract)
    without = message(iiwa_contract, list(range(7)))
    without.effort = []
    assert reader.read(without).joint_effort.tolist() == [0.0] * 7
    partly = message(iiwa_contract, list(range(7)))
    partly.effort[2] = float("nan")
    assert reader.read(partly).joint_effort.tolist() == [100, 101, 0, 103, 104, 105, 106]


def test_imu(a1_contract: Contract, iiwa_contract: Contract) -> None:
    assert needs_imu(a1_contract)
    assert not needs_imu(iiwa_contract)
    imu = Imu()
    imu.orientation.w, imu.orientation.x = 0.6, 0.8
    imu.angular_velocity.y, imu.linear_acceleration.z = 2.0, 9.81
    imu.header.stamp = Time(sec=1, nanosec=5)
    state = RobotState(np.zeros(12), np.zeros(12), np.zeros(12))
    assert read_imu(imu, state) == 1_000_000_005
    assert state.orientation.tolist() == [0.8, 0.0, 0.0, 0.6]
    assert state.gyro.tolist() == [0.0, 2.0, 0.0]
    assert state.accelerometer.tolist() == [0.0, 0.0, 9.81]


def test_imu_without_orientation() -> None:
    state = RobotState(np.zeros(12), np.zeros(12), np.zeros(12))
    unset = Imu()
    unset.orientation.w = 0.0
    read_imu(unset, state)
    assert not state.is_finite()
    unset.orientation_covariance[0] = -1.0
    with pytest.raises(ContractError, match="reports no orientation"):
        read_imu(unset, state)


def test_an_object_is_read_in_the_base_frame_only(iiwa_contract: Contract) -> None:
    state = JointReader(iiwa_contract).read(message(iiwa_contract, list(range(7))))
    pose = PoseStamped()
    pose.pose.position.x, pose.pose.position.y, pose.pose.position.z = 0.5, -0.1, 0.03
    pose.header.stamp = Time(sec=5, nanosec=6)
    pose.header.frame_id = "base_link"
    assert read_object(pose, state, ("base_link",)) == 5_000_000_006
    assert state.object_position is not None
    assert state.object_position.tolist() == [0.5, -0.1, 0.03]
    pose.header.frame_id = "camera"
    with pytest.raises(ContractError, match="in frame 'camera'; it has to be in 'base_link'"):
        read_object(pose, state, ("base_link",))
    assert read_object(pose, state) == 5_000_000_006
