"""The house rules of imports, read from the syntax tree so that lazy imports count too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("contract", "sim", "policies", "adaptation", "robot_bridge", "pipeline")
FILES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

RUNTIME = ("policies.runtime", "policies.metadata")
MAY_IMPORT = {
    "contract": ("contract",),
    "sim": ("contract", "sim"),
    "policies": ("contract", "sim", "policies"),
    "adaptation": ("contract", "sim", "policies", "adaptation"),
    "robot_bridge": ("contract", *RUNTIME, "robot_bridge"),
    "pipeline": PACKAGES,
}
TRAINING_ONLY = {
    "torch",
    "pybullet",
    "mujoco",
    "gymnasium",
    "stable_baselines3",
    "sb3_contrib",
    "onnx",
    "PIL",
}
ROBOT_SIDE = ("contract/", "robot_bridge/", "policies/runtime.py", "policies/metadata.py")


def imports(source: str) -> Iterator[str]:
    """Every module that `source` imports, anywhere in it, as a dotted name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("import_module", "__import__"):
                yield str(node.args[0].value)


def below(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def allowed(path: Path) -> tuple[str, ...]:
    if path.as_posix() in ("policies/runtime.py", "policies/metadata.py"):
        return ("contract", *RUNTIME)
    names = MAY_IMPORT[path.parts[0]]
    if path.parts[0] == "robot_bridge" and "emulat" in path.name:
        names += ("sim",)
    if path.parts[0] == "robot_bridge" and "fine_tun" in path.name:
        names += ("adaptation",)
    return names


def violations(path: Path, source: str) -> list[str]:
    """What in `source` breaks the rules that hold for `path`."""
    found = []
    for module in imports(source):
        top = module.split(".")[0]
        if top in PACKAGES and not below(module, allowed(path)):
            found.append(f"{path} imports {module}; it may import {', '.join(allowed(path))}")
        if top in TRAINING_ONLY and path.as_posix().startswith(ROBOT_SIDE):
            found.append(f"{path} runs on a robot and imports {module}")
        if path.parts[0] == "contract" and top not in {"contract", "numpy", *sys.stdlib_module_names}:
            found.append(f"{path} imports {module}; contract/ needs numpy only")
    return found


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_one_way(path: Path) -> None:
    assert violations(path, (ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("contract/a.py", "from sim.engines import base"),
        ("contract/a.py", "def f():\n    import yaml"),
        ("sim/a.py", "from policies.runtime import Policy"),
        ("policies/a.py", "import adaptation.darc"),
        ("policies/runtime.py", "from policies.export import export"),
        ("policies/runtime.py", "import torch"),
        ("robot_bridge/policy_core.py", "from sim import robots"),
        ("robot_bridge/policy_core.py", "from policies import training"),
        ("robot_bridge/policy_core.py", "import importlib\nimportlib.import_module('pybullet')"),
        ("adaptation/darc.py", "from pipeline.cli import main"),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str) -> None:
    assert violations(Path(path), source) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("robot_bridge/emulated_robot_node.py", "from sim.robots import registry"),
        ("robot_bridge/policy_core.py", "from policies.runtime import Policy"),
        ("robot_bridge/policy_core.py", "from policies import runtime"),
        ("adaptation/darc.py", "import torch\nfrom contract.record import Contract"),
    ],
)
def test_a_right_import_is_let_through(path: str, source: str) -> None:
    assert violations(Path(path), source) == []


def importers(module: str) -> list[str]:
    return [
        path.as_posix()
        for path in FILES
        if any(below(name, (module,)) for name in imports((ROOT / path).read_text()))
    ]


@pytest.mark.parametrize("engine", ["pybullet", "mujoco"])
def test_one_module_imports_the_engine(engine: str) -> None:
    users = importers(engine)
    assert len(users) == 1, users
    assert users[0].startswith("sim/engines/")


CORES = {"policy_core.py", "emulator_core.py", "safety.py", "tick.py", "transitions.py", "bag_reader.py"}


def reachable(start: Path) -> set[Path]:
    """Files of the project that importing `start` loads, itself included."""
    found, waiting = set(), [start]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in imports((ROOT / path).read_text()):
            parts = name.split(".")
            candidates = (Path("/".join(parts) + ".py"), Path("/".join(parts[:-1]) + ".py"))
            waiting += [candidate for candidate in candidates if candidate in FILES]
    return found


def test_rclpy_stays_in_the_bridge() -> None:
    users = importers("rclpy")
    assert users
    assert [path for path in users if not path.startswith("robot_bridge/")] == []


@pytest.mark.parametrize("name", sorted(CORES))
def test_the_bridge_s_cores_know_nothing_of_ros(name: str) -> None:
    core = Path("robot_bridge", name)
    assert core in FILES
    users = set(map(Path, importers("rclpy")))
    assert reachable(core) & users == set()


def test_reachable_follows_imports() -> None:
    """Else the test above could not fail."""
    found = reachable(Path("robot_bridge/policy_core.py"))
    assert Path("contract/validation.py") in found
    assert Path("robot_bridge/ros.py") in reachable(Path("robot_bridge/policy_node.py"))


def test_packages_import_light() -> None:
    """`import sim` must not cost a simulator: package __init__ files import nothing heavy."""
    for path in FILES:
        if path.name == "__init__.py" and len(path.parts) == 2:
            tops = {module.split(".")[0] for module in imports((ROOT / path).read_text())}
            assert tops <= {"__future__"}, path


def test_launch_is_no_package() -> None:
    """With an __init__.py it would shadow ROS's own `launch`."""
    assert not (ROOT / "launch" / "__init__.py").exists()
