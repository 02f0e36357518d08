"""Values out of YAML nodes, with errors that say file and line."""

from __future__ import annotations

import math
from collections.abc import Iterable
from difflib import get_close_matches

import yaml

from contract.errors import DomainError, UnknownNameError


def number(node: yaml.Node, unit: str, where: str) -> float:
    """A finite number; a unit in the value is refused."""
    value = None
    # a quoted number is a string in YAML, and probably a unit or a mistake
    if (
        isinstance(node, yaml.ScalarNode)
        and node.style is None
        and node.tag.endswith((":int", ":float", ":str"))
    ):
        try:
            value = float(node.value)
        except ValueError:
            value = None
    if value is None or not math.isfinite(value):
        raise DomainError(f"{where}: expected a finite number in {unit}, got {shown(node)}.")
    return value


def choice(node: yaml.Node, kind: str, valid: Iterable[str], where: str) -> str:
    """One of the valid names."""
    if not isinstance(node, yaml.ScalarNode):
        article = "an" if kind[0] in "aeiou" else "a"
        raise DomainError(f"{at(node, where)}: expected the name of {article} {kind}, got {shown(node)}.")
    if node.value not in valid:
        raise UnknownNameError(kind, node.value, valid, at(node, where))
    return str(node.value)


def mapping(node: yaml.MappingNode, where: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Name to key and value nodes; a name that stands twice is refused."""
    entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise DomainError(f"{at(key, where)}: expected a name, got {shown(key)}.")
        if key.value in entries:
            raise DomainError(f"{at(key, where)}: {key.value!r} is given twice.")
        entries[key.value] = (key, value)
    return entries


def nearest(names: Iterable[str], valid: Iterable[str]) -> str | None:
    """The first of these names that looks like a misspelt valid one."""
    return next((name for name in names if get_close_matches(name, list(valid), n=1)), None)


def at(node: yaml.Node, where: str) -> str:
    """File and line of a node."""
    return f"{where}:{node.start_mark.line + 1}"


def shown(node: yaml.Node | None) -> str:
    """A node as an error message shows it."""
    if node is None:
        return "an empty file"
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
