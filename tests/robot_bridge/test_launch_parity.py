"""Where ROS's own launch has a rule of its own, this reader has the same one, or refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import TerrafirmaError
from robot_bridge.launch_file import NodeProcess, load


def loaded(tmp_path: Path, body: str, **arguments: str) -> list[NodeProcess]:
    path = tmp_path / "outer.launch.xml"
    path.write_text(f"<launch>\n{body}\n</launch>\n")
    return load(path, arguments)


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    path = tmp_path / "inner.launch.xml"
    path.write_text(
        "<launch><arg name='x' default='own'/><push_ros_namespace namespace='deep'/>"
        "<node pkg='p' exec='$(var x)'/></launch>"
    )
    return path


def test_what_an_include_sets_stays_set(tmp_path: Path, inner: Path) -> None:
    """launch/actions/include_launch_description.py: SetLaunchConfiguration, and no scope."""
    once = f"<include file='{inner}'><arg name='x' value='given'/></include>"
    again = f"<include file='{inner}'/>"
    first, second = loaded(tmp_path, once + again)
    assert (first.executable, second.executable) == ("given", "given")
    assert second.ros_arguments == ("-r", "__ns:=/deep/deep")


def test_a_group_keeps_what_is_set_in_it(tmp_path: Path, inner: Path) -> None:
    """launch/actions/group_action.py: the configurations are pushed and popped."""
    once = f"<group><include file='{inner}'><arg name='x' value='given'/></include></group>"
    first, second, third = loaded(tmp_path, f"{once}<include file='{inner}'/><node pkg='p' exec='$(var x)'/>")
    assert (first.executable, second.executable, third.executable) == ("given", "own", "own")
    assert second.ros_arguments == ("-r", "__ns:=/deep")


def test_the_arguments_of_an_include_are_set_one_after_another(tmp_path: Path) -> None:
    (tmp_path / "two.launch.xml").write_text(
        "<launch><arg name='a'/><arg name='b'/><node pkg='p' exec='$(var b)'/></launch>"
    )
    body = (
        "<let name='a' value='before'/><include file='$(var folder)/two.launch.xml'>"
        "<arg name='a' value='now'/><arg name='b' value='$(var a)'/></include>"
    )
    (process,) = loaded(tmp_path, "<arg name='folder'/>" + body, folder=str(tmp_path))
    assert process.executable == "now"


def test_a_variable_outside_is_no_argument_of_an_include(tmp_path: Path) -> None:
    (tmp_path / "needs.launch.xml").write_text("<launch>\n<arg name='x'/></launch>")
    body = f"<let name='x' value='1'/><include file='{tmp_path}/needs.launch.xml'/>"
    with pytest.raises(TerrafirmaError, match=r"needs\.launch\.xml:2: launch argument x:=VALUE is missing"):
        loaded(tmp_path, body)


def test_a_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TerrafirmaError, match="launch files include each other"):
        loaded(tmp_path, f"<include file='{tmp_path}/outer.launch.xml'/>")


@pytest.mark.parametrize(
    ("base", "own", "namespace"),
    [
        (None, None, None),
        (None, "", "/"),
        (None, "a/", "/a"),
        ("a", None, "/a"),
        ("a", "", "/a"),
        ("/a/", "b", "/a/b"),
        ("a", "/b", "/b"),
        ("/", "b", "/b"),
    ],
)
def test_namespaces(tmp_path: Path, base: str | None, own: str | None, namespace: str | None) -> None:
    """launch_ros/utilities/namespace_utils.py"""
    push = "" if base is None else f"<push_ros_namespace namespace='{base}'/>"
    attribute = "" if own is None else f"namespace='{own}'"
    (process,) = loaded(tmp_path, f"{push}<node pkg='p' exec='e' {attribute}/>")
    assert process.ros_arguments == (() if namespace is None else ("-r", f"__ns:={namespace}"))


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        ("5", "str", '"5"'),
        ("", "str", '""'),
        ("a: b # c", "str", '"a: b # c"'),
        ("5", "float", "5.0"),
        ("5", "int", "5"),
        ("no", "bool", "false"),
        ("é", "str", '"é"'),
    ],
)
def test_typed_parameters(tmp_path: Path, value: str, kind: str, written: str) -> None:
    body = f"<arg name='v'/><node pkg='p' exec='e'><param name='x' value='$(var v)' type='{kind}'/></node>"
    (process,) = loaded(tmp_path, body, v=value)
    assert process.ros_arguments == ("-p", f"x:={written}")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<node pkg='p' exec='e'><param name='x' value=''/></node>", "NoneType in YAML"),
        ("<node pkg='p' exec='e'><param name='x' value='a: b'/></node>", "dict in YAML"),
        ("<node pkg='p' exec='e'><param name='x' value='2024-01-01'/></node>", "date in YAML"),
        ("<node pkg='p' exec='e'><param name='x' value='[1, a]'/></node>", "list in YAML"),
        ("<node pkg='p' exec='e'><param name='x' value='@a'/></node>", "is not YAML"),
        ("<node pkg='p' exec='e'><param name='x' value='5.5' type='int'/></node>", "is no int"),
        ("<node pkg='p' exec='e'><param name='x' value='5' type='bool'/></node>", "neither true nor false"),
        (
            "<node pkg='p' exec='e'><param name='x' value='5' type='double'/></node>",
            "type of <param> 'double'",
        ),
        (
            "<let name='v' value='5'/><node pkg='p' exec='e'><param name='x' value='\"$(var v)\"'/></node>",
            "mixes YAML and",
        ),
        ("<node pkg='p' exec='e'><param from='/none.yaml'/></node>", "no such parameter file: '/none.yaml'"),
        ("<node pkg='p' exec='e' name='a b'/>", "a node cannot be called 'a b'"),
        ("<node pkg='p' exec='e' namespace='1a'/>", "'/1a' is no namespace"),
        ("<node pkg='p' exec='e' if='1' unless='0'/>", "both if and unless"),
        ("<let name='v' value='a\\b'/>", "has a meaning of its own"),
        ("<let name='v' value='5$'/>", "has a meaning of its own"),
        ("<let name='v' value='$(env  HOME)'/>", "separated by one space"),
        ("<let name='v' value='$(env X (a))'/>", r"'\(' inside"),
        ('<let name="v" value="$(env X \'a b\')"/>', "inside .* is not supported"),
        ("<let name='v' value='$($(var a) b)'/>", "never closed|unknown substitution ''"),
        ("<arg name='$(env HOME)' default='1'/>", "plain text"),
        ("<include file='x'><let name='a' value='1'/></include>", "unknown tag in <include> 'let'"),
    ],
)
def test_what_launch_reads_in_another_way_is_refused(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(TerrafirmaError, match=rf"outer\.launch\.xml:2: .*({message})"):
        loaded(tmp_path, body)


def test_what_a_substitution_gives_stays_one_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_THING", raising=False)
    body = "<arg name='a'/><node pkg='p' exec='$(env NO_SUCH_THING $(var a))'/>"
    (process,) = loaded(tmp_path, body, a="two words")
    assert process.executable == "two words"


def test_comments_are_no_content(tmp_path: Path) -> None:
    body = "<node pkg='p' exec='e'><!-- a --><param name='x' value='1'/><!-- b --></node><!-- $(var no) -->"
    (process,) = loaded(tmp_path, body)
    assert process.ros_arguments == ("-p", "x:=1")
