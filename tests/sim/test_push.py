"""The push task can be done: an arm steered by hand does it, from what the contract lets a policy know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from contract.kinematics import ForwardKinematics
from contract.state import Array
from sim.domains.domain import ENGINES, Domain
from sim.environment import RobotEnv
from sim.registration import ROBOTS_OF
from sim.robots import load_robot
from sim.tasks.push import BEHIND, STEP, Push

EPISODES = 5
DOWN = np.array([0.0, 0.0, -1.0])


class Hand:
    """Steers the tool by its Jacobian: over and behind the puck, down, and on towards the target."""

    def __init__(self, env: RobotEnv) -> None:
        assert env.robot_spec.kinematics is not None
        chain = env.robot_spec.kinematics
        self._tool = ForwardKinematics(chain)
        x, y, z = chain.tool
        self._tip = ForwardKinematics(replace(chain, tool=(x, y, z + 0.1)))
        self.lowered = False

    def action(self, position: Array, puck: Array, target: Array) -> Array:
        """(n,) in [-1, 1] for joints (n,) rad, the puck (3,) m and the target (2,) m."""
        pose = self._pose(position)
        nudges = 1e-6 * np.eye(len(position))
        jacobian = np.array([self._pose(position + nudge) - pose for nudge in nudges]).T / 1e-6
        wanted = np.concatenate([self._where(pose[:3], puck, target), 0.1 * DOWN])
        # damped least squares, gentle about the direction of the tool
        weight = np.diag([1.0, 1.0, 1.0, 0.6, 0.6, 0.6])
        error = np.clip(weight @ (wanted - pose), -0.05, 0.05)
        jacobian = weight @ jacobian
        step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + 1e-3 * np.eye(6), error)
        action = 1.5 * step / STEP
        return np.asarray(action / max(1.0, float(np.abs(action).max())))

    def _pose(self, position: Array) -> Array:
        tool = self._tool.tool_position(position)
        return np.concatenate([tool, self._tip.tool_position(position) - tool])

    def _where(self, tool: Array, puck: Array, target: Array) -> Array:
        """Where the tool (3,) m should go next."""
        gap = target - puck[:2]
        far = float(np.linalg.norm(gap))
        if far < 0.02:
            return tool
        ahead, aside = gap / far, tool[:2] - puck[:2]
        behind = puck[:2] - (BEHIND + 0.03) * ahead
        across = aside - (aside @ ahead) * ahead
        if self.lowered and (aside @ ahead > 0.0 or np.linalg.norm(across) > 0.04):
            self.lowered = False  # lost it
        if self.lowered:
            return np.array([*(tool[:2] + min(0.04, 0.3 * far + 0.01) * ahead - 1.5 * across), 0.04])
        over = np.linalg.norm(tool[:2] - behind) < 0.02
        self.lowered = bool(over and tool[2] < 0.06)
        if not over and tool[2] < 0.11:
            return np.array([*tool[:2], 0.16])
        return np.array([*behind, 0.04 if over else 0.13])


def episode(env: RobotEnv, seed: int, steered: bool) -> tuple[float, bool]:
    """Return and success of one episode, steered or standing still."""
    env.reset(seed=seed)
    hand, done, info = Hand(env), False, {}
    state = env.robot.sense()
    while not done:
        action = np.zeros(len(state.joint_position))
        if steered:
            assert state.object_position is not None
            action = hand.action(state.joint_position, state.object_position, env.command)
        _, _, terminated, done, info = env.step(action.astype(np.float32))
        assert not terminated
        state = env.robot.sense()
    return float(info["episode"]["r"]), bool(info["success"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ROBOTS_OF["push"])
def test_an_arm_steered_by_hand_brings_the_puck_to_its_target(name: str, engine: str) -> None:
    env = RobotEnv(name, "push", Domain(engine))
    steered = [episode(env, seed, True) for seed in range(EPISODES)]
    idle = [episode(env, seed, False) for seed in range(EPISODES)]
    env.close()
    assert sum(success for _, success in steered) == EPISODES
    assert sum(success for _, success in idle) == 0
    assert np.mean([value for value, _ in steered]) > np.mean([value for value, _ in idle]) + 15.0


def test_robots_that_cannot_push_are_refused() -> None:
    with pytest.raises(TerrafirmaError, match="'push' needs a robot with a tool; a1 has none"):
        Push(load_robot("a1"))
    with pytest.raises(UnknownNameError, match=r"unknown robot 'reacher7'.*Valid: iiwa, panda"):
        Push(load_robot("reacher7"))
