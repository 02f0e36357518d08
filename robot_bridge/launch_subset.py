"""Which tags and attributes of ROS 2 launch files are read, and where they may stand."""

from __future__ import annotations

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.launch_xml import Element

CONDITIONS = ("if", "unless")
TAGS: dict[str, tuple[str, ...]] = {
    "launch": ("version",),
    "arg": ("name", "default", "value", "description"),
    "let": ("name", "value", *CONDITIONS),
    "group": CONDITIONS,
    "push_ros_namespace": ("namespace", *CONDITIONS),
    "include": ("file", *CONDITIONS),
    "node": ("pkg", "exec", "name", "namespace", "output", "on_exit", *CONDITIONS),
    "param": ("name", "value", "type", "from"),
    "remap": ("from", "to"),
}
CHILDREN: dict[str, tuple[str, ...]] = {
    "launch": ("arg", "let", "group", "push_ros_namespace", "include", "node"),
    "group": ("let", "group", "push_ros_namespace", "include", "node"),
    "include": ("arg",),
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


def check(element: Element) -> None:
    """Refuse a tag that is not known, or an attribute that it does not have."""
    if element.tag not in TAGS:
        raise UnknownNameError("tag", element.tag, TAGS, element.where)
    for name in element.attributes:
        if name not in TAGS[element.tag]:
            raise UnknownNameError(f"attribute of <{element.tag}>", name, TAGS[element.tag], element.where)


def check_child(element: Element, parent: Element) -> None:
    """Refuse a tag that may not stand in `parent`, or lacks an attribute."""
    check(element)
    allowed = CHILDREN.get(parent.tag, ())
    if element.tag not in allowed:
        raise UnknownNameError(f"tag in <{parent.tag}>", element.tag, allowed, element.where)
    for name in REQUIRED.get(element.tag, ()):
        if name not in element.attributes:
            raise TerrafirmaError(f"{element.where}: <{element.tag}> needs the attribute {name!r}.")
    if element.tag not in CHILDREN:
        for child in element.children:
            check_child(child, element)
