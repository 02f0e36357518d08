"""`terrafirma robot import`: a robot file from a URDF."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

from contract.errors import TerrafirmaError

if TYPE_CHECKING:
    from sim.robot_import import Draft


def robot(
    action: Positional[Literal["import"]],
    urdf: Positional[Path],
    /,
    out: Path | None = None,
    base: Literal["guess", "fixed", "floating", "planar"] = "guess",
    overwrite: bool = False,
) -> int:
    """Write a robot file for a URDF: joints, limits, feet, and guesses for what the URDF does not say.

    A recipe's `robot:` and `terrafirma emulate` take the file's path instead of a robot's name.

    Args:
        action: import.
        urdf: URDF file; its meshes may be relative, absolute or package:// ones beside or above it.
        out: file to write; by default <name of the URDF>.yaml in the current folder.
        base: how the robot is held; guess takes one limb for an arm, and several for legs.
        overwrite: replace an existing file.
    """
    from pipeline.progress import console
    from sim.robot_import import draft_robot
    from sim.robots.robot_file import SUFFIXES

    target = out or Path(f"{urdf.stem}.yaml")
    if target.suffix not in SUFFIXES:
        raise TerrafirmaError(f"--out {target}: must end with {' or '.join(SUFFIXES)}.")
    if not target.absolute().parent.is_dir():
        raise TerrafirmaError(f"--out {target}: no such folder: {target.absolute().parent}.")
    if target.exists() and not overwrite:
        raise TerrafirmaError(f"{target} exists; name another file with --out, or use --overwrite.")
    draft = draft_robot(urdf, None if base == "guess" else base)
    _write(draft, target)
    for warning in draft.warnings:
        console.print(f"warning: {warning}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    sys.stdout.write(f"{target}\n")
    return 0


def _write(draft: Draft, target: Path) -> None:
    """All or nothing, and only what can be read back."""
    from sim.robots.robot_file import load_robot_file
    from sim.robots.robot_writer import robot_text

    temporary = target.with_name(f".{target.stem}.tmp{target.suffix}")
    try:
        temporary.write_text(robot_text(draft.spec, draft.warnings, target.parent), encoding="utf-8")
        load_robot_file(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
