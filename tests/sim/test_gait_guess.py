"""A trot guessed from a URDF: that of A1 is the one written by hand; Laikago's joints turn other ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pybullet_data
import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from contract.gait import TrotGenerator
from contract.kinematics import ForwardKinematics
from contract.record import Kinematics
from pipeline.cli import main
from policies.symmetry import Mirror, reflect
from sim.contracts import build_contract, unnamed_identity
from sim.gait_guess import guess_gait
from sim.leg_pose import end_of
from sim.robot_import import draft_robot
from sim.robot_trial import SPEED, TROT_SECONDS, trials
from sim.robots import a1, load_robot
from sim.robots.chain import serial_chain
from sim.robots.robot_writer import robot_text
from sim.robots.spec import RobotSpec
from sim.robots.urdf import Urdf
from sim.tasks import make_task

DATA = Path(pybullet_data.getDataPath())
A1, LAIKAGO = DATA / "a1" / "a1.urdf", DATA / "laikago" / "laikago_toes_zup.urdf"


@pytest.fixture(scope="module")
def laikago() -> RobotSpec:
    return draft_robot(LAIKAGO).spec


def test_a1s_legs_are_those_written_by_hand() -> None:
    guessed, written = draft_robot(A1).spec.gait, a1.load().gait
    assert guessed is not None
    assert written is not None
    for leg, other in zip(guessed.legs, written.legs, strict=True):
        assert leg.joints == other.joints
        assert (leg.sign, leg.phase_offset) == (other.sign, other.phase_offset)
        lengths = [(each.lateral_offset, each.thigh, each.shank) for each in (leg, other)]
        np.testing.assert_allclose(*lengths, atol=1e-5)
        np.testing.assert_allclose(leg.hip, other.hip, atol=1e-5)
        np.testing.assert_allclose(leg.zero, 0.0, atol=1e-5)


def test_every_foot_is_where_the_trot_means_it(laikago: RobotSpec) -> None:
    """By the URDF's own joints, whose signs and zero positions are no leg's."""
    gait, urdf = laikago.gait, Urdf(LAIKAGO)
    assert gait is not None
    assert {leg.sign[0] for leg in gait.legs} == {1.0, -1.0}
    default = np.array([joint.default_position for joint in laikago.joints])
    standing = TrotGenerator(gait, default).joint_position(0.0, np.zeros(3))
    np.testing.assert_allclose(standing, default, atol=1e-5)
    for leg in gait.legs:
        names = tuple(laikago.joints[index].name for index in leg.joints)
        chain = Kinematics(serial_chain(urdf, names), end_of(urdf, urdf.joint(names[2]).child))
        foot = ForwardKinematics(chain).tool_position(standing[list(leg.joints)])
        x, y, z = leg.hip
        meant = x + gait.foot_x_offset, y + leg.lateral_offset, z - gait.body_height
        np.testing.assert_allclose(foot, meant, atol=3e-3)  # left and right differ by 2 mm in the file


def test_it_stands_and_trots_in_both_engines(laikago: RobotSpec) -> None:
    for trial in trials(laikago):
        assert trial.stands
        assert not trial.fell
        assert trial.trotted is not None
        assert 0.4 * SPEED * TROT_SECONDS < trial.trotted < 1.1 * SPEED * TROT_SECONDS


def test_the_file_keeps_it(laikago: RobotSpec, tmp_path: Path) -> None:
    path = tmp_path / "dog.yaml"
    path.write_text(robot_text(laikago, [], tmp_path))
    read, meant = load_robot(str(path)).gait, laikago.gait
    assert read is not None
    assert meant is not None
    assert [leg.joints for leg in read.legs] == [leg.joints for leg in meant.legs]
    for leg, other in zip(read.legs, meant.legs, strict=True):
        assert (leg.sign, leg.phase_offset) == (other.sign, other.phase_offset)
        np.testing.assert_allclose(leg.zero, other.zero, atol=1e-5)
    for old, new, message in (
        ("sign: [-1, 1, 1]", "sign: [-1, 1, 2]", r"gait\.legs\.0\.sign: each must be 1 or -1"),
        ("frequency:", "frequenzy:", "unknown field 'gait.frequenzy'"),
        ("thigh: 0.25", "thigh: -0.25", r"gait\.legs\.0\.thigh"),
    ):
        path.write_text(robot_text(laikago, [], tmp_path).replace(old, new, 1))
        with pytest.raises(TerrafirmaError, match=message):
            load_robot(str(path))
    text = robot_text(laikago, [], tmp_path)
    path.write_text(text.replace("joints: ['FR_hip_motor", "joints: ['FX_hip_motor", 1))
    with pytest.raises(UnknownNameError, match="FX_hip_motor_2_chassis_joint"):
        load_robot(str(path))


def test_its_mirror_image_has_its_feet_in_mirrored_places(laikago: RobotSpec) -> None:
    task = make_task("velocity", laikago)
    mirror, gait = Mirror(build_contract(task, unnamed_identity(task))), laikago.gait
    assert gait is not None
    trot = TrotGenerator(gait, np.array([joint.default_position for joint in laikago.joints]))
    for vx, vy, yaw in np.random.default_rng(0).uniform(-0.5, 0.5, (20, 3)):
        for time in np.linspace(0.0, 0.5, 7):
            image = reflect(trot.joint_position(time, np.array([vx, vy, yaw])), mirror.action)
            later = trot.joint_position(time + 0.5 / gait.frequency, np.array([vx, -vy, -yaw]))
            np.testing.assert_allclose(image, later, atol=1e-9)


def test_without_such_legs_there_is_none(laikago: RobotSpec) -> None:
    draft = draft_robot(DATA / "quadruped" / "minitaur.urdf", "floating")
    assert draft.spec.gait is None
    assert any(warning.startswith("gait: none") for warning in draft.warnings)
    assert "four legs of three joints" in str(guess_gait([], np.zeros(0)))
    with pytest.raises(TerrafirmaError, match="needs a robot with a gait"):
        make_task("velocity", replace(laikago, gait=None))


def test_a_urdf_may_describe_its_ros2_control(tmp_path: Path) -> None:
    names = [joint.name for joint in a1.load().joints]
    interfaces = "<command_interface name='position'/><state_interface name='position'/>"
    joints = "".join(f"<joint name='{name}'>{interfaces}</joint>" for name in names)
    hardware = "<hardware><plugin>my_dog/System</plugin></hardware>"
    block = f"<ros2_control name='dog' type='system'>{hardware}{joints}</ros2_control>"
    urdf = tmp_path / "dog.urdf"
    text = A1.read_text().replace('filename="', f'filename="{A1.parent}/')
    urdf.write_text(text.replace("</robot>", f"{block}</robot>"))
    assert [joint.name for joint in draft_robot(urdf).spec.joints] == names


def test_a_check_that_fails_says_so(
    laikago: RobotSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weak = tuple(replace(joint, kp=10.0, kd=1.0) for joint in laikago.joints)
    path = tmp_path / "weak.yaml"
    path.write_text(robot_text(replace(laikago, joints=weak), [], tmp_path))
    assert main(["robot", "check", str(path)]) == 2
    assert "DOES NOT STAND" in capsys.readouterr().out
    for arguments, message in (
        (["check", "a1", "--out", "a1.yaml"], "--out belongs to `terrafirma robot import`"),
        (["import", str(A1), "--picture", "a1.png"], "--picture belongs to `terrafirma robot check`"),
        (["check", "a1", "--picture", "a1.txt"], "must end with .png or .jpg"),
        (["check", "a2"], "unknown robot 'a2'"),
    ):
        assert main(["robot", *arguments]) == 2
        assert message in " ".join(capsys.readouterr().err.split())
