"""Whether a ros2_control parameter file gives its controllers the joints that a policy moves, in its order.

A controller that takes bare numbers would put each to the wrong joint, and nothing would say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from contract.errors import TerrafirmaError

BY_PLACE = ("ForwardCommandController", "JointGroup")  # take numbers in the order of their `joints`
BY_NAME = ("JointTrajectoryController",)
MAX_BYTES = 1_000_000


def compare_controllers(path: Path, joints: tuple[str, ...]) -> dict[str, str]:
    """What each controller that could take a policy's set-points would make of them.

    Raises:
        TerrafirmaError: a controller has other joints, or another order; or there is no such controller.
    """
    nodes = dict(_nodes(_read(path), ()))
    types = {
        name: str(entry["type"])
        for parameters in nodes.values()
        for name, entry in parameters.items()
        if isinstance(entry, dict) and "type" in entry
    }
    found = {}
    for name, parameters in nodes.items():
        kind = types.get(name.rpartition("/")[2], "")
        listed = parameters.get("joints")
        by_place = any(each in kind for each in BY_PLACE) or (not kind and "interface_name" in parameters)
        if by_place or any(each in kind for each in BY_NAME):
            _compare(listed, joints, f"{path}: {name}.joints", by_place)
            found[name] = "same joints, same order" if by_place else "same joints, matched by name"
    if not found:
        kinds = ", ".join((*BY_PLACE, *BY_NAME))
        known = ", ".join(f"{name} ({types.get(name, 'no type')})" for name in nodes) or "no node at all"
        raise TerrafirmaError(f"{path}: no controller of type {kinds}; it has {known}.")
    return found


def _compare(listed: Any, joints: tuple[str, ...], where: str, by_place: bool) -> None:
    right = f"Right: joints: [{', '.join(joints)}]."
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise TerrafirmaError(f"{where}: expected a list of names, got {listed!r}. {right}")
    missing = [name for name in joints if name not in listed]
    further = [name for name in listed if name not in joints]
    if missing:
        raise TerrafirmaError(f"{where}: lacks {', '.join(missing)}. {right}")
    if further or len(listed) > len(joints):
        what = ", ".join(further) or "a name twice"
        raise TerrafirmaError(f"{where}: has {what}, which the policy does not move. {right}")
    if by_place and tuple(listed) != joints:
        place = next(i for i, name in enumerate(listed) if name != joints[i])
        raise TerrafirmaError(
            f"{where}: another order than the policy's: number {place} is {listed[place]!r}, "
            f"not {joints[place]!r}. {right}"
        )


def _nodes(data: dict[Any, Any], place: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parameters of each node by its name, with its namespace where it has one."""
    for key, value in data.items():
        if not isinstance(value, dict):
            continue
        if isinstance(value.get("ros__parameters"), dict):
            yield "/".join((*place, str(key))), value["ros__parameters"]
        else:
            yield from _nodes(value, (*place, str(key)))


def _read(path: Path) -> dict[Any, Any]:
    if not path.is_file():
        raise TerrafirmaError(f"{path}: no such file.")
    if path.stat().st_size > MAX_BYTES:
        raise TerrafirmaError(f"{path}: {path.stat().st_size} bytes is no parameter file.")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8", errors="replace"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise TerrafirmaError(f"{path}: not valid YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(data, dict):
        raise TerrafirmaError(f"{path}: expected ROS parameters: a mapping of nodes to ros__parameters.")
    return data
