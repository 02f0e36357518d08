"""`terrafirma excite`: a policy file that makes a robot's joints tell about themselves."""

from __future__ import annotations

import sys
from pathlib import Path

from tyro.conf import Positional

from contract.errors import TerrafirmaError


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

    if out.exists():
        raise TerrafirmaError(f"{out} exists already; choose another --out.")
    if not rate > 2.0 * high:
        raise TerrafirmaError(f"--rate: {rate:g} Hz cannot tell swings of {high:g} Hz; more than twice that.")
    policy = write_excitation(load_robot(robot), Chirp(seconds, low, high, amplitude), rate, out)
    sys.stdout.write(f"{policy.path}\n")
    return 0
