"""Real policies, small enough to build in a test: real ONNX, real contract, real golden trace."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rclpy
from onnx import TensorProto, helper, numpy_helper
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from contract import golden
from contract.record import Contract
from contract.sources import needs_observer
from contract.state import Array, RobotState
from policies.metadata import metadata
from sim.contracts import build_contract, unnamed_identity
from sim.robots import load_robot
from sim.tasks import make_task

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # s for anything that DDS discovery has to settle first


def _graph(contract: Contract, weights: Array, bias: Array) -> onnx.ModelProto:
    """action = scale * tanh(observation @ weights + bias)"""
    m, n = contract.observation_size, len(contract.joints)
    initializers = [
        numpy_helper.from_array(values.astype(np.float32), name)
        for name, values in (("w", weights), ("b", bias), ("scale", np.array(contract.action.scale)))
    ]
    nodes = [
        helper.make_node("Gemm", ["observation", "w", "b"], ["linear"]),
        helper.make_node("Tanh", ["linear"], ["squashed"]),
        helper.make_node("Mul", ["squashed", "scale"], ["action"]),
    ]
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, [1, m])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, [1, n])],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def readings(contract: Contract) -> list[tuple[RobotState, Array]]:
    rng = np.random.default_rng(1)
    default = np.array([joint.default_position for joint in contract.joints])
    n = len(default)
    return [
        (
            RobotState(
                default + rng.normal(0, 0.1, n),
                rng.normal(0, 0.1, n),
                np.zeros(n),
                object_position=np.array([0.5, 0.0, 0.03]) if needs_observer(contract) else None,
            ),
            rng.uniform(contract.command.low, contract.command.high),
        )
        for _ in range(5)
    ]


def write_policy(path: Path, contract: Contract, gain: float = 0.2) -> Path:
    rng = np.random.default_rng(0)
    n = len(contract.joints)
    weights = gain * rng.standard_normal((contract.observation_size, n)) / np.sqrt(contract.observation_size)
    model = _graph(contract, weights, 0.05 * rng.standard_normal(n))

    def network(observation: Array) -> Array:
        scale = np.array(contract.action.scale, dtype=np.float32)
        w, b = (numpy_helper.to_array(model.graph.initializer[i]) for i in (0, 1))
        return np.asarray(scale * np.tanh(observation @ w + b), dtype=np.float64)

    trace = golden.record(contract, network, readings(contract))
    helper.set_model_props(model, metadata(contract, trace))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def make_contract(robot: str, task: str) -> Contract:
    made = make_task(task, load_robot(robot))
    return build_contract(made, unnamed_identity(made))


@pytest.fixture(scope="session")
def iiwa_contract() -> Contract:
    return make_contract("iiwa", "reach")


@pytest.fixture(scope="session")
def push_contract() -> Contract:
    return make_contract("panda", "push")


@pytest.fixture(scope="session")
def a1_contract() -> Contract:
    return make_contract("a1", "velocity")


@pytest.fixture(scope="session")
def iiwa_policy(iiwa_contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_policy(tmp_path_factory.mktemp("policy") / "iiwa.onnx", iiwa_contract)


@pytest.fixture(scope="session")
def a1_policy(a1_contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_policy(tmp_path_factory.mktemp("policy") / "a1.onnx", a1_contract, gain=0.05)


@pytest.fixture(scope="session")
def policy_for(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Contract], Path]:
    """Writes a policy file for any contract."""
    return lambda contract: write_policy(tmp_path_factory.mktemp("policy") / "other.onnx", contract)


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> int:
    """A DDS domain of its own, on this host only, for the test and all processes it starts."""
    domain = random.SystemRandom().randint(1, 101)
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    monkeypatch.setenv("TERRAFIRMA_TEST", uuid.uuid4().hex)  # tells this test's processes from all others
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    )
    return domain


@dataclass
class Running:
    """A node in a process of its own; its output goes to a file."""

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait(self) -> int:
        return self.process.wait(PATIENCE)


@pytest.fixture
def start(ros_domain: int, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts `python -m robot_bridge.<module>` with parameters; whatever still runs is ended by its pid."""
    running: list[Running] = []

    def start(module: str, **parameters: object) -> Running:
        arguments = [
            f"{name}:={str(value).lower() if isinstance(value, bool) else value}"
            for name, value in parameters.items()
        ]
        command = [sys.executable, "-m", f"robot_bridge.{module}", "--ros-args"]
        for argument in arguments:
            command += ["-p", argument]
        log = tmp_path / f"{module}-{len(running)}.log"
        with log.open("wb") as stream:
            running.append(Running(subprocess.Popen(command, stdout=stream, stderr=stream), log))
        return running[-1]

    yield start
    for node in running:
        node.process.terminate()
    for node in running:
        try:
            node.process.wait(5)
        except subprocess.TimeoutExpired:
            node.process.kill()
            node.process.wait()


@dataclass
class Observer:
    """A node within the test that listens, asks and calls."""

    node: Any
    executor: Any
    messages: dict[str, list[Any]] = field(default_factory=dict)

    def listen(self, kind: type, topic: str) -> list[Any]:
        received = self.messages.setdefault(topic, [])
        self.node.create_subscription(kind, topic, received.append, 50)
        return received

    def spin(self, seconds: float) -> None:
        self.until(lambda: False, seconds)

    def until(self, condition: Callable[[], bool], timeout: float = PATIENCE) -> bool:
        end = time.monotonic() + timeout
        while not condition() and time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.02)
        return condition()

    def call(self, kind: type, name: str, request: Any) -> Any:
        client = self.node.create_client(kind, name)
        assert self.until(client.service_is_ready), f"no service {name}"
        future = client.call_async(request)
        assert self.until(future.done), f"no answer from {name}"
        return future.result()


@pytest.fixture
def observer(ros_domain: int) -> Iterator[Observer]:
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    node = rclpy.create_node("observer", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    yield Observer(node, executor)
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown(context=context)
