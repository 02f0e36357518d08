"""Robot descriptions agree with the files that they cite, and with what a robot can do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from contract.validation import validate
from sim.contracts import build_contract, unnamed_identity
from sim.registration import ENVIRONMENTS
from sim.robots import ROBOTS, load_robot
from sim.robots.model import facts
from sim.robots.urdf import Urdf
from sim.tasks import TASKS, make_task

OTHER_LIMITS = {"laikago", "minitaur"}  # whose files have none
OTHER_MOTORS = {"reacher7", "minitaur"}  # a file without gravity, and one with placeholders


@pytest.mark.parametrize("name", ROBOTS)
def test_a_robot_s_facts_are_its_file_s(name: str) -> None:
    robot = load_robot(name)
    urdf = facts(robot)
    assert robot.name == name
    assert robot.source
    for joint, damping in zip(robot.joints, robot.joint_damping, strict=True):
        listed = urdf.joint(joint.name)
        assert (joint.lower, joint.upper) == (listed.lower, listed.upper) or name in OTHER_LIMITS
        motor = joint.max_effort, joint.max_velocity
        assert motor == (listed.effort, listed.velocity) or name in OTHER_MOTORS
        assert damping == listed.damping
        assert joint.lower < joint.default_position < joint.upper
    assert all(foot in urdf.links for foot in robot.feet)
    assert urdf.base in urdf.links
    assert sum(link.mass for link in urdf.links.values()) > 1.0


@pytest.mark.parametrize(("robot", "task"), ENVIRONMENTS.values())
def test_registered_pairs_have_a_valid_contract(robot: str, task: str) -> None:
    spec = load_robot(robot)
    made = make_task(task, spec)
    contract = validate(build_contract(made, unnamed_identity(made)), "test")
    assert contract.joint_names == tuple(joint.name for joint in spec.joints)
    assert 1.0 / (contract.control_rate * spec.time_step) == pytest.approx(
        round(1.0 / (contract.control_rate * spec.time_step))
    )


@pytest.mark.parametrize(("robot", "task"), [("a1", "reach"), ("iiwa", "velocity")])
def test_other_pairs_are_refused(robot: str, task: str) -> None:
    spec = load_robot(robot)
    with pytest.raises(TerrafirmaError, match=f"task '{task}' needs a robot with a .*{robot} has none"):
        make_task(task, spec)


def test_every_task_is_registered_with_some_robot() -> None:
    assert {task for _, task in ENVIRONMENTS.values()} == set(TASKS)
    assert {robot for robot, _ in ENVIRONMENTS.values()} <= set(ROBOTS)


def test_every_robot_has_some_task() -> None:
    assert {robot for robot, _ in ENVIRONMENTS.values()} == set(ROBOTS)


def test_unknown_names_bring_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown robot 'iwa'\. Did you mean 'iiwa'"):
        load_robot("iwa")
    with pytest.raises(UnknownNameError, match=r"unknown task 'velocty'\. Did you mean 'velocity'"):
        make_task("velocty", load_robot("a1"))
    with pytest.raises(UnknownNameError, match=r"unknown joint 'lbr_iiwa_joint_9'.*Did you mean"):
        Urdf(load_robot("iiwa").urdf).joint("lbr_iiwa_joint_9")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a readable URDF"),
        ("<robot", "not a readable URDF"),
        ("<robot><link name='a'/></robot>", "has no joint"),
    ],
)
def test_files_that_are_no_robot(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text(text)
    with pytest.raises(TerrafirmaError, match=message):
        Urdf(path)
    with pytest.raises(TerrafirmaError, match="not a readable URDF"):
        Urdf(tmp_path / "missing.urdf")


def test_reach_succeeds_when_the_last_half_second_is_near() -> None:
    reach = make_task("reach", load_robot("iiwa"))
    near, far = [0.02] * 10, [0.3] * 50
    assert reach.success({"distance": far + near}, terminated=False)
    assert not reach.success({"distance": [*far, *near[:-1], 0.06]}, terminated=False)
    assert not reach.success({"distance": [*far, 0.06, *near[:-1]]}, terminated=False)


def test_velocity_succeeds_when_settled_errors_are_small_and_nobody_fell() -> None:
    velocity = make_task("velocity", load_robot("a1"))
    ticks = round(velocity.episode_seconds * velocity.control_rate)
    settle = np.arange(ticks) % round(velocity.command_seconds * velocity.control_rate) < 50
    history = {
        name: np.where(settle, 2.0, 0.1).tolist() for name in ("error_vx", "error_vy", "error_yaw_rate")
    }
    assert velocity.success(history, terminated=False)
    assert not velocity.success(history, terminated=True)
    for name in history:
        assert not velocity.success(history | {name: [0.25] * ticks}, terminated=False)
