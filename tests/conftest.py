"""What every test shares: an isolated ROS domain, and policies small enough to reason about."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contract import golden
from contract.record import (
    Action,
    Command,
    Contract,
    Gait,
    Identity,
    Joint,
    KinematicJoint,
    Kinematics,
    Leg,
    ObservationTerm,
    Safety,
)
from contract.state import Array, RobotState

# A ROS domain of this process's own, reachable from this machine only, so that tests running side
# by side (or a robot on the network) never hear each other. Domains up to 101 keep clear of the
# ports that Linux hands out to other programs. Nothing above imports rclpy, which reads these.
os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="terrafirma-ros-log-"))


@pytest.fixture
def arm_contract() -> Contract:
    """A three-joint arm that steps towards a point, with a history of two ticks."""
    joints = tuple(Joint(f"arm_{i}", 0.1 * i, -2.0, 2.0, 1.5, 40.0, 60.0, 2.0) for i in range(3))
    chain = (
        KinematicJoint((0.0, 0.0, 0.3), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
        KinematicJoint((0.0, 0.1, 0.2), (1.5, 0.0, 0.4), (0.0, 1.0, 0.0)),
        KinematicJoint((0.3, 0.0, 0.0), (0.0, -0.7, 0.0), (0.0, 0.6, 0.8)),
    )
    return Contract(
        identity=Identity("arm-test", "arm", "reach", "0" * 64, "unknown"),
        control_rate=20.0,
        joints=joints,
        action=Action("position_step", (0.2, 0.2, 0.1)),
        observation=(
            ObservationTerm("joint_position", 3, "rad", "joint", history=2),
            ObservationTerm("joint_velocity", 3, "rad/s", "joint", scale=0.5, clip=2.0),
            ObservationTerm("tool_error", 3, "m", "base", scale=2.0, offset=0.1),
            ObservationTerm("previous_action", 3, "rad", "joint"),
        ),
        command=Command(
            "target", ("x", "y", "z"), ("m",) * 3, "base", (-1.0,) * 3, (1.0,) * 3, (0.3, 0.0, 0.4), None
        ),
        safety=Safety(sensor_timeout=0.1, ramp_in=0.5),
        kinematics=Kinematics(chain, (0.0, 0.05, 0.25)),
    )


@pytest.fixture
def legged_contract() -> Contract:
    """A quadruped of A1's proportions that adds residuals to a trot."""
    names = [f"{leg}_{part}" for leg in ("FR", "FL", "RR", "RL") for part in ("hip", "thigh", "calf")]
    pose = (0.0, 0.9, -1.8)
    joints = tuple(Joint(name, pose[i % 3], -2.7, 2.7, 20.0, 33.5, 80.0, 2.0) for i, name in enumerate(names))
    corners = [(0.18, -0.05, -1), (0.18, 0.05, 1), (-0.18, -0.05, -1), (-0.18, 0.05, 1)]
    legs = tuple(
        Leg((3 * i, 3 * i + 1, 3 * i + 2), (x, y, 0.0), 0.0838 * side, 0.2, 0.2, 0.5 * (i in (1, 2)))
        for i, (x, y, side) in enumerate(corners)
    )
    return Contract(
        identity=Identity("a1-test", "a1", "velocity", "0" * 64, "unknown"),
        control_rate=50.0,
        joints=joints,
        action=Action("gait_residual", (0.25,) * 12, Gait(legs, 2.0, 0.27, 0.08, -0.02, 0.1)),
        observation=(
            ObservationTerm("projected_gravity", 3, "1", "base", history=3),
            ObservationTerm("gyro", 3, "rad/s", "base", scale=0.25),
            ObservationTerm("command", 3, "SI", "base"),
            ObservationTerm("phase", 2, "1", "stride"),
            ObservationTerm("joint_position", 12, "rad", "joint"),
        ),
        command=Command(
            "velocity",
            ("vx", "vy", "yaw_rate"),
            ("m/s", "m/s", "rad/s"),
            "base",
            (-1.0, -0.5, -1.0),
            (1.0, 0.5, 1.0),
            (0.0, 0.0, 0.0),
            0.5,
        ),
        safety=Safety(sensor_timeout=0.1, ramp_in=1.0, tilt_limit=1.0),
    )


def random_readings(contract: Contract, count: int, seed: int = 0) -> list[tuple[RobotState, Array]]:
    """`count` sensor ticks and commands, anywhere within a robot's means."""
    rng = np.random.default_rng(seed)
    n = len(contract.joints)
    readings = []
    for _ in range(count):
        quaternion = rng.normal(size=4)
        state = RobotState(
            rng.uniform(-1.5, 1.5, n),
            rng.uniform(-5.0, 5.0, n),
            rng.uniform(-9.0, 9.0, n),
            quaternion / np.linalg.norm(quaternion),
            rng.uniform(-2.0, 2.0, 3),
            rng.uniform(-10.0, 10.0, 3),
        )
        readings.append((state, rng.uniform(contract.command.low, contract.command.high)))
    return readings


@pytest.fixture
def readings() -> Callable[..., list[tuple[RobotState, Array]]]:
    """The function `random_readings`."""
    return random_readings


@pytest.fixture
def policy_file(arm_contract: Contract, tmp_path: Path) -> Path:
    """A real policy: one tanh layer in ONNX, carrying the arm's contract and a golden trace."""
    import onnx
    import onnxruntime

    from policies.metadata import metadata

    n, m = arm_contract.observation_size, len(arm_contract.joints)
    weights = np.random.default_rng(1).normal(size=(n, m)).astype(np.float32)
    scale = np.array(arm_contract.action.scale, dtype=np.float32)
    helper, array = onnx.helper, onnx.numpy_helper.from_array
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["observation", "weights"], ["linear"]),
            helper.make_node("Tanh", ["linear"], ["squashed"]),
            helper.make_node("Mul", ["squashed", "scale"], ["action"]),
        ],
        "arm",
        [helper.make_tensor_value_info("observation", onnx.TensorProto.FLOAT, [1, n])],
        [helper.make_tensor_value_info("action", onnx.TensorProto.FLOAT, [1, m])],
        [array(weights, "weights"), array(scale, "scale")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    trace = golden.record(
        arm_contract,
        lambda observation: np.asarray(session.run(None, {"observation": observation[None]})[0][0], float),
        random_readings(arm_contract, 10),
    )
    helper.set_model_props(model, metadata(arm_contract, trace))
    path = tmp_path / "arm.onnx"
    path.write_bytes(model.SerializeToString())
    return path
