"""`$(…)` substitutions of launch files, by the grammar of ROS's own launch.

That grammar knows quotes and backslashes too. They are refused rather than half understood: a
file that is read here must mean the same to `ros2 launch`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from contract.errors import TerrafirmaError, UnknownNameError

WORDS = {"var": range(1, 2), "env": range(1, 3), "find-pkg-share": range(1, 2)}  # how many each takes
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_FORBIDDEN = "'\"\\$("  # in a word; launch would take a quote or a backslash away


def has_substitution(text: str) -> bool:
    """Whether `text` depends on anything but itself."""
    return "$(" in text


def substitute(text: str, variables: Mapping[str, str], where: str) -> str:
    """`text` with its substitutions performed; they may be nested.

    Raises:
        TerrafirmaError: an unknown substitution, variable, environment variable or package, or a
            character that ROS's launch would read in another way.
    """
    return _Reader(text, variables, where).template()


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, variables: Mapping[str, str], where: str) -> None:
        self._text = text
        self._variables = variables
        self._where = where
        self._at = 0

    def template(self) -> str:
        done = ""
        while self._at < len(self._text):
            if self._text.startswith("$(", self._at):
                done += self._substitution()
                continue
            character = self._text[self._at]
            if character in "\\$":
                raise self._error(f"{character!r} has a meaning of its own to ROS's launch")
            done += character
            self._at += 1
        return done

    def _substitution(self) -> str:
        start = self._at
        name = _NAME.match(self._text, start + 2)
        kind = name.group() if name else ""
        self._at = start + 2 + len(kind)
        words = []
        while self._take(" "):
            words.append(self._word())
        if not self._take(")"):
            raise self._error(f"{self._text[start:]!r} is never closed, or holds a second space")
        if kind not in WORDS:
            raise UnknownNameError("substitution", kind, WORDS, self._where)
        allowed = WORDS[kind]
        if len(words) not in allowed:
            raise self._error(f"$({kind}) takes {allowed[0]} to {allowed[-1]} words, got {len(words)}")
        return self._perform(kind, words)

    def _word(self) -> str:
        """What a substitution gives stays one word, whatever spaces it holds."""
        start, done = self._at, ""
        while self._at < len(self._text) and self._text[self._at] not in " )":
            if self._text.startswith("$(", self._at):
                done += self._substitution()
                continue
            if self._text[self._at] in _FORBIDDEN:
                raise self._error(f"{self._text[self._at]!r} inside $(…) is not supported here")
            done += self._text[self._at]
            self._at += 1
        if self._at == start:
            raise self._error("words inside $(…) are separated by one space")
        return done

    def _take(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        self._at += found
        return found

    def _perform(self, kind: str, words: Sequence[str]) -> str:
        if kind == "var":
            if words[0] not in self._variables:
                raise UnknownNameError("variable", words[0], self._variables, self._where)
            return self._variables[words[0]]
        if kind == "env":
            value = os.environ.get(words[0], words[1] if len(words) > 1 else None)
            if value is None:
                raise self._error(f"environment variable {words[0]!r} is not set and has no default")
            return value
        return str(package_share(words[0], self._where))

    def _error(self, message: str) -> TerrafirmaError:
        return TerrafirmaError(f"{self._where}: {message} (in {self._text!r}).")


def package_share(package: str, where: str) -> Path:
    """What `$(find-pkg-share package)` means.

    For this project it is what belongs to the code that runs: its source tree, or the prefix (a
    virtual environment, a colcon overlay) that it is installed in.
    """
    prefixes = [*filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)), sys.prefix]
    if package == "terrafirma":
        folder = Path(__file__).resolve().parents[1]
        if (folder / "launch" / "emulated.launch.xml").is_file():
            return folder
        prefixes.insert(0, str(folder.parents[2]))  # of PREFIX/lib/python3.X/site-packages
    for prefix in prefixes:
        share = Path(prefix) / "share" / package
        if share.is_dir():
            return share
    raise TerrafirmaError(f"{where}: no ROS package {package!r} in {', '.join(prefixes)}.")
