"""Every registered environment keeps Gymnasium's and SB3's rules, repeats itself and varies."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from sim.domains.domain import ENGINES
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.registration import ENVIRONMENTS, make, register

NOMINAL = {"pybullet": "nominal", "mujoco": "nominal-mujoco"}
STEPS = 40


@pytest.fixture(params=[(name, engine) for name in ENVIRONMENTS for engine in ENGINES], ids=str)
def env(request: pytest.FixtureRequest) -> Iterator[RobotEnv]:
    name, engine = request.param
    env = make(*ENVIRONMENTS[name], domain=NOMINAL[engine])
    yield env
    env.close()


def rollout(env: RobotEnv, seed: int, steps: int = STEPS) -> NDArray[np.float64]:
    """Observations and rewards (steps + 1, observation_size + 1) under random actions."""
    rng = np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    rows = [[*observation, 0.0]]
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = env.step(
            rng.uniform(-1.0, 1.0, env.action_space.shape).astype(np.float32)
        )
        rows.append([*observation, reward])
        if terminated or truncated:
            observation, _ = env.reset()
    return np.array(rows)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_made_by_gymnasium_they_pass_its_checker(name: str) -> None:
    register()
    register()
    env = gymnasium.make(name, domain="nominal")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # advice, not rules: the observation's bounds are the contract's clips, and nothing renders here
        warnings.filterwarnings("ignore", message=".*(not within the observation space|render).*")
        check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_they_pass_the_checker_of_stable_baselines(env: RobotEnv) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sb3_check_env(env, skip_render_check=True)


def test_the_same_seed_gives_the_same_trajectory_bit_by_bit(env: RobotEnv) -> None:
    twin = RobotEnv(env.robot_spec.name, env.task.name, env.robot.domain)
    assert np.array_equal(rollout(env, 3), rollout(twin, 3))
    twin.close()


def test_a_trajectory_does_not_depend_on_earlier_episodes(env: RobotEnv) -> None:
    first = rollout(env, 3)
    rollout(env, 4, steps=25)
    assert np.array_equal(first, rollout(env, 3))


def test_numbers_are_finite_and_within_the_space(env: RobotEnv) -> None:
    rows = rollout(env, 0, steps=120)
    assert np.isfinite(rows).all()
    assert all(env.observation_space.contains(row[:-1].astype(np.float32)) for row in rows)


def test_no_observation_is_constant(env: RobotEnv) -> None:
    rows = np.concatenate([rollout(env, seed) for seed in range(3)])
    spread = rows.std(axis=0)
    assert (spread > 1e-4).all(), f"constant entries: {np.flatnonzero(spread <= 1e-4)}"


def test_starts_and_commands_are_random(env: RobotEnv) -> None:
    starts = np.array([env.reset(seed=seed)[0] for seed in range(8)])
    joints = slice(*_columns(env, "joint_position"))
    assert (starts[:, joints].std(axis=0) > 0.01).all()
    commands = []
    for seed in range(8):
        env.reset(seed=seed)
        commands.append(env.command)
    assert (np.std(commands, axis=0) > 0.05).all()


def _columns(env: RobotEnv, source: str) -> tuple[int, int]:
    start = 0
    for term in env.contract.observation:
        stop = start + term.dimension * term.history
        if term.source == source:
            return start, stop
        start = stop
    raise AssertionError(source)


def test_an_episode_runs_its_time_and_reports_itself(env: RobotEnv) -> None:
    env.reset(seed=0)
    total, ticks, done, info = 0.0, 0, False, {}
    while not done:
        _, reward, terminated, truncated, info = env.step(np.zeros(env.action_space.shape, np.float32))
        total, ticks, done = total + reward, ticks + 1, terminated or truncated
    assert not terminated
    assert ticks == round(env.task.episode_seconds * env.task.control_rate)
    assert info["episode"] == {"r": pytest.approx(total), "l": ticks}
    assert info["success"] in (True, False)
    assert all(np.isfinite(value) for value in info["metrics"].values())


def test_drawn_parameters_are_in_info() -> None:
    env = make("a1", "velocity", "legged-randomized")
    parameters = env.reset(seed=5)[1]["parameters"]
    names, units, values = parameters["names"], parameters["units"], parameters["values"]
    assert len(names) == len(units) == len(values) == len(set(names))
    drawn = dict(zip(names, values, strict=True))
    assert 0.4 <= drawn["ground_friction"] <= 1.2
    assert units[names.index("action_latency")] == "s"
    strengths = [drawn[f"joint_strength/{joint}"] for joint in env.contract.joint_names]
    assert len(set(strengths)) == 12
    assert drawn["ground_friction"] == env.robot.drawn.scalar("ground_friction")
    again = env.reset(seed=5)[1]["parameters"]["values"]
    other = env.reset(seed=6)[1]["parameters"]["values"]
    assert np.array_equal(values, again)
    assert not np.array_equal(values, other)
    env.close()


def test_a_fallen_robot_ends_its_episode_as_a_failure() -> None:
    env = make("a1", "velocity", load_domain("nominal"))
    env.reset(seed=0)
    rng, terminated, info = np.random.default_rng(0), False, {}
    for _ in range(500):
        kick = np.sign(rng.uniform(-1, 1, 12)).astype(np.float32)
        _, _, terminated, truncated, info = env.step(kick)
        if terminated or truncated:
            break
    env.close()
    assert terminated
    assert not info["success"]


def test_whoever_steps_on_after_the_end_is_told_again() -> None:
    env = RobotEnv("iiwa", "reach", load_domain("nominal"))
    env.reset(seed=0)
    ends = [env.step(np.zeros(7, dtype=np.float32))[3] for _ in range(62)]
    env.close()
    assert ends == [False] * 59 + [True] * 3
