"""The 7-DoF reacher of DARC (Eysenbach et al. 2021, arXiv:2006.13916), on the arm of Gymnasium's pusher.

Motors of up to 2 N·m, the action's 1, move the arm without gravity; the middle between its fingertips is
to be at a point drawn for each episode, which has 100 steps. r = -0.5 distance - 0.1 |a|². What the motors
really did is part of the observation: without it a source where all work could not look like a target where
one does not.

The authors' model file is not public with their code. Goals are ours: to the left, so that the first joint is
the way to reach them, and near enough for the others to do it without. With goals in the middle, RL on the
source is as good on a target whose first motor is broken as RL on the target.
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from gymnasium.spaces import Box
from numpy.typing import NDArray

from contract.state import Array
from sim.shifts.model_file import edited_model

Outcome = tuple[Array, np.float64, bool, bool, dict[str, np.float64]]
JOINTS = 7
LIMIT = 2.0  # N·m
FRAME_SKIP = 5  # of 10 ms
GOAL_LOW, GOAL_HIGH = (0.3, -0.35, -0.2), (0.6, -0.1, 0.3)  # m, world; the shoulder is at (0, -0.6, 0)
TIP = (0.1, 0.0, 0.0)  # m, between the fingertips, in the frame of the wrist
DISTANCE_COST, EFFORT_COST = 0.5, 0.1
VELOCITY_NOISE = 0.005  # rad/s, at the start


def only_the_arm(spec: mujoco.MjSpec) -> None:
    """Take object and goal out of the pusher's model, and let nothing collide."""
    for name in ("object", "goal"):
        spec.delete(spec.body(name))
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0


class ReacherEnv(MujocoEnv):
    """Joint positions (7,) rad and velocities (7,) rad/s, tip (3,) m, goal (3,) m, executed action (7,)."""

    metadata: dict[str, Any] = {  # noqa: RUF012, Gymnasium declares it so
        "render_modes": ["human", "rgb_array", "depth_array", "rgbd_tuple"],
        "render_fps": 20,
    }

    def __init__(self, broken: int | None = None, **options: Any) -> None:
        space = Box(-np.inf, np.inf, (3 * JOINTS + 6,), np.float64)
        with edited_model("pusher_v5.xml", only_the_arm) as path:
            super().__init__(path, FRAME_SKIP, space, **options)
        self.action_space = Box(-1.0, 1.0, (JOINTS,), np.float32)
        self._broken = broken
        self._wrist = self.model.body("r_wrist_roll_link").id
        self._goal, self._executed = np.zeros(3), np.zeros(JOINTS)

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Array, np.float64, bool, bool, dict[str, np.float64]]:
        executed = np.clip(np.asarray(action, dtype=float), -1.0, 1.0)
        if self._broken is not None:
            executed[self._broken] = 0.0
        self._executed = executed
        self.do_simulation(LIMIT * executed, self.frame_skip)
        distance = np.float64(np.linalg.norm(self._tip() - self._goal))
        reward = np.float64(-DISTANCE_COST * distance - EFFORT_COST * (executed @ executed))
        return self._observe(), reward, False, False, {"distance": distance}

    def reset_model(self) -> Array:
        velocity = self.np_random.uniform(-VELOCITY_NOISE, VELOCITY_NOISE, JOINTS)
        self._goal = self.np_random.uniform(GOAL_LOW, GOAL_HIGH)
        self._executed = np.zeros(JOINTS)
        self.set_state(self.init_qpos, self.init_qvel + velocity)  # type: ignore[no-untyped-call]
        return self._observe()

    def _tip(self) -> Array:
        rotation = self.data.xmat[self._wrist].reshape(3, 3)
        return np.asarray(self.data.xpos[self._wrist] + rotation @ np.array(TIP))

    def _observe(self) -> Array:
        return np.concatenate([self.data.qpos, self.data.qvel, self._tip(), self._goal, self._executed])
