"""The subset of ROS 2 XML launch files that this project uses, read without ROS's launch.

Tags: launch, arg, let, group, push_ros_namespace, include, node, param, remap, with `if` and
`unless`; substitutions: var, env, find-pkg-share. Anything else is refused with file and line,
so a file that runs here means the same to `ros2 launch`. docs/launch-files.md compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.launch_names import check_name, join_namespace
from robot_bridge.launch_subset import CONDITIONS, check, check_child
from robot_bridge.launch_substitution import has_substitution, substitute
from robot_bridge.launch_value import as_yaml, check_raw
from robot_bridge.launch_xml import Element, parse

NAMESPACE = "ros_namespace"  # launch keeps the pushed namespace among the other configurations
DEPTH = 20  # files that include each other; a file that includes itself would never end


@dataclass(frozen=True)
class NodeProcess:
    """One process to start, with the arguments that follow `--ros-args`."""

    package: str
    executable: str
    ros_arguments: tuple[str, ...]
    required: bool  # its end ends everything
    where: str


@dataclass(frozen=True)
class _Place:
    """One place of a launch file.

    `variables` are launch's configurations. Groups alone copy them: what an included file sets
    stays set after it.
    """

    variables: dict[str, str]
    given: frozenset[str]  # arguments of this file
    declared: set[str]
    depth: int = 0


def load(path: Path, arguments: Mapping[str, str]) -> list[NodeProcess]:
    """The processes that the launch file at `path` starts for `arguments`.

    Raises:
        TerrafirmaError: unreadable file, tag or attribute outside the subset, or an argument
            that is missing or that the file does not declare; names file and line.
    """
    return list(_file(path, dict(arguments), frozenset(arguments), "launch argument", str(path), 0))


def _file(
    path: Path, variables: dict[str, str], given: frozenset[str], kind: str, where: str, depth: int
) -> Iterator[NodeProcess]:
    """`where` is what gave the arguments."""
    if depth > DEPTH:
        raise TerrafirmaError(f"{where}: more than {DEPTH} launch files include each other.")
    root = parse(path)
    if root.tag != "launch":
        raise TerrafirmaError(f"{root.where}: the root is <{root.tag}>, not <launch>.")
    check(root)
    place = _Place(variables, given, set(), depth)
    yield from _walk(root, place)
    for name in sorted(given - place.declared):
        raise UnknownNameError(kind, name, place.declared, where)


def _walk(parent: Element, place: _Place) -> Iterator[NodeProcess]:
    for element in parent.children:
        check_child(element, parent)
        if not _condition(element, place):
            continue
        if element.tag == "arg":
            _declare(element, place)
        elif element.tag == "let":
            place.variables[_get(element, "name", place)] = _get(element, "value", place)
        elif element.tag == "push_ros_namespace":
            place.variables[NAMESPACE] = _namespace(element, place) or "/"
        elif element.tag == "group":
            inner = _Place(dict(place.variables), place.given, place.declared, place.depth)
            yield from _walk(element, inner)
        elif element.tag == "include":
            yield from _include(element, place)
        else:
            yield _node(element, place)


def _get(element: Element, name: str, place: _Place) -> str:
    return substitute(element.attributes[name], place.variables, element.where)


def _condition(element: Element, place: _Place) -> bool:
    given = [name for name in CONDITIONS if name in element.attributes]
    if len(given) > 1:
        raise TerrafirmaError(f"{element.where}: <{element.tag}> has both if and unless; nest a <group>.")
    for name in given:
        value = _get(element, name, place).strip().lower()
        if value not in ("true", "false", "1", "0"):
            raise TerrafirmaError(f"{element.where}: {name}={value!r} is neither true nor false.")
        return (value in ("true", "1")) == (name == "if")
    return True


def _declare(element: Element, place: _Place) -> None:
    if "value" in element.attributes:
        raise TerrafirmaError(f"{element.where}: <arg> takes a value only inside <include>; use default.")
    name = element.attributes["name"]
    if has_substitution(name) or "\\" in name:
        raise TerrafirmaError(f"{element.where}: the name of an <arg> is plain text, not {name!r}.")
    place.declared.add(name)
    if "default" not in element.attributes:
        # a variable of the including file does not do, neither for launch
        if name not in place.given:
            about = element.attributes.get("description", "no description")
            raise TerrafirmaError(f"{element.where}: launch argument {name}:=VALUE is missing ({about}).")
    elif name not in place.variables:
        place.variables[name] = _get(element, "default", place)


def _include(element: Element, place: _Place) -> Iterator[NodeProcess]:
    path = Path(_get(element, "file", place))
    given = []
    for child in element.children:
        check_child(child, element)
        if sorted(child.attributes) != ["name", "value"]:
            raise TerrafirmaError(f"{child.where}: <arg> inside <include> has a name and a value.")
        given.append(_get(child, "name", place))
        place.variables[given[-1]] = _get(child, "value", place)
    kind = "argument of the included file"
    yield from _file(path, place.variables, frozenset(given), kind, element.where, place.depth + 1)


def _node(element: Element, place: _Place) -> NodeProcess:
    for name, known in (("output", "screen"), ("on_exit", "shutdown")):
        if element.attributes.get(name, known) != known:
            raise UnknownNameError(name, element.attributes[name], [known], element.where)
    arguments: list[str] = []
    if "name" in element.attributes:
        arguments += ["-r", f"__node:={check_name(_get(element, 'name', place), element.where)}"]
    namespace = _namespace(element, place)
    if namespace is not None:
        arguments += ["-r", f"__ns:={namespace}"]
    remaps: list[str] = []
    for child in element.children:
        check_child(child, element)
        if child.tag == "remap":
            remaps += ["-r", f"{_get(child, 'from', place)}:={_get(child, 'to', place)}"]
        else:
            arguments += _parameter(child, place)
    return NodeProcess(
        _get(element, "pkg", place),
        _get(element, "exec", place),
        (*arguments, *remaps),
        "on_exit" in element.attributes,
        element.where,
    )


def _namespace(element: Element, place: _Place) -> str | None:
    own = _get(element, "namespace", place) if "namespace" in element.attributes else None
    return join_namespace(place.variables.get(NAMESPACE), own, element.where)


def _parameter(element: Element, place: _Place) -> list[str]:
    given = set(element.attributes)
    if given == {"from"}:
        path = _get(element, "from", place)
        if not Path(path).is_file():
            raise TerrafirmaError(f"{element.where}: no such parameter file: {path!r}.")
        return ["--params-file", path]
    if not {"name", "value"} <= given <= {"name", "value", "type"}:
        raise TerrafirmaError(f"{element.where}: <param> needs either name and value, or from.")
    kind = element.attributes.get("type")
    check_raw(element.attributes["value"], kind, element.where)
    value = as_yaml(_get(element, "value", place), kind, element.where)
    return ["-p", f"{_get(element, 'name', place)}:={value}"]
