"""Why the a1's open-loop trot swings about the vertical: its hips give way under the load of a stance leg.

python benchmarks/trot_sway.py
"""

from __future__ import annotations

import numpy as np

from sim.domains.reader import load_domain
from sim.environment import RobotEnv

SPEED = 0.06  # m/s; next to marching on the spot
SETTLE, TICKS = 60, 200  # control periods
HIPS = slice(0, None, 3)


def main() -> None:
    """March without corrections and print sag and swing for both engines."""
    for domain in ("nominal", "nominal-mujoco"):
        env = RobotEnv("a1", "velocity", load_domain(domain))
        env.reset(seed=0)
        sag, contact, yaw_rate = [], [], []
        for tick in range(TICKS):
            env.command = np.array([SPEED, 0.0, 0.0])
            env.step(np.zeros(len(env.contract.joints), np.float32))
            if tick >= SETTLE:
                sag.append(np.abs(env.robot.pose()[2][HIPS]))  # straight ahead their set-points are 0
                contact.append(env.robot.foot_contacts() > 0.0)
                yaw_rate.append(env.robot.truth().base_angular_velocity[2])
        env.close()
        loaded = np.array(sag)[np.array(contact)].mean()
        free = np.array(sag)[~np.array(contact)].mean()
        print(f"{domain}: hip error in stance {loaded:.3f} rad, in swing {free:.3f} rad")
        print(f"{domain}: yaw rate swings by {np.std(yaw_rate):.2f} rad/s (standard deviation)")


if __name__ == "__main__":
    main()
