"""How still a walking policy stands once it is told to: `python benchmarks/standing.py POLICY [DOMAIN]`.

Walks at 0.5 m/s for 3 s, then stands for 5 s. Prints the mean yaw rate of the last 4 s, the frequency
at which it goes to and fro, and how much of each action is the opposite of the last one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from policies.runtime import Policy
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

WALK, STAND, SETTLE = 150, 250, 50  # control periods
SPEED = 0.5  # m/s


def main(path: Path, domain: str) -> None:
    """Print the three figures."""
    policy = Policy(path)
    contract = policy.contract
    robot = SimulatedRobot(load_robot(contract.identity.robot), load_domain(domain), seed=0)
    robot.reset()
    session = policy.session()
    session.reset()
    steps = round(contract.control_period / robot.spec.time_step)
    scale = np.array(contract.action.scale)
    yaw, actions = [], []
    for tick in range(WALK + STAND):
        speed = SPEED if tick < WALK else 0.0
        action = np.clip(
            policy(session.observe(robot.sense(), np.array([speed, 0.0, 0.0]))), -scale, scale
        ).copy()
        robot.command(session.act(action))
        robot.step(steps)
        if tick >= WALK + SETTLE:
            yaw.append(float(robot.truth().base_angular_velocity[2]))
            actions.append(action)
    rate = np.array(yaw) - np.mean(yaw)
    spectrum = np.abs(np.fft.rfft(rate))
    frequency = np.fft.rfftfreq(len(rate), contract.control_period)[spectrum.argmax()]
    alternation = float(np.abs(np.diff(actions, 2, axis=0)).mean() / 4.0)
    print(
        f"yaw rate {np.abs(yaw).mean():.3f} rad/s at {frequency:.1f} Hz; "
        f"actions to and fro {alternation:.4f} rad"
    )
    robot.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "nominal-mujoco")
