"""One robot, a task and a domain as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from contract.record import Contract
from contract.state import Array
from sim.curriculum import Curriculum
from sim.domains.domain import Domain
from sim.environment_batch import EnvironmentBatch

Observation = NDArray[np.float32]


class RobotEnv(gymnasium.Env[Observation, Observation]):
    """Composed of names, so that a worker process can build it from plain strings.

    Observation: the contract's, (observation_size,) float32. Action: (joints,) in [-1, 1],
    times the contract's scale in radians.

    `info` of a reset carries the drawn domain parameters: `parameters` with names, units and
    values, and so does that of a step within which some were drawn anew. `info` of an episode's
    last step carries `success`, the return and length as `episode`, and the task's mean `metrics`.

    With `curriculum` the level of a domain's curricula starts at 0 and follows success; a reset with a
    seed begins anew. Otherwise it is 1, as evaluations want it. `info` of a reset and of an episode's last
    step has it as `curriculum_level`, where the domain has a curriculum.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012, Gymnasium declares it so

    def __init__(self, robot: str, task: str, domain: Domain, curriculum: bool = False) -> None:
        self._batch = EnvironmentBatch(robot, task, domain, 1, curriculum)
        self.robot_spec, self.task, self.contract = (
            self._batch.robot_spec,
            self._batch.task,
            self._batch.contract,
        )
        self.robot = self._batch.robots[0]
        self.observation_space, self.action_space = spaces(self.contract)

    @property
    def curriculum(self) -> Curriculum:
        """How far the domain's curricula have got."""
        return self._batch.curricula[0]

    @property
    def command(self) -> Array:
        """What the task asks for now, (k,)."""
        return np.array(self._batch.command[0])

    @command.setter
    def command(self, command: Array) -> None:
        self._batch.command[0] = command

    @property
    def episode_return(self) -> float:
        """Sum of the episode's rewards so far."""
        return float(self._batch.episode_return[0])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self._batch.reset(0, self.np_random, anew=seed is not None)
        info: dict[str, Any] = {"parameters": self._batch.drawn(0)} | self._batch.level(0)
        return self._batch.observation[0].copy(), info

    def step(self, action: Observation) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        batch, drawn = self._batch, self.robot.drawn
        batch.step(np.asarray(action)[None])
        terminated, truncated = bool(batch.terminated[0]), bool(batch.truncated[0])
        info = batch.finish(0) if terminated or truncated else {}
        if self.robot.drawn is not drawn:
            info["parameters"] = batch.drawn(0)
        return batch.observation[0].copy(), float(batch.reward[0]), terminated, truncated, info

    def close(self) -> None:
        self._batch.close()


def spaces(contract: Contract, privileged: int = 0) -> tuple[Any, Any]:
    """Observation and action space, Gymnasium's boxes, of a contract's environments.

    `privileged` numbers without bounds stand behind the contract's observation.
    """
    bounds = np.concatenate(
        [
            *(np.full(t.dimension * t.history, t.clip, np.float32) for t in contract.observation),
            np.full(privileged, np.inf, np.float32),
        ]
    )
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (len(contract.joints),), np.float32)
    return gymnasium.spaces.Box(-bounds, bounds, dtype=np.float32), action_space
