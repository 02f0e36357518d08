"""The launch reader understands its subset, and refuses the rest with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.launch_file import NodeProcess, load
from robot_bridge.launch_runner import MODULES

LAUNCH = Path(__file__).parents[2] / "launch"
GIVEN = {"policy": "/p.onnx", "output": "/out"}


def written(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "test.launch.xml"
    path.write_text(f"<launch>\n{body}\n</launch>\n")
    return path


def node(tmp_path: Path, body: str, **arguments: str) -> NodeProcess:
    (process,) = load(written(tmp_path, body), arguments)
    return process


@pytest.mark.parametrize("name", sorted(path.name for path in LAUNCH.glob("*.launch.xml")))
def test_shipped_files_start_only_nodes_that_exist(name: str) -> None:
    is_tuner = name == "fine_tune.launch.xml"
    processes = load(LAUNCH / name, GIVEN | ({"run": "/run"} if is_tuner else {}))
    started = {process.executable for process in processes}
    assert started <= set(MODULES)
    assert started >= ({"fine_tuner"} if is_tuner else {"policy_node", "recorder"})
    assert all(process.required for process in processes)


def test_emulated_launch_passes_its_arguments_on() -> None:
    processes = {
        p.executable: p.ros_arguments for p in load(LAUNCH / "emulated.launch.xml", {**GIVEN, "rate": "5.0"})
    }
    assert "rate:=5.0" in processes["emulated_robot"]
    assert 'policy:="/p.onnx"' in processes["policy_node"]
    assert "commander" not in {
        p.executable for p in load(LAUNCH / "emulated.launch.xml", {**GIVEN, "commander": "false"})
    }


def test_a_real_robot_is_not_moved_by_default() -> None:
    processes = {p.executable: p.ros_arguments for p in load(LAUNCH / "deploy.launch.xml", GIVEN)}
    assert "autostart:=false" in processes["policy_node"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<nod/>", r":2: unknown tag 'nod'. Did you mean 'node'"),
        ("<executable cmd='ls'/>", r":2: unknown tag 'executable'"),
        ("\n<node pkg='a' exec='b' respawn='true'/>", r":3: unknown attribute of <node> 'respawn'"),
        ("<node pkg='a'/>", r":2: <node> needs the attribute 'exec'"),
        ("<node pkg='a' exec='b' output='log'/>", r":2: unknown output 'log'"),
        ("<node pkg='a' exec='b'><arg name='x'/></node>", r":2: unknown tag in <node> 'arg'"),
        ("<node pkg='a' exec='b'><param name='x'/></node>", r":2: <param> needs either"),
        ("<group>\n<arg name='x'/></group>", r":3: unknown tag in <group> 'arg'"),
        ("<let name='x' value='$(var y)'/>", r":2: unknown variable 'y'"),
        ("<let name='x' value='$(eval 1+1)'/>", r":2: unknown substitution 'eval'"),
        (
            "<let name='x' value='$(env NO_SUCH_THING)'/>",
            r":2: environment variable 'NO_SUCH_THING' is not set",
        ),
        ("<let name='x' value='$(find-pkg-share no_such_pkg)'/>", r":2: no ROS package 'no_such_pkg'"),
        ("<let name='x' value='$(var'/>", r":2: .* is never closed"),
        ("<arg name='x'><choice value='a'/></arg>", r":2: unknown tag 'choice'"),
        ("<let name='x' value='1' if='maybe'/>", r":2: if='maybe' is neither true nor false"),
        ("<arg name='x' description='a thing'/>", r":2: launch argument x:=VALUE is missing \(a thing\)"),
        ("words", r":2: stray text 'words'"),
        ("<node>", r":3: not valid XML"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(TerrafirmaError, match=r"test\.launch\.xml" + message):
        load(written(tmp_path, body), {})


def test_unknown_arguments_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown launch argument 'polcy'\. Did you mean 'policy'"):
        load(LAUNCH / "emulated.launch.xml", {**GIVEN, "polcy": "x"})
    with pytest.raises(TerrafirmaError, match="no such launch file"):
        load(tmp_path / "none.launch.xml", {})


def test_parameters_keep_the_type_that_ros_would_infer(tmp_path: Path) -> None:
    values = {
        "a": "5",
        "b": "5.0",
        "c": "true",
        "d": "five",
        "f": "[1, 2]",
        "g": "1e-3",
        "h": "yes",
        "i": "010",
        "j": "[a, b]",
    }
    params = "".join(f"<param name='{name}' value='{value}'/>" for name, value in values.items())
    file = tmp_path / "f.yaml"
    file.touch()
    process = node(
        tmp_path, f"<node pkg='a' exec='b'><remap from='x' to='y'/>{params}<param from='{file}'/></node>"
    )
    given = [
        "a:=5",
        "b:=5.0",
        "c:=true",
        'd:="five"',
        "f:=[1, 2]",
        "g:=1e-3",
        "h:=true",
        "i:=8",
        'j:=["a", "b"]',
    ]
    expected = [word for value in given for word in ("-p", value)]
    assert list(process.ros_arguments) == [*expected, "--params-file", str(file), "-r", "x:=y"]


def test_namespaces_conditions_and_scopes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBOT_NAME", "spot")
    body = """
    <arg name="left" default="true"/>
    <let name="who" value="$(env ROBOT_NAME)_$(env NO_SUCH_THING x)"/>
    <group if="$(var left)">
      <push_ros_namespace namespace="arms"/>
      <let name="who" value="inner"/>
      <node pkg="p" exec="one" name="$(var who)" namespace="left"/>
    </group>
    <group unless="$(var left)"><node pkg="p" exec="two"/></group>
    <node pkg="p" exec="three" name="$(var who)" on_exit="shutdown"/>
    """
    one, three = load(written(tmp_path, body), {})
    assert one.ros_arguments == ("-r", "__node:=inner", "-r", "__ns:=/arms/left")
    assert three.ros_arguments == ("-r", "__node:=spot_x")
    assert (one.required, three.required) == (False, True)
    assert [p.executable for p in load(written(tmp_path, body), {"left": "false"})] == ["two", "three"]


def test_included_files_get_their_arguments(tmp_path: Path) -> None:
    inner = tmp_path / "inner.launch.xml"
    inner.write_text("<launch><arg name='x'/><node pkg='p' exec='$(var x)'/></launch>")
    assert (
        node(tmp_path, f"<include file='{inner}'><arg name='x' value='here'/></include>").executable == "here"
    )
    with pytest.raises(UnknownNameError, match="unknown argument of the included file 'y'"):
        node(
            tmp_path, f"<include file='{inner}'><arg name='x' value='1'/><arg name='y' value='2'/></include>"
        )


def test_find_pkg_share_means_this_project(tmp_path: Path) -> None:
    found = node(tmp_path, "<node pkg='p' exec='$(find-pkg-share terrafirma)'/>").executable
    assert (Path(found) / "launch" / "emulated.launch.xml").is_file()
    assert (Path(found) / "config" / "deploy.yaml").is_file()
