"""XML elements of launch files, which remember their line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from contract.errors import TerrafirmaError


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
