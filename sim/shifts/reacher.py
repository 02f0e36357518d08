"""The 7-DoF reacher of DARC (Eysenbach et al. 2021, arXiv:2006.13916), on the arm of Gymnasium's pusher.

As in the authors' code (google-research/darc/reacher_7dof.py): torques of up to 2 N·m move the arm without
gravity, and its wrist is to be at the world's origin, to the left of the shoulder. An episode has 100 steps,
r = -0.5 distance - 0.1 |a|² with a in N·m and the distance before the step. What the motors really did is
part of the observation: without it a source where all work could not look like a target where one does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from gymnasium.spaces import Box
from numpy.typing import NDArray

from contract.state import Array
from sim.engines.mujoco_library import mujoco
from sim.shifts.model_file import edited_model

Outcome = tuple[Array, np.float64, bool, bool, dict[str, np.float64]]
JOINTS = 7
FRAME_SKIP = 5  # of 10 ms
DISTANCE_COST, EFFORT_COST = 0.5, 0.1
VELOCITY_NOISE = 0.005  # rad/s, at the start


def only_the_arm(spec: mujoco.MjSpec) -> None:
    """Take object and goal out of the pusher's model, and let nothing collide."""
    for name in ("object", "goal"):
        spec.delete(spec.body(name))
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0


class ReacherEnv(MujocoEnv):
    """Joint positions (7,) rad and velocities (7,) rad/s, executed action (7,) N·m."""

    metadata: dict[str, Any] = {  # noqa: RUF012, Gymnasium declares it so
        "render_modes": ["human", "rgb_array", "depth_array", "rgbd_tuple"],
        "render_fps": 20,
    }

    def __init__(self, broken: int | None = None, **options: Any) -> None:
        space = Box(-np.inf, np.inf, (3 * JOINTS,), np.float64)
        super().__init__(edited_model("pusher_v5.xml", only_the_arm), FRAME_SKIP, space, **options)
        self._broken = broken
        self._executed = np.zeros(JOINTS)

    def step(self, action: NDArray[np.float32]) -> Outcome:
        executed = np.array(action, dtype=float)
        if self._broken is not None:
            executed[self._broken] = 0.0
        self._executed = executed
        distance = np.float64(np.linalg.norm(self.wrist()))
        self.do_simulation(executed, self.frame_skip)
        reward = np.float64(-DISTANCE_COST * distance - EFFORT_COST * (executed @ executed))
        return self._observe(), reward, False, False, {"distance": distance}

    def reset_model(self) -> Array:
        velocity = self.np_random.uniform(-VELOCITY_NOISE, VELOCITY_NOISE, JOINTS)
        self._executed = np.zeros(JOINTS)
        self.set_state(self.init_qpos, self.init_qvel + velocity)  # type: ignore[no-untyped-call]
        return self._observe()

    def wrist(self) -> Array:
        """Position (3,) m in the world."""
        return np.array(self.data.body("tips_arm").xpos)

    def _observe(self) -> Array:
        return np.concatenate([self.data.qpos, self.data.qvel, self._executed])
