"""`terrafirma robot`: a robot file from a URDF, and whether the robot in it stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from tyro.conf import Positional

from contract.errors import TerrafirmaError

UNSOUND = 2

if TYPE_CHECKING:
    from sim.robot_import import Draft
    from sim.robots.spec import Base


def robot(
    action: Positional[Literal["import", "check"]],
    file: Positional[Path],
    /,
    out: Path | None = None,
    base: Literal["guess", "fixed", "floating", "planar"] = "guess",
    overwrite: bool = False,
    picture: Path | None = None,
) -> int:
    """Write a robot file for a URDF, with guesses for what it does not say; or try a robot file.

    A recipe's `robot:` and `terrafirma emulate` take the file's path instead of a robot's name.

    Args:
        action: import a URDF; or check that a robot stands in both engines, and where its trot takes it.
        file: URDF, whose meshes may be relative, absolute or package:// ones beside or above it;
            to check, a robot file, or the name of a shipped robot.
        out: import: file to write; by default <name of the URDF>.yaml in the current folder.
        base: import: how the robot is held; guess takes one limb for an arm, and several for legs.
        overwrite: replace an existing file.
        picture: check: file to draw the standing robot to, .png or .jpg.
    """
    if action == "check":
        _refuse({"--out": out is not None, "--base": base != "guess", "--overwrite": overwrite}, "import")
        return _check(str(file), picture)
    _refuse({"--picture": picture is not None}, "check")
    return _import(file, out, None if base == "guess" else base, overwrite)


def _refuse(given: dict[str, bool], action: str) -> None:
    """Options that belong to the other action."""
    for option in (name for name, present in given.items() if present):
        raise TerrafirmaError(f"{option} belongs to `terrafirma robot {action}`.")


def _check(name: str, picture: Path | None) -> int:
    from sim.robot_trial import SPEED, TROT_SECONDS, trials
    from sim.robots import load_robot

    if picture is not None:
        _check_target("--picture", picture, (".png", ".jpg"), overwrite=True)  # it can be drawn again
    spec = load_robot(name)
    sound = True
    for trial in trials(spec):
        sound &= trial.stands and not trial.fell
        line = f"{trial.engine:8} {'stands' if trial.stands else 'DOES NOT STAND'}: joints within "
        line += f"{trial.sag:.3f} rad of the default pose, base tilted by {trial.tilt:.3f} rad"
        if trial.trotted is not None:
            end = "FALLS after" if trial.fell else "gets"
            line += f"; asked to trot {SPEED * TROT_SECONDS:g} m, {end} {trial.trotted:.2f} m"
        sys.stdout.write(f"{line}\n")
    if picture is not None:
        from PIL import Image

        from sim.portraits import portrait

        Image.fromarray(portrait(spec)).save(picture)
    return 0 if sound else UNSOUND


def _import(urdf: Path, out: Path | None, base: str | None, overwrite: bool) -> int:
    from pipeline.progress import console
    from sim.robot_import import draft_robot
    from sim.robots.robot_file import SUFFIXES

    target = out or Path(f"{urdf.stem}.yaml")
    _check_target("--out", target, SUFFIXES, overwrite)
    draft = draft_robot(urdf, cast("Base | None", base))
    _write(draft, target)
    for warning in draft.warnings:
        console.print(f"warning: {warning}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    sys.stdout.write(f"{target}\n")
    return 0


def _check_target(option: str, target: Path, suffixes: tuple[str, ...], overwrite: bool) -> None:
    if target.suffix not in suffixes:
        raise TerrafirmaError(f"{option} {target}: must end with {' or '.join(suffixes)}.")
    if not target.absolute().parent.is_dir():
        raise TerrafirmaError(f"{option} {target}: no such folder: {target.absolute().parent}.")
    if target.exists() and not overwrite:
        raise TerrafirmaError(f"{target} exists; name another file with {option}, or use --overwrite.")


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
