"""A policy of the arm's that trained nowhere, bags of it at work, and the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from contract import codec, golden
from contract.record import Contract
from contract.sources import needs_observer
from contract.state import Array, JointCommand, RobotState
from pipeline.cli import main
from policies.metadata import CONTRACT_KEY, DIGEST_KEY, GOLDEN_KEY, digest, metadata
from policies.runtime import Policy
from sim.contracts import build_contract, unnamed_identity
from sim.domains.domain import Domain
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot
from sim.tasks import make_task


def make_contract(robot: str = "iiwa", task_name: str = "reach") -> Contract:
    task = make_task(task_name, load_robot(robot))
    return build_contract(task, unnamed_identity(task))


def write_policy(path: Path, robot: str = "iiwa", task: str = "reach") -> Path:
    """action = scale * tanh(observation @ weights), with the arm's real contract."""
    contract = make_contract(robot, task)
    n, m = contract.observation_size, len(contract.joints)
    weights = np.random.default_rng(0).normal(0.0, 0.2, (n, m)).astype(np.float32)
    scale = np.array(contract.action.scale, dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["observation", "weights"], ["linear"]),
            helper.make_node("Tanh", ["linear"], ["squashed"]),
            helper.make_node("Mul", ["squashed", "scale"], ["action"]),
        ],
        "arm",
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, [1, n])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, [1, m])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(scale, "scale")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    rng = np.random.default_rng(1)
    default = np.array([joint.default_position for joint in contract.joints])
    readings: list[tuple[RobotState, Array]] = [
        (
            RobotState(
                default + rng.normal(0, 0.1, m),
                rng.normal(0, 0.1, m),
                np.zeros(m),
                object_position=np.array([0.5, 0.1, 0.03]) if needs_observer(contract) else None,
            ),
            rng.uniform(contract.command.low, contract.command.high),
        )
        for _ in range(5)
    ]
    trace = golden.record(
        contract, lambda o: np.asarray(scale * np.tanh(o @ weights), dtype=np.float64), readings
    )
    helper.set_model_props(model, metadata(contract, trace))
    onnx.save(model, path)
    return path


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write_policy(tmp_path / "arm.onnx")


@pytest.fixture
def push_policy(tmp_path: Path) -> Path:
    return write_policy(tmp_path / "push.onnx", "panda", "push")


@pytest.fixture
def tamper() -> Callable[..., None]:
    """Edits a policy file's contract text or golden action; `sealed` renews the digest."""

    def tamper(
        path: Path, old: str = "", new: str = "", golden_action: float = 0.0, sealed: bool = False
    ) -> None:
        model = onnx.load(path)
        entries = {entry.key: entry.value for entry in model.metadata_props}
        assert old in entries[CONTRACT_KEY]
        entries[CONTRACT_KEY] = entries[CONTRACT_KEY].replace(old, new) if old else entries[CONTRACT_KEY]
        trace = codec.from_json(golden.GoldenTrace, entries[GOLDEN_KEY], "")
        first = trace.ticks[0]
        action = (first.action[0] + golden_action, *first.action[1:])
        ticks = (replace(first, action=action), *trace.ticks[1:])
        entries[GOLDEN_KEY] = codec.to_json(golden.GoldenTrace(ticks))
        if sealed:
            entries[DIGEST_KEY] = digest(entries[CONTRACT_KEY], entries[GOLDEN_KEY])
        del model.metadata_props[:]
        helper.set_model_props(model, entries)
        onnx.save(model, path)

    return tamper


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one paragraph that says what was wrong."""
        lines = self.err.strip().splitlines()
        assert [line.startswith("error: ") for line in lines].count(True) == 1, self.err
        assert lines[-1].startswith("error: "), self.err
        assert "Traceback" not in self.err
        assert self.out == ""
        assert self.code == 2
        return lines[-1]


@pytest.fixture
def terrafirma(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs the command in this process, with what it and its libraries write to both streams."""

    def terrafirma(*arguments: object) -> Outcome:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capfd.readouterr())

    return terrafirma


@pytest.fixture
def record() -> Callable[..., list[Array]]:
    """Writes the bag that a recorder would have; returns true tool positions (3,) m, one a tick."""
    from geometry_msgs.msg import PoseStamped
    from rclpy.serialization import serialize_message
    from sensor_msgs.msg import JointState
    from std_msgs.msg import Float64MultiArray, MultiArrayDimension

    from robot_bridge.bag import BagWriter
    from robot_bridge.messages import float_array
    from robot_bridge.policy_core import PolicyCore
    from robot_bridge.safety import SensorSample
    from robot_bridge.tick import LABELS, encode

    def joints(contract: Contract, state: RobotState) -> bytes:
        message = JointState(name=list(contract.joint_names))
        message.position = float_array(state.joint_position)
        message.velocity = float_array(state.joint_velocity)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(state.stamp, 10**9)
        return serialize_message(message)

    def seen(state: RobotState) -> bytes:
        message = PoseStamped()
        assert state.object_position is not None
        place = message.pose.position
        place.x, place.y, place.z = state.object_position.tolist()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(state.stamp, 10**9)
        return serialize_message(message)

    def record(
        folder: Path, policy: Policy, ticks: int = 200, every: int = 60, domain: Domain | None = None
    ) -> list[Array]:
        contract = policy.contract
        spec, name = load_robot(contract.identity.robot), contract.identity.task
        if domain is None:
            domain = load_domain("iiwa-broken-joint" if spec.name == "iiwa" else "nominal-mujoco")
        robot = SimulatedRobot(spec, domain, scene=make_task(name, spec).scene)
        robot.reset()
        core, rng, tools = PolicyCore(policy), np.random.default_rng(0), []
        core.activate()
        bag = BagWriter(folder, {"contract": codec.to_json(contract), "policy_sha256": policy.sha256})
        bag.add_topic("/joint_states", "sensor_msgs/msg/JointState")
        bag.add_topic("/object_pose", "geometry_msgs/msg/PoseStamped")
        bag.add_topic("/policy/tick", "std_msgs/msg/Float64MultiArray")
        for k in range(ticks):
            if k % every == 0:
                target = rng.uniform(contract.command.low, contract.command.high)
                core.command.set(target, robot.time)
            state = robot.sense()
            tools.append(robot.tool_position())
            bag.write("/joint_states", joints(contract, state), state.stamp)
            if state.object_position is not None:
                bag.write("/object_pose", seen(state), state.stamp)
            stamps = (state.stamp, 0, robot.time, None, state.stamp, robot.time)
            tick = core.tick(k, robot.time, SensorSample(state, *stamps))
            assert tick is not None
            sizes, values = encode(tick)
            message = Float64MultiArray(data=float_array(values))
            message.layout.dim = [
                MultiArrayDimension(label=label, size=size, stride=size)
                for label, size in zip(LABELS, sizes, strict=True)
            ]
            bag.write("/policy/tick", serialize_message(message), state.stamp)
            robot.command(JointCommand.hold(tick.set_point))
            robot.step(20)
        bag.close()
        robot.close()
        return tools

    return record
