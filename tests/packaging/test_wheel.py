"""What `pip wheel` packs: code, data, launch files, and what ROS looks for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = "terrafirma-0.1.0.data/data/"
EXECUTABLES = ("policy_node", "emulated_robot", "recorder", "commander", "viewer")


@pytest.fixture(scope="module")
def wheel(copy_of_repository: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = copy_of_repository(tmp_path_factory.mktemp("source"))
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "-qq", "wheel", "--no-deps", "--no-build-isolation", "-w", out, source],
        check=True,
    )
    (path,) = out.glob("terrafirma-0.1.0-*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_module_is_packed(names: set[str]) -> None:
    packages = ("contract", "sim", "policies", "adaptation", "robot_bridge", "pipeline")
    modules = {p.relative_to(ROOT).as_posix() for name in packages for p in (ROOT / name).rglob("*.py")}
    assert len(modules) > 10
    assert modules - names == set()


@pytest.mark.parametrize(
    "pattern",
    ["sim/domains/**/*.yaml", "pipeline/recipes/*.yaml", "policies/zoo/*.onnx", "policies/zoo/*.json"],
)
def test_data_is_packed(names: set[str], pattern: str) -> None:
    files = {p.relative_to(ROOT).as_posix() for p in ROOT.glob(pattern)}
    assert files, f"no {pattern} in the repository"
    assert files - names == set()


@pytest.mark.parametrize("package", ["contract", "sim", "policies", "adaptation", "robot_bridge", "pipeline"])
def test_types_are_published(names: set[str], package: str) -> None:
    assert f"{package}/py.typed" in names


def test_nothing_else_is_packed(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert not tops & {"tests", "benchmarks", "launch", "config", "docs", "resource"}


def test_ros_finds_the_package(names: set[str]) -> None:
    assert f"{DATA}share/ament_index/resource_index/packages/terrafirma" in names
    assert f"{DATA}share/terrafirma/package.xml" in names


@pytest.mark.parametrize("folder", ["launch", "config"])
def test_launch_and_config_files_are_shared(names: set[str], folder: str) -> None:
    pattern = "*.launch.xml" if folder == "launch" else "*"
    files = {path.name for path in (ROOT / folder).glob(pattern)}
    assert files
    assert {f"{DATA}share/terrafirma/{folder}/{name}" for name in files} - names == set()


@pytest.mark.parametrize("executable", EXECUTABLES)
def test_ros2_run_finds_the_executable(wheel: Path, executable: str) -> None:
    with ZipFile(wheel) as archive:
        entry = archive.getinfo(f"{DATA}lib/terrafirma/{executable}")
        text = archive.read(entry).decode()
    assert (entry.external_attr >> 16) & 0o111 == 0o111
    assert text.startswith("#!/bin/sh\n")
    module = text.split("-m ")[1].split()[0]
    assert (ROOT / (module.replace(".", "/") + ".py")).is_file()


def test_the_command_is_installed(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        entry_points = archive.read("terrafirma-0.1.0.dist-info/entry_points.txt").decode()
    assert "terrafirma = pipeline.cli:main" in entry_points


def test_the_base_install_needs_no_training_package(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        lines = archive.read("terrafirma-0.1.0.dist-info/METADATA").decode().splitlines()
    base = [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert any("onnxruntime" in line for line in base)
    for heavy in (
        "torch",
        "pybullet",
        "mujoco",
        "stable-baselines3",
        "sb3-contrib",
        "gymnasium",
        "ros-kilted",
    ):
        assert not any(heavy in line for line in base)


def test_package_xml_agrees_with_the_wheel() -> None:
    root = ElementTree.parse(ROOT / "package.xml").getroot()
    assert root.get("format") == "3"
    assert root.findtext("name") == "terrafirma"
    assert root.findtext("version") == "0.1.0"
    assert root.findtext("license") == "Apache-2.0"
    assert root.findtext("export/build_type") == "ament_python"
    maintainer = root.find("maintainer")
    assert maintainer is not None
    assert "@" in maintainer.get("email", "")
