"""The one environment class: a robot, a task and a domain, as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from contract.session import PolicySession
from contract.state import Array
from sim.contracts import build_contract, unnamed_identity
from sim.domains.domain import Domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot
from sim.tasks import make_task
from sim.tasks.base import Step

Observation = NDArray[np.float32]


class RobotEnv(gymnasium.Env[Observation, Observation]):
    """Composed of names, so that a worker process can build it from plain strings.

    Observation: the contract's, (observation_size,) float32. Action: (joints,) in [-1, 1],
    times the contract's scale in radians.

    `info` of a reset carries the drawn domain parameters: `parameters` with names, units and
    values, and so does that of a step within which some were drawn anew. `info` of an episode's
    last step carries `success`, the return and length as `episode`, and the task's mean `metrics`.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012, Gymnasium declares it so

    def __init__(self, robot: str, task: str, domain: Domain) -> None:
        self.robot_spec = load_robot(robot)
        self.task = make_task(task, self.robot_spec)
        self.contract = build_contract(self.task, unnamed_identity(self.task))
        self.robot = SimulatedRobot(self.robot_spec, domain, scene=self.task.scene)
        self.session = PolicySession(self.contract)
        n = len(self.robot_spec.joints)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (n,), np.float32)
        bounds = np.concatenate(
            [np.full(t.dimension * t.history, t.clip, np.float32) for t in self.contract.observation]
        )
        self.observation_space = gymnasium.spaces.Box(-bounds, bounds, dtype=np.float32)
        self._scale = np.array(self.contract.action.scale)
        self._substeps = round(1.0 / (self.task.control_rate * self.robot_spec.time_step))
        self._episode_ticks = round(self.task.episode_seconds * self.task.control_rate)
        self._command_ticks = round(self.task.command_seconds * self.task.control_rate)
        self._previous_action = np.zeros(n)
        self.command: Array = np.array(self.contract.command.neutral)
        self.tick = 0
        self.episode_return = 0.0
        self._history: dict[str, list[float]] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self.robot.reseed(self.np_random)
        self.robot.reset(self.task.initial_position(self.np_random))
        self.session.reset()
        self.command = self.task.sample_command(self.np_random)
        self._previous_action[:] = 0.0
        self.tick = 0
        self.episode_return = 0.0
        self._history = {}
        observation = self.session.observe(self.robot.sense(), self.command).copy()
        return observation, {"parameters": self._drawn()}

    def _drawn(self) -> dict[str, Any]:
        names, units, values = self.robot.drawn.as_vector(self.contract.joint_names)
        return {"names": names, "units": units, "values": values}

    def step(self, action: Observation) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        normalised = np.minimum(np.maximum(np.asarray(action, dtype=np.float64), -1.0), 1.0)
        self.robot.command(self.session.act(normalised * self._scale))
        drawn = self.robot.drawn
        self.robot.step(self._substeps)
        step = self._step_view(normalised)
        reward, terminated = self.task.reward(step), self.task.terminated(step)
        for name, value in self.task.measure(step).items():
            self._history.setdefault(name, []).append(value)
        self._previous_action = normalised
        self.tick += 1
        self.episode_return += reward
        truncated = self.tick >= self._episode_ticks and not terminated
        if self.tick % self._command_ticks == 0 and not truncated:
            self.command = self.task.sample_command(self.np_random)
        observation = self.session.observe(step.state, self.command).copy()
        info = self._episode_info(terminated) if terminated or truncated else {}
        if self.robot.drawn is not drawn:
            info["parameters"] = self._drawn()
        return observation, reward, terminated, truncated, info

    def _step_view(self, normalised: Array) -> Step:
        tool = self.robot.tool_position() if self.robot_spec.tool else None
        truth = self.robot.truth() if self.task.reward_needs_truth else None
        return Step(self.robot.sense(), self.command, normalised, self._previous_action, tool, truth)

    def _episode_info(self, terminated: bool) -> dict[str, Any]:
        return {
            "success": self.task.success(self._history, terminated),
            "episode": {"r": self.episode_return, "l": self.tick},
            "metrics": {name: float(np.mean(values)) for name, values in self._history.items()},
        }

    def close(self) -> None:
        self.robot.close()
