"""ROS's own launch accepts the shipped files; runs only where it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from robot_bridge.launch_xml import parse

SHIPPED = sorted((Path(__file__).parents[2] / "launch").glob("*.launch.xml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_ros_launch_parses_every_tag_and_attribute(path: Path) -> None:
    """Its parser raises on a tag or attribute that it does not know."""
    pytest.importorskip("launch_ros")
    pytest.importorskip("launch_xml")
    frontend = pytest.importorskip("launch.frontend")
    entity, parser = frontend.Parser.load(str(path))
    description = parser.parse_description(entity)
    assert len(description.entities) == len(parse(path).children)
