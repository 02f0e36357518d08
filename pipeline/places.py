"""Where shipped files are, in a checkout as in an installation."""

from __future__ import annotations

from pathlib import Path

from contract.errors import UnknownNameError
from robot_bridge.launch_substitution import package_share

ROOT = Path(__file__).parent.parent
ZOO = ROOT / "policies" / "zoo"


def launch_file(name: str) -> Path:
    """A launch file by path or by the name of a shipped one."""
    path = Path(name)
    if path.is_file():
        return path
    folder = package_share("terrafirma", "launch files") / "launch"
    shipped = {p.name: p for p in folder.glob("*.launch.xml")}
    if name not in shipped and f"{name}.launch.xml" not in shipped:
        raise UnknownNameError("launch file (no such file either)", name, shipped)
    return shipped.get(name) or shipped[f"{name}.launch.xml"]


def policy_file(name: str) -> Path:
    """A policy by path or by the name of a shipped one."""
    path = Path(name)
    if path.suffix == ".onnx" or path.is_file():
        return path
    shipped = {p.stem: p for p in ZOO.glob("*.onnx")}
    if name not in shipped:
        raise UnknownNameError("policy (no such file either)", name, shipped)
    return shipped[name]
