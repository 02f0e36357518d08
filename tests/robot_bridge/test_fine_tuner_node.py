"""The fine-tuner in a process of its own, beside a policy at work on an emulated arm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_msgs.msg import Float64MultiArray

from contract.record import Contract
from policies.runtime import Policy
from robot_bridge.tick import Mode, decode
from tests.robot_bridge.conftest import ROOT, write_policy
from tests.tiny_run import train_tiny_run

REACH, WALK = (
    ROOT / "policies" / "zoo" / f"{name}.onnx" for name in ("iiwa-reach-broken-joint-oracle", "a1-velocity")
)
LEARNS = 120.0  # s, for a search and sixty episodes on a busy machine


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny_run(tmp_path_factory.mktemp("tuned"))


def said(diagnostics: list[DiagnosticArray], node: str, key: str) -> str:
    """What a node last said, on the whole or on one thing."""
    own = [status for message in diagnostics for status in message.status if status.name == node]
    if not own:
        return ""
    return own[-1].message if not key else {e.key: e.value for e in own[-1].values}.get(key, "")


def test_a_bad_candidate_is_refused_and_a_sound_robot_left_alone(
    start: Callable[..., Any], observer: Any, run: Path, iiwa_contract: Contract, tmp_path: Path
) -> None:
    bad = write_policy(tmp_path / "bad.onnx", iiwa_contract, gain=2.0)
    ticks = observer.listen(Float64MultiArray, "/policy/tick")
    diagnostics = observer.listen(DiagnosticArray, "/diagnostics")
    publisher = observer.node.create_publisher(PointStamped, "/target", 1)
    message = PointStamped()
    message.point.x, message.point.y, message.point.z = 0.5, 0.2, 0.5
    observer.node.create_timer(0.1, lambda: publisher.publish(message))
    start("emulated_robot_node", robot="iiwa", autostart=True)
    start("policy_node", policy=REACH, autostart=True, exploration_std=0.1, **{"swap.accept": True})
    start("fine_tuner_node", run=run, policy=REACH, output=tmp_path / "out", ticks=60)
    assert observer.until(lambda: said(diagnostics, "fine_tuner", "") == "learning")
    assert observer.until(lambda: said(diagnostics, "fine_tuner", "") == "watching", LEARNS)
    assert said(diagnostics, "fine_tuner", "outcome") == ""  # nothing to mend

    def offer() -> bool:
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(bad))
        request = SetParameters.Request(parameters=[Parameter(name="candidate", value=value)])
        return bool(observer.call(SetParameters, "/fine_tuner/set_parameters", request).results[0].successful)

    assert offer()
    assert observer.until(lambda: "refused" in said(diagnostics, "fine_tuner", "outcome"), LEARNS)
    assert "in simulation it is worth" in said(diagnostics, "fine_tuner", "outcome")
    assert said(diagnostics, "policy", "candidate") == said(diagnostics, "policy", "swap") == ""
    assert said(diagnostics, "policy", "policy_sha256") == Policy(REACH).sha256
    ran = [decode(each) for each in ticks]
    first = next(i for i, tick in enumerate(ran) if tick.mode is Mode.RUNNING)
    assert {tick.mode for tick in ran[first:]} == {Mode.RUNNING}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "parameter run: give a path"),
        ({"run": "none", "policy": REACH, "output": "out"}, "the process that learns has ended"),
        (
            {"run": "none", "policy": ROOT / "policies" / "zoo" / "a1-velocity.onnx", "output": "out"},
            "needs the",
        ),
        ({"run": "none", "policy": REACH, "output": "out", "max_distance": 3.0}, "not within [0, 2]"),
    ],
)
def test_refuses_to_start(
    start: Callable[..., Any], tmp_path: Path, parameters: dict[str, object], message: str
) -> None:
    if "output" in parameters:
        parameters = parameters | {"output": tmp_path / "out"}
    node = start("fine_tuner_node", **parameters)
    assert node.wait() == 2
    assert message in node.output()
