"""Message definitions as a bag needs them: the .msg text of a type and of all that it contains."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from contract.errors import TerrafirmaError

SEPARATOR = "=" * 80
INTEGERS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
PRIMITIVES = INTEGERS | {"bool", "byte", "char", "float32", "float64", "string", "wstring"}
_FIELD = re.compile(r"^\s*(?P<type>[A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[A-Za-z]\w*")


def schema_text(type_name: str) -> str:
    """The `ros2msg` schema of e.g. "sensor_msgs/msg/JointState", dependencies appended.

    Raises:
        TerrafirmaError: the message package is not installed here.
    """
    texts: dict[str, str] = {}
    _collect(type_name.replace("/msg/", "/"), texts)
    (_, first), *rest = texts.items()
    return "\n".join([first, *(f"{SEPARATOR}\nMSG: {name}\n{text}" for name, text in rest)])


def _collect(name: str, texts: dict[str, str]) -> None:
    if name in texts:
        return
    package, _, message = name.partition("/")
    texts[name] = text = _definition(package, message)
    for dependency in _dependencies(text, package):
        _collect(dependency, texts)


def _dependencies(text: str, package: str) -> Iterator[str]:
    for line in text.splitlines():
        match = _FIELD.match(line.split("#", 1)[0])
        if match and match["type"] not in PRIMITIVES:
            yield match["type"] if "/" in match["type"] else f"{package}/{match['type']}"


def _definition(package: str, message: str) -> str:
    tried = [prefix / package / "msg" / f"{message}.msg" for prefix in _share_folders(package)]
    for path in tried:
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise TerrafirmaError(
        f"{package}/msg/{message}: no definition found at {', '.join(map(str, tried))}; "
        f"is the ROS package {package!r} installed?"
    )


def _share_folders(package: str) -> Iterator[Path]:
    """Where share/<package> may be: the ament prefixes, this environment, beside the Python package."""
    for prefix in filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)):
        yield Path(prefix) / "share"
    yield Path(sys.prefix) / "share"
    found = importlib.util.find_spec(package)
    if found and found.origin:
        for parent in Path(found.origin).parents[2:5]:
            yield parent / "share"
