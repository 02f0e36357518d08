"""YAML to `Domain`, keeping line numbers so that an error can say where."""

from __future__ import annotations

from pathlib import Path

import yaml

from contract.errors import DomainError, UnknownNameError
from sim.domains import nodes
from sim.domains.domain import ENGINES, Domain
from sim.domains.parameters import PARAMETERS, Parameter
from sim.domains.setting import Setting
from sim.domains.setting_reader import SHAPES, is_setting, read_setting

MAX_BYTES = 1_000_000
LIBRARY = Path(__file__).parent / "library"
KEYS = ("engine", "description", "parameters")


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
        raise DomainError(f"{where}: expected 'engine:' and 'parameters:', got {nodes.shown(root)}.")
    entries = nodes.mapping(root, where)
    for name, (key, _) in entries.items():
        if name not in KEYS:
            raise UnknownNameError("key", name, KEYS, nodes.at(key, where))
    if "engine" not in entries:
        raise DomainError(f"{where}: 'engine' is missing. Valid: {', '.join(ENGINES)}.")
    engine = nodes.choice(entries["engine"][1], "engine", ENGINES, where)
    settings = _settings(entries["parameters"][1], where) if "parameters" in entries else ()
    return Domain(engine, settings, where)


def _settings(node: yaml.Node, where: str) -> tuple[Setting, ...]:
    if isinstance(node, yaml.ScalarNode) and node.value in ("", "null", "~"):
        return ()
    if not isinstance(node, yaml.MappingNode):
        raise DomainError(
            f"{nodes.at(node, where)}: expected a mapping of parameters, got {nodes.shown(node)}."
        )
    settings: list[Setting] = []
    for name, (key, value) in nodes.mapping(node, where).items():
        if name not in PARAMETERS:
            raise UnknownNameError("domain parameter", name, PARAMETERS, nodes.at(key, where))
        if isinstance(value, yaml.MappingNode) and not is_setting(value):
            settings += _components(value, PARAMETERS[name], where)
        else:
            settings.append(read_setting(value, PARAMETERS[name], None, nodes.at(key, where), where))
    return tuple(settings)


def _components(node: yaml.MappingNode, parameter: Parameter, where: str) -> list[Setting]:
    """Settings given joint by joint, or axis by axis."""
    at, entries = nodes.at(node, where), nodes.mapping(node, where)
    if parameter.scope == "scalar":
        misspelt = nodes.nearest(entries, SHAPES)
        if misspelt is not None:
            raise UnknownNameError("distribution", misspelt, SHAPES, f"{at}: {parameter.name}")
        raise DomainError(
            f"{at}: {parameter.name} is one number for the robot, not one a joint. "
            f"Distributions: {', '.join(SHAPES)}."
        )
    settings = []
    for name, (key, spec) in entries.items():
        if isinstance(spec, yaml.SequenceNode) and nodes.nearest([name], SHAPES):
            raise UnknownNameError("distribution", name, SHAPES, f"{at}: {parameter.name}")
        settings.append(read_setting(spec, parameter, name, nodes.at(key, where), where))
    return settings
