"""Whatever arrives, no core falls over, and no set-point leaves the limits.

`FUZZ=100000 pytest tests/robot_bridge/test_fuzz.py` sends at least so many messages of each kind, else 1,000.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.errors import ContractError
from contract.state import RobotState
from policies.runtime import Policy
from robot_bridge.messages import JointReader, read_imu, read_object
from robot_bridge.policy_core import PolicyCore
from robot_bridge.safety import SensorSample

LONGEST = 40  # messages of one example
ROUND = 1000  # messages after which a new search begins: hypothesis remembers all of one
ROUNDS = -(-int(os.environ.get("FUZZ", "1000")) // ROUND)
EXAMPLES = ROUND // (LONGEST // 4)

number = st.floats(allow_nan=True, allow_infinity=True, width=64) | st.floats(-4.0, 4.0)
stamp = st.builds(SimpleNamespace, sec=st.integers(-(2**31), 2**31 - 1), nanosec=st.integers(0, 2**32 - 1))
header = st.builds(SimpleNamespace, stamp=stamp, frame_id=st.sampled_from(["", "base_link", "map"]))
vector = st.builds(SimpleNamespace, x=number, y=number, z=number)
quaternion = st.builds(SimpleNamespace, x=number, y=number, z=number, w=number) | st.just(
    SimpleNamespace(x=0.0, y=0.0, z=0.0, w=1.0)
)
covariance = st.lists(number, min_size=9, max_size=9) | st.just([0.0] * 9)
imu = st.builds(
    SimpleNamespace,
    header=header,
    orientation=quaternion,
    angular_velocity=vector,
    linear_acceleration=vector,
    orientation_covariance=covariance,
    angular_velocity_covariance=covariance,
)
seen = st.builds(SimpleNamespace, header=header, pose=st.builds(SimpleNamespace, position=vector))


@st.composite
def joints(draw: st.DrawFn, names: tuple[str, ...]) -> SimpleNamespace:
    """Joint states that are sometimes right, and sometimes wrong in one way or all."""
    listed = draw(
        st.just(list(names)) | st.permutations(names) | st.lists(st.sampled_from(names) | st.text())
    )
    sizes = [len(listed) if draw(st.integers(0, 4)) else draw(st.integers(0, 30)) for _ in range(3)]
    near = draw(st.booleans())
    each = st.floats(-1.0, 1.0) if near else number
    columns = [draw(st.lists(each, min_size=size, max_size=size)) for size in sizes]
    return SimpleNamespace(
        header=draw(header), name=listed, position=columns[0], velocity=columns[1], effort=columns[2]
    )


@pytest.fixture(scope="module")
def a1(a1_policy: Path) -> Policy:
    return Policy(a1_policy)


@pytest.mark.parametrize("_round", range(ROUNDS))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_message_breaks_the_cores(a1: Policy, _round: int, data: st.DataObject) -> None:
    contract = a1.contract
    reader, core = JointReader(contract), PolicyCore(a1)
    core.activate()
    low = np.array([joint.lower for joint in contract.joints])
    high = np.array([joint.upper for joint in contract.joints])
    messages = st.lists(
        st.tuples(joints(contract.joint_names), imu, seen), min_size=LONGEST // 4, max_size=LONGEST
    )
    for k, (joint_message, imu_message, pose) in enumerate(data.draw(messages)):
        now = data.draw(st.just(0.02 * k) | st.floats(0.0, 1e9))
        core.command.set(np.array([data.draw(number) for _ in contract.command.fields]), now)
        sample = read(reader, joint_message, imu_message, pose, now)
        tick = core.tick(k, now, sample)
        if tick is not None:
            assert np.isfinite(tick.set_point).all()
            assert (low <= tick.set_point).all()
            assert (tick.set_point <= high).all()


def read(
    reader: JointReader, joint_message: Any, imu_message: Any, pose: Any, now: float
) -> SensorSample | None:
    """As the policy node does."""
    try:
        state: RobotState = reader.read(joint_message)
        imu_stamp = read_imu(imu_message, state)
        object_stamp = read_object(pose, state, ("base_link",))
    except ContractError:
        return None
    return SensorSample(state, state.stamp, imu_stamp, now, now, object_stamp, now)
