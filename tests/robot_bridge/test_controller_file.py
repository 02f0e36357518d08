"""A controller that would put a policy's numbers to the wrong joints is refused before it gets any."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from contract.errors import TerrafirmaError
from robot_bridge.controller_file import compare_controllers

JOINTS = ("hip", "thigh", "knee")
FORWARD = "forward_command_controller/ForwardCommandController"


def written(
    path: Path, joints: object, kind: str | None = FORWARD, name: str = "position_controller"
) -> Path:
    manager = {"update_rate": 400} | ({name: {"type": kind}} if kind else {})
    nodes = {
        "controller_manager": {"ros__parameters": manager},
        name: {"ros__parameters": {"joints": joints, "interface_name": "position"}},
    }
    path.write_text(yaml.safe_dump(nodes))
    return path


@pytest.mark.parametrize("kind", [FORWARD, "position_controllers/JointGroupPositionController", None])
def test_the_same_order_is_taken(tmp_path: Path, kind: str | None) -> None:
    path = written(tmp_path / "c.yaml", list(JOINTS), kind)
    assert compare_controllers(path, JOINTS) == {"position_controller": "same joints, same order"}


def test_a_trajectory_controller_may_have_another_order(tmp_path: Path) -> None:
    kind = "joint_trajectory_controller/JointTrajectoryController"
    path = written(tmp_path / "c.yaml", ["knee", "hip", "thigh"], kind)
    assert compare_controllers(path, JOINTS) == {"position_controller": "same joints, matched by name"}


def test_namespaces_are_seen(tmp_path: Path) -> None:
    inner = yaml.safe_load(written(tmp_path / "c.yaml", list(JOINTS)).read_text())
    path = tmp_path / "n.yaml"
    path.write_text(yaml.safe_dump({"robot_1": inner}))
    assert list(compare_controllers(path, JOINTS)) == ["robot_1/position_controller"]


@pytest.mark.parametrize(
    ("joints", "message"),
    [
        (["hip", "knee", "thigh"], "another order than the policy's: number 1 is 'knee', not 'thigh'"),
        (["hip", "thigh"], "lacks knee"),
        (["hip", "thigh", "knee", "tail"], "has tail, which the policy does not move"),
        (["hip", "thigh", "knee", "hip"], "has a name twice"),
        (None, "expected a list of names, got None"),
        ([1, 2, 3], r"expected a list of names, got \[1, 2, 3\]"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, joints: object, message: str) -> None:
    path = written(tmp_path / "c.yaml", joints)
    with pytest.raises(TerrafirmaError, match=message) as caught:
        compare_controllers(path, JOINTS)
    assert "c.yaml: position_controller.joints" in str(caught.value)
    assert "Right: joints: [hip, thigh, knee]" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not valid YAML"),
        ("- a", "a mapping of nodes"),
        ("{}", "it has no node at all"),
        ("b: {ros__parameters: {joints: [hip]}}", r"it has b \(no type\)"),
    ],
)
def test_a_file_without_a_controller_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(TerrafirmaError, match=message):
        compare_controllers(path, JOINTS)
    with pytest.raises(TerrafirmaError, match="no such file"):
        compare_controllers(tmp_path / "gone.yaml", JOINTS)
