"""YAML to `Domain`, keeping line numbers so that an error can say where."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeGuard

import yaml

from contract.errors import DomainError, UnknownNameError
from sim.domains.distributions import DISTRIBUTIONS, Distribution, Fixed, LogUniform
from sim.domains.domain import ENGINES, Domain, Setting
from sim.domains.parameters import PARAMETERS, Parameter

MAX_BYTES = 1_000_000
LIBRARY = Path(__file__).parent / "library"


def find_domain(name: str | Path) -> Path:
    """The file of a domain: a path, or the name of a shipped one."""
    if Path(name).is_file():
        return Path(name)
    shipped = {p.stem: p for p in LIBRARY.glob("*.yaml")}
    if str(name) not in shipped:
        raise UnknownNameError("domain (no such file either)", str(name), shipped)
    return shipped[str(name)]


def load_domain(name: str | Path) -> Domain:
    """Read a domain file, or one of the shipped domains by name.

    Raises:
        DomainError: the file, line and value that is wrong, and what would be right.
    """
    path = find_domain(name)
    if path.stat().st_size > MAX_BYTES:
        raise DomainError(f"{path}: {path.stat().st_size} bytes is no domain file.")
    return parse_domain(path.read_text(encoding="utf-8", errors="replace"), str(path))


def parse_domain(text: str, where: str) -> Domain:
    """Parse the text of a domain file; `where` names it in errors."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise DomainError(f"{where}: not valid YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(root, yaml.MappingNode):
        raise DomainError(f"{where}: expected 'engine:' and 'parameters:', got {_shown(root)}.")
    entries = _mapping(root, where)
    for name, (key, _) in entries.items():
        if name not in ("engine", "description", "parameters"):
            raise UnknownNameError("key", name, ("engine", "description", "parameters"), _at(key, where))
    if "engine" not in entries:
        raise DomainError(f"{where}: 'engine' is missing. Valid: {', '.join(ENGINES)}.")
    engine = entries["engine"][1]
    if not isinstance(engine, yaml.ScalarNode):
        raise DomainError(f"{_at(engine, where)}: expected the name of an engine, got {_shown(engine)}.")
    if engine.value not in ENGINES:
        raise UnknownNameError("engine", engine.value, ENGINES, _at(engine, where))
    settings = _settings(entries["parameters"][1], where) if "parameters" in entries else ()
    return Domain(engine.value, settings, where)


def _settings(node: yaml.Node, where: str) -> tuple[Setting, ...]:
    if isinstance(node, yaml.ScalarNode) and node.value in ("", "null", "~"):
        return ()
    if not isinstance(node, yaml.MappingNode):
        raise DomainError(f"{_at(node, where)}: expected a mapping of parameters, got {_shown(node)}.")
    settings = []
    for name, (key, value) in _mapping(node, where).items():
        if name not in PARAMETERS:
            raise UnknownNameError("domain parameter", name, PARAMETERS, _at(key, where))
        parameter = PARAMETERS[name]
        if _is_per_joint(value):
            if parameter.scope != "joint":
                raise DomainError(
                    f"{_at(value, where)}: {name} is one number for the robot, not one a joint. "
                    f"Distributions: {', '.join(DISTRIBUTIONS)}."
                )
            for joint, (joint_key, spec) in _mapping(value, where).items():
                settings.append(
                    Setting(parameter, joint, _distribution(spec, parameter, where), _at(joint_key, where))
                )
        else:
            settings.append(Setting(parameter, None, _distribution(value, parameter, where), _at(key, where)))
    return tuple(settings)


def _is_per_joint(node: yaml.Node) -> TypeGuard[yaml.MappingNode]:
    return isinstance(node, yaml.MappingNode) and not any(
        isinstance(key, yaml.ScalarNode) and key.value in DISTRIBUTIONS for key, _ in node.value
    )


def _distribution(node: yaml.Node, parameter: Parameter, where: str) -> Distribution:
    at = f"{_at(node, where)}: {parameter.name}"
    if isinstance(node, yaml.MappingNode):
        entries = _mapping(node, where)
        name, (_, arguments) = next(iter(entries.items()), ("", (node, node)))
        if name not in DISTRIBUTIONS or len(entries) != 1:
            raise UnknownNameError("distribution", ", ".join(entries), DISTRIBUTIONS, at)
        if not isinstance(arguments, yaml.SequenceNode) or len(arguments.value) != 2:
            raise DomainError(f"{at}: {name} takes two numbers, [a, b], got {_shown(arguments)}.")
        first, second = (_number(item, parameter, at) for item in arguments.value)
        if name == "normal" and second < 0:
            raise DomainError(f"{at}: the standard deviation {second} is negative.")
        if name != "normal" and first > second:
            raise DomainError(f"{at}: {name} needs low ≤ high, got [{first}, {second}].")
        if DISTRIBUTIONS[name] is LogUniform and first <= 0:
            raise DomainError(f"{at}: log_uniform needs low > 0, got {first}.")
        distribution: Distribution = DISTRIBUTIONS[name](first, second)
    else:
        distribution = Fixed(_number(node, parameter, at))
    low, high = distribution.support()
    if low < parameter.low or high > parameter.high:
        raise DomainError(
            f"{at}: [{low:g}, {high:g}] {parameter.unit} leaves the valid range "
            f"[{parameter.low:g}, {parameter.high:g}] {parameter.unit}."
        )
    return distribution


def _number(node: yaml.Node, parameter: Parameter, at: str) -> float:
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
        raise DomainError(f"{at}: expected a finite number in {parameter.unit}, got {_shown(node)}.")
    return value


def _mapping(node: yaml.MappingNode, where: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise DomainError(f"{_at(key, where)}: expected a name, got {_shown(key)}.")
        if key.value in entries:
            raise DomainError(f"{_at(key, where)}: {key.value!r} is given twice.")
        entries[key.value] = (key, value)
    return entries


def _at(node: yaml.Node, where: str) -> str:
    return f"{where}:{node.start_mark.line + 1}"


def _shown(node: yaml.Node | None) -> str:
    if node is None:
        return "an empty file"
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
