"""A URDF becomes a robot file that stands in both engines, or is refused and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pybullet_data
import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from contract.kinematics import ForwardKinematics
from contract.rotation import tilt
from contract.state import JointCommand
from pipeline.cli import main
from pipeline.loop import check_recipe
from pipeline.recipe import load_recipe
from sim.domains.domain import ENGINES, Domain
from sim.environment import RobotEnv
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

DATA = Path(pybullet_data.getDataPath())
LAIKAGO, XARM = DATA / "laikago" / "laikago_toes_zup.urdf", DATA / "xarm" / "xarm6_robot.urdf"


def imported(urdf: Path, out: str, *arguments: str) -> str:
    """Import into the current folder; returns the file's name."""
    assert main(["robot", "import", str(urdf), "--out", out, *arguments]) == 0
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `laikago.yaml` and `xarm.yaml`."""
    folder = tmp_path_factory.mktemp("imported")
    imported(LAIKAGO, str(folder / "laikago.yaml"))
    imported(XARM, str(folder / "xarm.yaml"))
    return folder


def test_what_the_urdf_says_is_in_the_file(folder: Path) -> None:
    xarm = load_robot(str(folder / "xarm.yaml"))
    assert [joint.name for joint in xarm.joints] == [f"joint{i}" for i in range(1, 7)]
    second = xarm.joints[1]
    assert (second.lower, second.upper) == (-2.059, 2.0944)
    assert (second.max_effort, second.max_velocity) == (50.0, 3.14)
    assert xarm.joint_damping == (1.0,) * 6
    assert xarm.base == "fixed"
    assert xarm.gravity_compensated
    assert xarm.urdf.resolve() == XARM.resolve()


def test_what_was_guessed_is_said(folder: Path) -> None:
    text = (folder / "laikago.yaml").read_text()
    for guess in (
        "base: guessed floating",
        "no limits",
        "kp, kd and armature",
        "feet: guessed",
        "base_height",
    ):
        assert guess in text
    laikago = load_robot(str(folder / "laikago.yaml"))
    assert laikago.feet == ("toeFR", "toeFL", "toeRR", "toeRL")
    assert laikago.base == "floating"
    assert len(laikago.joints) == 12
    assert "inertia" in (folder / "xarm.yaml").read_text()  # two of whose links have impossible ones


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["laikago", "xarm"])
def test_an_imported_robot_stands_still(folder: Path, name: str, engine: str) -> None:
    robot = SimulatedRobot(load_robot(str(folder / f"{name}.yaml")), Domain(engine))
    robot.reset()
    robot.step(3600)
    before = robot.sense().joint_position
    robot.step(400)
    after = robot.sense()
    default = [joint.default_position for joint in robot.spec.joints]
    assert np.abs(after.joint_position - before).max() < 1e-3
    assert np.abs(after.joint_position - default).max() < 0.15
    base, orientation, _ = robot.pose()
    assert np.abs(base[:2]).max() < 0.05
    assert tilt(orientation) < 0.1
    assert robot.foot_contacts().tolist() == [1.0] * len(robot.spec.feet)
    robot.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_guessed_gains_do_not_ring(folder: Path, engine: str, domain: Callable[..., Domain]) -> None:
    robot = SimulatedRobot(load_robot(str(folder / "xarm.yaml")), domain(engine, "gravity: 0"))
    rng = np.random.default_rng(0)
    for pose in rng.uniform(-1.5, 0.1, (6, 6)):
        robot.reset(pose)
        robot.command(JointCommand.hold(pose + 0.05))
        robot.step(1200)
        assert np.abs(robot.sense().joint_velocity).max() < 0.05
    robot.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_guessed_tool_is_where_the_kinematics_say(folder: Path, engine: str) -> None:
    """Through the fixed joint that puts the arm into the world, too."""
    robot = SimulatedRobot(load_robot(str(folder / "xarm.yaml")), Domain(engine))
    assert robot.spec.kinematics is not None
    forward = ForwardKinematics(robot.spec.kinematics)
    for pose in np.random.default_rng(0).uniform(-1.5, 0.1, (10, 6)):
        robot.reset(pose)
        assert np.allclose(robot.tool_position(), forward.tool_position(pose), atol=1e-6)
    robot.close()


def test_a_recipe_takes_the_file(folder: Path, tmp_path: Path) -> None:
    shipped = (Path(load_recipe.__code__.co_filename).parent / "recipes" / "a1-velocity.yaml").read_text()
    train = shipped[shipped.index("train:") :].replace("  symmetry: true\n", "")  # an arm has none
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"name: own\nrobot: {folder / 'xarm.yaml'}\ntask: reach\nsource: nominal\n{train}")
    check_recipe(load_recipe(recipe)[0])
    env = RobotEnv(str(folder / "xarm.yaml"), "reach", Domain("mujoco"))
    observation, _ = env.reset(seed=0)
    for _ in range(5):
        observation, *_ = env.step(env.action_space.sample())
    assert np.isfinite(observation).all()
    assert env.contract.identity.robot == str(folder / "xarm.yaml")
    env.close()


def test_the_base_can_be_said(tmp_path: Path) -> None:
    spec = load_robot(imported(XARM, str(tmp_path / "arm.yml"), "--base", "floating"))
    assert spec.base == "floating"


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "mine.yaml"
    kept.write_text("mine")
    assert main(["robot", "import", str(XARM), "--out", str(kept)]) == 2
    assert kept.read_text() == "mine"
    assert main(["robot", "import", str(XARM), "--out", str(kept), "--overwrite"]) == 0
    assert load_robot(str(kept)).joints


def test_without_out_it_is_written_here(tmp_path: Path) -> None:
    assert main(["robot", "import", str(XARM)]) == 0  # the current folder is tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["xarm6_robot.yaml"]


MASS = "<inertial><mass value='{}'/><inertia ixx='1' iyy='1' izz='1'/></inertial>"
LINKS = f"<link name='a'/><link name='b'>{MASS.format(1)}</link>"
JOINT = "<joint name='j' type='{}'><parent link='{}'/><child link='{}'/>{}</joint>"
GOOD = JOINT.format("revolute", "a", "b", "<limit lower='-1' upper='1' effort='5' velocity='2'/>")
MESH = "<collision><geometry><mesh filename='gone.stl'/></geometry></collision></link>"
BOX = "<collision><geometry><box size='1 2'/></geometry></collision></link>"
BAD = {
    "not XML": ("<robot", "not a readable URDF"),
    "another format": ("<sdf/>", "root is <sdf>, not <robot>"),
    "no joint": ("<robot><link name='a'/></robot>", "has no joint of type revolute"),
    "text for a number": (
        f"<robot>{LINKS}{GOOD.replace('-1', 'low')}</robot>",
        "joint 'j': limit lower='low': expected a finite number",
    ),
    "not finite": (f"<robot>{LINKS}{GOOD.replace('-1', 'nan')}</robot>", "lower='nan': expected a finite"),
    "two numbers": (
        f"<robot>{LINKS}{JOINT.format('revolute', 'a', 'b', '<axis xyz=' + repr('0 1') + '/>')}</robot>",
        "axis xyz='0 1': expected 3 finite numbers",
    ),
    "limits swapped": (f"<robot>{LINKS}{GOOD.replace('-1', '2')}</robot>", "lower=2 is above upper=1"),
    "a wrong link": (
        f"<robot>{LINKS}{JOINT.format('revolute', 'a', 'bb', '')}</robot>",
        "unknown child link 'bb'. Did you mean 'b'?",
    ),
    "a wrong type": (
        f"<robot>{LINKS}{JOINT.format('revolut', 'a', 'b', '')}</robot>",
        "unknown joint type 'revolut'. Did you mean 'revolute'?",
    ),
    "two links alike": (f"<robot>{LINKS}<link name='a'/>{GOOD}</robot>", "repeated: a"),
    "two roots": (f"<robot>{LINKS}<link name='c'/>{GOOD}</robot>", "has ['a', 'c']"),
    "no axis": (
        f"<robot>{LINKS}{JOINT.format('revolute', 'a', 'b', '<axis xyz=' + repr('0 0 0') + '/>')}</robot>",
        "points nowhere",
    ),
    "no mass": (f"<robot><link name='a'/><link name='b'/>{GOOD}</robot>", "link 'b' moves with joint 'j'"),
    "negative damping": (
        f"<robot>{LINKS}{GOOD.replace('</joint>', '<dynamics damping=' + repr('-1') + '/></joint>')}</robot>",
        "dynamics damping='-1' is negative",
    ),
    "a negative torque": (f"<robot>{LINKS}{GOOD.replace('5', '-5')}</robot>", "must not be negative"),
    "a shape without size": (
        f"<robot>{LINKS.replace('</link>', BOX)}{GOOD}</robot>",
        "box size='1 2': expected 3 finite numbers",
    ),
    "a negative mass": (f"<robot>{LINKS.replace(repr('1'), repr('-1'), 1)}{GOOD}</robot>", "mass -1 kg"),
    "only sliding": (
        f"<robot>{LINKS}{JOINT.format('prismatic', 'a', 'b', '')}</robot>",
        "no joint turns on its own",
    ),
    "no mesh": (
        f"<robot>{LINKS.replace('</link>', MESH)}{GOOD}</robot>",
        "mesh 'gone.stl' does not exist",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_urdf_is_refused(tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, message = BAD[case]
    (tmp_path / "robot.urdf").write_text(text)
    assert main(["robot", "import", "robot.urdf"]) == 2
    captured = capsys.readouterr()
    said = " ".join((captured.out + captured.err).split())
    assert message in said
    assert "robot.urdf" in said
    assert [path.name for path in tmp_path.iterdir()] == ["robot.urdf"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.urdf"], "missing.urdf: no such file"),
        ([str(XARM), "--out", "arm.json"], "must end with .yaml or .yml"),
        ([str(XARM), "--out", "nowhere/arm.yaml"], "no such folder"),
    ],
)
def test_bad_arguments_are_refused(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["robot", "import", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in " ".join((captured.out + captured.err).split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("base: fixed", "base: flying", "base: .*'fixed', 'floating' or 'planar', got 'flying'"),
        ("base: fixed", "bas: fixed", "unknown field 'bas'. Did you mean 'base'"),
        ("'joint2'", "'joint22'", "unknown joint 'joint22'. Did you mean 'joint"),
        ("kp: 100.0", "kp: -1", "joints.joint1.kp: .*got -1"),
        ("kp: 100.0", "kq: 1", "unknown field 'joints.joint1.kq'"),
        ("default: 0.0", "default: 9", "joints.joint1.default: 9 is outside"),
        ("link: 'link6'", "link: 'link7'", "unknown link 'link7'"),
        ("link: 'link6'", "link: 'link5'", "'link5' is not 'link6'"),
        ("xarm6_robot.urdf'", "gone.urdf'", "model: no such file"),
        ("model:", "model: [", "not valid YAML"),
    ],
)
def test_a_wrong_robot_file_is_refused(
    folder: Path, tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (folder / "xarm.yaml").read_text().replace("model: '../", f"model: '{folder}/../")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    path = tmp_path / "robot.yaml"
    path.write_text("\n".join(lines).replace(old, new, 1))
    with pytest.raises(TerrafirmaError, match=message):
        load_robot(str(path))


def test_a_name_that_is_neither() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown robot 'missing.yaml'"):
        load_robot("missing.yaml")
