"""A parameter's value in YAML to a `Setting`: a number, or a distribution with its options."""

from __future__ import annotations

import math
from typing import Any

import yaml

from contract.errors import DomainError, UnknownNameError
from sim.domains import nodes
from sim.domains.distributions import DISTRIBUTIONS, Curriculum, Distribution, Fixed, LogUniform
from sim.domains.parameters import Parameter
from sim.domains.setting import MODES, OPERATIONS, Setting

OPTIONS = ("operation", "mode", "every", "group", "correlation")
SHAPES = (*DISTRIBUTIONS, "fixed")

Entries = dict[str, tuple[yaml.Node, yaml.Node]]


def is_setting(node: yaml.MappingNode) -> bool:
    """Whether a mapping is one value with options, rather than one value a joint or axis."""
    names = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
    return bool(names & {*SHAPES, *OPTIONS})


def read_setting(
    node: yaml.Node, parameter: Parameter, component: str | None, at: str, where: str
) -> Setting:
    """The setting that stands in `node`; `at` is the line of its name."""
    options: dict[str, Any] = {}
    place = f"{nodes.at(node, where)}: {parameter.name}"
    if isinstance(node, yaml.MappingNode):
        entries = nodes.mapping(node, where)
        options = _options(entries, parameter, where)
        unit = "1" if options.get("operation") == "scale" else parameter.unit
        shapes = {name: value for name, (_, value) in entries.items() if name not in OPTIONS}
        distribution = _distribution(shapes, unit, place)
    else:
        distribution = Fixed(nodes.number(node, parameter.unit, place))
    setting = Setting(parameter, component, distribution, at, **options)
    _check(setting, place)
    return setting


def _distribution(shapes: dict[str, yaml.Node], unit: str, at: str) -> Distribution:
    name, arguments = next(iter(shapes.items()), ("", None))
    for unknown in shapes.keys() - set(SHAPES):
        kind, valid = ("distribution", SHAPES) if len(shapes) == 1 else ("option", (*SHAPES, *OPTIONS))
        raise UnknownNameError(kind, unknown, valid, at)
    if len(shapes) != 1:
        got = " and ".join(shapes) or "none"
        raise DomainError(f"{at}: needs one distribution, got {got}. Valid: {', '.join(SHAPES)}.")
    if name == "fixed":
        assert arguments is not None
        return Fixed(nodes.number(arguments, unit, at))
    if not isinstance(arguments, yaml.SequenceNode) or len(arguments.value) != 2:
        raise DomainError(f"{at}: {name} takes two numbers, [a, b], got {nodes.shown(arguments)}.")
    first, second = (nodes.number(item, unit, at) for item in arguments.value)
    if name == "normal" and second < 0:
        raise DomainError(f"{at}: the standard deviation {second} is negative.")
    if name not in ("normal", "curriculum") and first > second:
        raise DomainError(f"{at}: {name} needs low ≤ high, got [{first}, {second}].")
    if DISTRIBUTIONS[name] is LogUniform and first <= 0:
        raise DomainError(f"{at}: log_uniform needs low > 0, got {first}.")
    return DISTRIBUTIONS[name](first, second)


def _options(entries: Entries, parameter: Parameter, where: str) -> dict[str, Any]:
    """Keyword arguments of a Setting."""
    options: dict[str, Any] = {}
    for name, (_, value) in entries.items():
        place = f"{nodes.at(value, where)}: {parameter.name}: {name}"
        if name == "operation":
            options[name] = nodes.choice(value, name, OPERATIONS, where)
        elif name == "mode":
            options[name] = nodes.choice(value, name, MODES, where)
        elif name == "every":
            options[name] = nodes.number(value, "s", place)
        elif name == "correlation":
            options[name] = nodes.number(value, "1", place)
        elif name == "group":
            if not isinstance(value, yaml.ScalarNode) or not value.value:
                raise DomainError(f"{place}: expected a name, got {nodes.shown(value)}.")
            options[name] = value.value
    if "correlation" in options:
        options.setdefault("group", parameter.name)
    return options


def _check(setting: Setting, at: str) -> None:
    """Refuse options that contradict each other, and values outside the parameter's range."""
    parameter = setting.parameter
    if (setting.mode == "interval") != math.isfinite(setting.every):
        raise DomainError(f"{at}: mode 'interval' and 'every' (s) need each other.")
    if setting.every <= 0.0:
        raise DomainError(f"{at}: every: {setting.every:g} s is no interval.")
    if setting.mode == "interval" and parameter.only_at_start:
        raise DomainError(f"{at} cannot change within an episode. Modes: startup, reset.")
    if setting.mode == "startup" and isinstance(setting.distribution, Curriculum):
        raise DomainError(f"{at}: a curriculum cannot rise with mode 'startup'. Modes: reset, interval.")
    if abs(setting.correlation) > 1.0:
        raise DomainError(f"{at}: correlation: {setting.correlation:g} is not within [-1, 1].")
    if setting.group and not setting.correlation:
        raise DomainError(f"{at}: group {setting.group!r} needs a correlation other than 0.")
    if setting.operation == "scale" and parameter.nominal == 0.0:
        raise DomainError(f"{at}: nominally 0, which no factor changes. Operations: set, add.")
    if setting.operation == "set" or parameter.nominal is not None:
        setting.check_range(parameter.nominal or 0.0)
