"""The value of a `<param>`, with the type that ROS's own launch gives it.

Without `type`, launch reads the value as YAML 1.1: `yes` is true and `010` is 8. An empty value, a
date or a mapping has no parameter type, and launch fails on it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.launch_substitution import has_substitution

TYPES = ("str", "bool", "int", "float")
_BARE_NUMBER = re.compile(r"[-+]?\d+[eE][-+]?\d+")  # text to PyYAML, a double to the node


def check_raw(text: str, kind: str | None, where: str) -> None:
    """Refuse a value whose quotes launch would take away before it performs the substitutions."""
    if kind is not None and kind not in TYPES:
        raise UnknownNameError("type of <param>", kind, TYPES, where)
    if kind is None and has_substitution(text) and _load(text, where) != text:
        raise TerrafirmaError(f"{where}: value={text!r} mixes YAML and $(…); name its type, e.g. type='str'.")


def as_yaml(text: str, kind: str | None, where: str) -> str:
    """`text` as YAML for `-p name:=…`; `kind` is the `type` attribute, None to infer it.

    Raises:
        TerrafirmaError: the text has no such type, or none that a parameter may have.
    """
    if kind == "str":
        return json.dumps(text, ensure_ascii=False)
    if kind in ("int", "float"):
        try:
            return _written(int(text) if kind == "int" else float(text))
        except ValueError as error:
            raise TerrafirmaError(f"{where}: value={text!r} is no {kind}.") from error
    value = _load(text, where)
    if kind == "bool" and not isinstance(value, bool):
        raise TerrafirmaError(f"{where}: value={text!r} is neither true nor false.")
    return text if _BARE_NUMBER.fullmatch(text) else _checked(value, text, where)


def _load(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TerrafirmaError(
            f"{where}: value={text!r} is not YAML, as which ROS's launch reads it; if it is text, "
            "add type='str'."
        ) from error


def _checked(value: Any, text: str, where: str) -> str:
    if isinstance(value, bool | int | float | str):
        return _written(value)
    kinds = {type(item) for item in value} if isinstance(value, list) else set()
    if len(kinds) == 1 and kinds <= {bool, int, float, str}:
        return f"[{', '.join(_written(item) for item in value)}]"
    raise TerrafirmaError(
        f"{where}: value={text!r} is {type(value).__name__} in YAML; ROS's launch takes true or false, "
        "numbers, text and lists of one of these. If it is text, add type='str'."
    )


def _written(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    return repr(value)
