"""XML elements that remember their line, and `$(…)` substitutions, for launch files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from contract.errors import TerrafirmaError, UnknownNameError

SUBSTITUTIONS = ("var", "env", "find-pkg-share")


@dataclass
class Element:
    """One XML element; `where` is file:line."""

    tag: str
    attributes: dict[str, str]
    where: str
    children: list[Element] = field(default_factory=list)


def parse(path: Path) -> Element:
    """The root element of an XML file; raises TerrafirmaError with the line where it is malformed."""
    if not path.is_file():
        near = sorted(str(p) for p in path.parent.glob("*.launch.xml")) if path.parent.is_dir() else []
        raise TerrafirmaError(f"{path}: no such launch file. There: {', '.join(near) or 'none'}.")
    root = Element("", {}, str(path))
    stack = [root]
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, f"{path}:{parser.CurrentLineNumber}")
        stack[-1].children.append(element)
        stack.append(element)

    def end(tag: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        if data.strip():
            raise TerrafirmaError(f"{path}:{parser.CurrentLineNumber}: stray text {data.strip()!r}.")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise TerrafirmaError(f"{path}:{error.lineno}: not valid XML ({error}).") from error
    return root.children[0]


def check(element: Element, tags: Mapping[str, Sequence[str]]) -> None:
    """Refuse a tag that is not in `tags`, or an attribute that `tags` does not list for it."""
    if element.tag not in tags:
        raise UnknownNameError("tag", element.tag, tags, element.where)
    for name in element.attributes:
        if name not in tags[element.tag]:
            raise UnknownNameError(f"attribute of <{element.tag}>", name, tags[element.tag], element.where)


def substitute(text: str, variables: Mapping[str, str], where: str) -> str:
    """`text` with its substitutions performed; they may be nested.

    Raises:
        TerrafirmaError: an unknown substitution, variable, environment variable or package.
    """
    result, rest = _until_close(text, variables, where, nested=False)
    assert not rest
    return result


def _until_close(text: str, variables: Mapping[str, str], where: str, nested: bool) -> tuple[str, str]:
    """Substituted text up to the closing bracket, and what follows it."""
    done = ""
    while text:
        if text.startswith("$("):
            inner, text = _until_close(text[2:], variables, where, nested=True)
            done += _perform(inner.split(), variables, where)
        elif nested and text[0] == ")":
            return done, text[1:]
        else:
            done, text = done + text[0], text[1:]
    if nested:
        raise TerrafirmaError(f"{where}: '$({done}' is never closed.")
    return done, ""


def _perform(words: list[str], variables: Mapping[str, str], where: str) -> str:
    kind, arguments = (words[0], words[1:]) if words else ("", [])
    rules: dict[str, tuple[range, Callable[[], str]]] = {
        "var": (range(1, 2), lambda: _variable(arguments[0], variables, where)),
        "env": (range(1, 3), lambda: _environment(arguments, where)),
        "find-pkg-share": (range(1, 2), lambda: str(package_share(arguments[0], where))),
    }
    if kind not in rules:
        raise UnknownNameError("substitution", kind, SUBSTITUTIONS, where)
    allowed, perform = rules[kind]
    if len(arguments) not in allowed:
        raise TerrafirmaError(f"{where}: $({' '.join(words)}): takes {allowed[0]} to {allowed[-1]} words.")
    return perform()


def _variable(name: str, variables: Mapping[str, str], where: str) -> str:
    if name not in variables:
        raise UnknownNameError("variable", name, variables, where)
    return variables[name]


def _environment(arguments: list[str], where: str) -> str:
    name, default = arguments[0], arguments[1] if len(arguments) > 1 else None
    value = os.environ.get(name, default)
    if value is None:
        raise TerrafirmaError(f"{where}: environment variable {name!r} is not set and has no default.")
    return value


def package_share(package: str, where: str) -> Path:
    """What `$(find-pkg-share package)` means; for this project its source tree, if there is one."""
    source = Path(__file__).resolve().parents[1]
    if package == "terrafirma" and (source / "launch" / "emulated.launch.xml").is_file():
        return source
    prefixes = [*filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)), sys.prefix]
    for prefix in prefixes:
        share = Path(prefix) / "share" / package
        if share.is_dir():
            return share
    raise TerrafirmaError(f"{where}: no ROS package {package!r} in {', '.join(prefixes)}.")
