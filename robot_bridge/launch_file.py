"""The subset of ROS 2 XML launch files that this project uses, read without ROS's launch.

Tags: launch, arg, let, group, push_ros_namespace, include, node, param, remap, with `if` and
`unless`; substitutions: var, env, find-pkg-share. Anything else is refused with file and line,
so a file that runs here means the same to `ros2 launch`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.launch_xml import Element, check, parse, substitute

CONDITIONS = ("if", "unless")
TAGS: dict[str, tuple[str, ...]] = {
    "launch": ("version",),
    "arg": ("name", "default", "value", "description"),
    "let": ("name", "value", *CONDITIONS),
    "group": CONDITIONS,
    "push_ros_namespace": ("namespace", *CONDITIONS),
    "include": ("file", *CONDITIONS),
    "node": ("pkg", "exec", "name", "namespace", "output", "on_exit", *CONDITIONS),
    "param": ("name", "value", "from"),
    "remap": ("from", "to"),
}
CHILDREN: dict[str, tuple[str, ...]] = {
    "launch": ("arg", "let", "group", "push_ros_namespace", "include", "node"),
    "group": ("let", "group", "push_ros_namespace", "include", "node"),
    "include": ("arg", "let"),
    "node": ("param", "remap"),
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "arg": ("name",),
    "let": ("name", "value"),
    "push_ros_namespace": ("namespace",),
    "include": ("file",),
    "node": ("pkg", "exec"),
    "remap": ("from", "to"),
}
_PLAIN = re.compile(r"true|false|[-+]?\d+|[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?|\[.*\]")


@dataclass(frozen=True)
class NodeProcess:
    """One process to start, with the arguments that follow `--ros-args`."""

    package: str
    executable: str
    ros_arguments: tuple[str, ...]
    required: bool  # its end ends everything
    where: str


@dataclass
class _Scope:
    """What is known at one place of a launch file."""

    variables: dict[str, str]
    namespace: str = ""
    declared: set[str] = field(default_factory=set)

    def inner(self) -> _Scope:
        return replace(self, variables=dict(self.variables))


def load(path: Path, arguments: Mapping[str, str]) -> list[NodeProcess]:
    """The processes that the launch file at `path` starts for `arguments`.

    Raises:
        TerrafirmaError: unreadable file, tag or attribute outside the subset, or an argument
            that is missing or that the file does not declare; names file and line.
    """
    scope = _Scope(dict(arguments))
    processes = list(_file(path, scope))
    for name in arguments:
        if name not in scope.declared:
            raise UnknownNameError("launch argument", name, scope.declared, str(path))
    return processes


def _file(path: Path, scope: _Scope) -> Iterator[NodeProcess]:
    root = parse(path)
    if root.tag != "launch":
        raise TerrafirmaError(f"{root.where}: the root is <{root.tag}>, not <launch>.")
    yield from _walk(root, scope)


def _walk(parent: Element, scope: _Scope) -> Iterator[NodeProcess]:
    check(parent, TAGS)
    for element in parent.children:
        _check_child(element, parent)
        if not _condition(element, scope):
            continue
        if element.tag == "arg":
            _declare(element, scope)
        elif element.tag == "let":
            scope.variables[_get(element, "name", scope)] = _get(element, "value", scope)
        elif element.tag == "push_ros_namespace":
            scope.namespace = _join(scope.namespace, _get(element, "namespace", scope))
        elif element.tag == "group":
            yield from _walk(element, scope.inner())
        elif element.tag == "include":
            yield from _include(element, scope)
        else:
            yield _node(element, scope)


def _check_child(element: Element, parent: Element) -> None:
    check(element, TAGS)
    allowed = CHILDREN.get(parent.tag, ())
    if element.tag not in allowed:
        raise UnknownNameError(f"tag in <{parent.tag}>", element.tag, allowed, element.where)
    for name in REQUIRED.get(element.tag, ()):
        if name not in element.attributes:
            raise TerrafirmaError(f"{element.where}: <{element.tag}> needs the attribute {name!r}.")


def _get(element: Element, name: str, scope: _Scope) -> str:
    return substitute(element.attributes[name], scope.variables, element.where)


def _condition(element: Element, scope: _Scope) -> bool:
    for name in CONDITIONS:
        if name in element.attributes:
            value = _get(element, name, scope).strip().lower()
            if value not in ("true", "false", "1", "0"):
                raise TerrafirmaError(f"{element.where}: {name}={value!r} is neither true nor false.")
            if (value in ("true", "1")) != (name == "if"):
                return False
    return True


def _declare(element: Element, scope: _Scope) -> None:
    if "value" in element.attributes:
        raise TerrafirmaError(f"{element.where}: <arg> takes a value only inside <include>; use default.")
    name = _get(element, "name", scope)
    scope.declared.add(name)
    if name in scope.variables:
        return
    if "default" not in element.attributes:
        about = element.attributes.get("description", "no description")
        raise TerrafirmaError(f"{element.where}: launch argument {name}:=VALUE is missing ({about}).")
    scope.variables[name] = _get(element, "default", scope)


def _include(element: Element, scope: _Scope) -> Iterator[NodeProcess]:
    inner = replace(scope.inner(), declared=set())
    given = []
    for child in element.children:
        _check_child(child, element)
        if "value" not in child.attributes:
            raise TerrafirmaError(f"{child.where}: <{child.tag}> inside <include> needs a value.")
        given.append(_get(child, "name", scope))
        inner.variables[given[-1]] = _get(child, "value", scope)
    yield from _file(Path(_get(element, "file", scope)), inner)
    for name in given:
        if name not in inner.declared:
            raise UnknownNameError("argument of the included file", name, inner.declared, element.where)


def _node(element: Element, scope: _Scope) -> NodeProcess:
    for name, known in (("output", "screen"), ("on_exit", "shutdown")):
        if element.attributes.get(name, known) != known:
            raise UnknownNameError(name, element.attributes[name], [known], element.where)
    arguments: list[str] = []
    if "name" in element.attributes:
        arguments += ["-r", f"__node:={_get(element, 'name', scope)}"]
    own = _get(element, "namespace", scope) if "namespace" in element.attributes else ""
    namespace = _join(scope.namespace, own)
    if namespace:
        arguments += ["-r", f"__ns:={namespace}"]
    for child in element.children:
        _check_child(child, element)
        arguments += _remap(child, scope) if child.tag == "remap" else _parameter(child, scope)
    return NodeProcess(
        _get(element, "pkg", scope),
        _get(element, "exec", scope),
        tuple(arguments),
        "on_exit" in element.attributes,
        element.where,
    )


def _remap(element: Element, scope: _Scope) -> list[str]:
    return ["-r", f"{_get(element, 'from', scope)}:={_get(element, 'to', scope)}"]


def _parameter(element: Element, scope: _Scope) -> list[str]:
    given = set(element.attributes)
    if given == {"from"}:
        return ["--params-file", _get(element, "from", scope)]
    if given != {"name", "value"}:
        raise TerrafirmaError(f"{element.where}: <param> needs either name and value, or from.")
    return ["-p", f"{_get(element, 'name', scope)}:={_yaml(_get(element, 'value', scope))}"]


def _yaml(value: str) -> str:
    """`value` as YAML of the type that ROS's launch would infer: bool, number, list or else a string."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value)


def _join(namespace: str, name: str) -> str:
    """ROS namespaces: an absolute name replaces, a relative one is appended."""
    if not name:
        return namespace
    return name if name.startswith("/") else f"{namespace}/{name}"
