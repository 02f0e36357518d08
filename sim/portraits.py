"""A picture of every robot in its default pose, after it has settled, for the documentation.

python -m sim.portraits docs/images/robots
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from contract.errors import TerrafirmaError
from sim.domains.reader import load_domain
from sim.rendering import Frame, Pose, Renderer
from sim.robots import ROBOTS, load_robot
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

SIZE = (480, 360)
SETTLE = 1.0  # s
QUALITY = 85  # of a JPEG; a picture has some 20 kB


def portrait(spec: RobotSpec) -> Frame:
    """The picture (360, 480, 3) of a robot that has stood for a second."""
    robot = SimulatedRobot(spec, load_domain("nominal"))
    robot.reset()
    robot.step(round(SETTLE / spec.time_step))
    pose = Pose(*robot.pose())
    robot.close()
    renderer = Renderer(spec, *SIZE, close_up=True)
    frame = renderer.frame(pose)
    renderer.close()
    return frame


def main(arguments: list[str]) -> int:
    """Write one JPEG a robot into the folder named by the one argument; returns an exit code."""
    try:
        if len(arguments) != 1 or not Path(arguments[0]).is_dir():
            raise TerrafirmaError(f"give one existing folder, got {arguments}.")
    except TerrafirmaError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    for name in ROBOTS:
        image = Image.fromarray(portrait(load_robot(name)))
        image.save(Path(arguments[0]) / f"{name}.jpg", quality=QUALITY, optimize=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
