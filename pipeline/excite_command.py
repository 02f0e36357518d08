"""`terrafirma excite`: a policy file that makes a robot's joints tell about themselves."""

from __future__ import annotations

import sys
from pathlib import Path

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
    rate: float = 50.0,
) -> int:
    """Write a policy that swings each joint about the robot's default pose, for `terrafirma identify`.

    It is deployed and recorded as any policy is; the robot has to be fixed, an arm or hanging, with free room
    around it. Joints stay within half of the room to their limits and half of their greatest velocity.

    Args:
        robot: name, or a robot file.
        out: ONNX file to write.
        seconds: of swinging.
        low: Hz at the start.
        high: Hz at the end.
        amplitude: rad to either side at most.
        rate: Hz of set-points; it has to divide the robot's physics rate to be replayed.
    """
    from adaptation.identification.excitation import Chirp
    from adaptation.identification.excitation_policy import write_excitation
    from sim.robots import load_robot
    from sim.robots.hanging import SUFFIX

    if out.exists():
        raise TerrafirmaError(f"{out} exists already; choose another --out.")
    if not rate > 2.0 * high:
        raise TerrafirmaError(f"--rate: {rate:g} Hz cannot tell swings of {high:g} Hz; more than twice that.")
    spec = load_robot(robot)
    if spec.base != "fixed":
        raise TerrafirmaError(
            f"{robot}: a chirp would throw a standing robot over; hang it up, and name it {robot}{SUFFIX}."
        )
    steps = 1.0 / (rate * spec.time_step)
    if abs(steps - round(steps)) > INTEGER:
        raise TerrafirmaError(
            f"--rate: {rate:g} Hz does not divide {robot}'s physics rate, {1.0 / spec.time_step:g} Hz."
        )
    policy = write_excitation(spec, Chirp(seconds, low, high, amplitude), rate, out)
    sys.stdout.write(f"{policy.path}\n")
    return 0
