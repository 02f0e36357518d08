"""`terrafirma excite`: a policy file that makes a robot's joints tell about themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tyro.conf import Positional

from contract.errors import TerrafirmaError

INTEGER = 1e-6


def excite(
    robot: Positional[str],
    /,
    out: Path,
    seconds: float = 20.0,
    low: float = 0.1,
    high: float = 5.0,
    amplitude: float = 0.3,
    depth: float = 0.05,
    rate: float = 50.0,
) -> int:
    """Write a policy whose motion tells about a robot, for `terrafirma identify`.

    It is deployed and recorded as any policy is. A robot that is fixed, an arm or one that hangs
    (`a1-hanging`), swings each joint about its default pose, within half of the room to its limits and half
    of its greatest velocity; it needs free room around it. A legged robot on its feet squats.

    Args:
        robot: name, or a robot file.
        out: ONNX file to write.
        seconds: of swinging.
        low: Hz at the start of swinging.
        high: Hz at its end.
        amplitude: rad to either side at most.
        depth: m of a squat.
        rate: Hz of set-points; it has to divide the robot's physics rate to be replayed.
    """
    from adaptation.identification.excitation import Chirp
    from adaptation.identification.excitation_policy import write_excitation
    from adaptation.identification.squat import Squat
    from sim.robots import load_robot

    if out.exists():
        raise TerrafirmaError(f"{out} exists already; choose another --out.")
    spec = load_robot(robot)
    steps = 1.0 / (rate * spec.time_step)
    if abs(steps - round(steps)) > INTEGER:
        raise TerrafirmaError(
            f"--rate: {rate:g} Hz does not divide {robot}'s physics rate, {1.0 / spec.time_step:g} Hz."
        )
    if spec.base == "fixed":
        if not rate > 2.0 * high:
            raise TerrafirmaError(
                f"--rate: {rate:g} Hz cannot tell swings of {high:g} Hz; more than twice that."
            )
        start = np.array([joint.default_position for joint in spec.joints])
        set_points = Chirp(seconds, low, high, amplitude).set_points(spec.joints, start, rate)
    else:
        set_points = Squat(depth).set_points(spec, rate)
    sys.stdout.write(f"{write_excitation(spec, set_points, rate, out).path}\n")
    return 0
