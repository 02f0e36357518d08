"""Sources and targets differ in what they are said to differ in, and in nothing else."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import TimeLimit

from contract.errors import UnknownNameError
from sim.shifts.pairs import PAIRS, pair_by_name
from sim.shifts.reacher import DISTANCE_COST, EFFORT_COST, GOAL_HIGH, GOAL_LOW, ReacherEnv

BROKEN = {"broken-reacher": 0, "broken-half-cheetah": 0, "broken-ant": 3}


def played(env: gymnasium.Env[Any, Any], actions: Any, seed: int = 3) -> list[Any]:
    observation, _ = env.reset(seed=seed)
    return [observation, *(env.step(action)[0] for action in actions)]


@pytest.mark.filterwarnings("ignore::UserWarning")  # observations without bounds, wrappers
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_every_environment_passes_gymnasium_s_checker(pair: Any) -> None:
    source, target = pair.source(), pair.target()
    for env in (source, target):
        assert np.array_equal(env.action_space.low, -np.ones(env.action_space.shape))
        assert np.array_equal(env.action_space.high, np.ones(env.action_space.shape))
        check_env(env, skip_render_check=True)
    assert source.observation_space.shape == target.observation_space.shape
    assert np.array_equal(source.reset(seed=5)[0], target.reset(seed=5)[0])
    for env in (source, target):
        assert env.spec is not None or isinstance(env, TimeLimit)  # an episode ends some time
        env.close()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_motor_does_nothing_and_the_others_work(name: str) -> None:
    pair, motor = pair_by_name(name), BROKEN[name]
    source, target = pair.source(), pair.target()
    size: Any = source.action_space.shape
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1.0, 1.0, (10, *size)).astype(np.float32)
    idle = actions.copy()
    idle[:, motor] = 0.0
    assert np.allclose(played(target, actions), played(source, idle))
    assert np.allclose(played(target, actions), played(target, idle))
    assert not np.allclose(played(source, actions), played(source, idle), atol=1e-2)
    source.close()
    target.close()


def test_the_reacher_is_told_what_its_motors_did_and_pays_for_distance_and_effort() -> None:
    env = ReacherEnv(broken=0)
    env.reset(seed=0)
    action = np.linspace(0.4, 1.0, 7).astype(np.float32)
    observation, reward, terminated, truncated, _ = env.step(action)
    tip, goal, executed = observation[14:17], observation[17:20], observation[20:]
    assert executed[0] == 0.0
    assert np.allclose(executed[1:], action[1:])
    cost = DISTANCE_COST * np.linalg.norm(tip - goal) + EFFORT_COST * np.sum(executed**2)
    assert reward == pytest.approx(-cost)
    assert not terminated
    assert not truncated
    env.close()


def test_the_reacher_s_tip_is_between_its_fingers_and_its_goals_in_their_box() -> None:
    env = ReacherEnv()
    goals = []
    for seed in range(50):
        observation, _ = env.reset(seed=seed)
        goals.append(observation[17:20])
    fingers = [env.data.geom(name).xpos for name in ("tip_arml", "tip_armr")]
    assert np.allclose(observation[14:17], np.mean(fingers, axis=0), atol=1e-6)
    assert (np.min(goals, axis=0) >= GOAL_LOW).all()
    assert (np.max(goals, axis=0) <= GOAL_HIGH).all()
    assert (np.ptp(goals, axis=0) > 0.8 * np.subtract(GOAL_HIGH, GOAL_LOW)).all()
    env.close()


def test_an_unknown_pair_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="broken-reacher"):
        pair_by_name("broken-reachr")
