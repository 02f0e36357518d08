"""A curriculum starts easily, becomes harder with success, and is at its hardest in evaluations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from contract.errors import DomainError
from sim.domains.domain import ENGINES, Domain
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.registration import make
from sim.robots import load_robot
from sim.vector.spec import EnvironmentSpec, StepArrays
from sim.vector.worker import WorkerEnvironments

LATE = "action_latency: {curriculum: [0.01, 0.05]}, ground_friction: {uniform: [0.5, 1]}"


@pytest.fixture
def env(domain: Callable[..., Domain]) -> Iterator[RobotEnv]:
    env = RobotEnv("iiwa", "reach", domain("mujoco", LATE), curriculum=True)
    yield env
    env.close()


def episode(env: RobotEnv, succeed: bool) -> dict[str, Any]:
    """Hold the tool where it is, which is the target or far from it; the last step's info."""
    away = np.zeros(3) if succeed else np.array([0.0, 0.0, 0.5])
    env.command = env.robot.tool_position() + away
    done, info = False, {}
    while not done:
        _, _, terminated, truncated, info = env.step(np.zeros(7, np.float32))
        done = terminated or truncated
    assert info["success"] == succeed
    return info


def latency(info: dict[str, Any]) -> float:
    parameters = info["parameters"]
    return float(parameters["values"][parameters["names"].index("action_latency")])


def test_the_level_rises_with_success_and_falls_with_failure(env: RobotEnv) -> None:
    levels = [env.reset(seed=0)[1]["curriculum_level"]]
    for succeed in (True, True, True, False, True, False, False, False, False):
        assert episode(env, succeed)["curriculum_level"] == levels[-1]  # what it was played at
        info = env.reset()[1]
        levels.append(info["curriculum_level"])
        assert 0.01 <= latency(info) <= 0.01 + 0.04 * levels[-1]
    assert levels == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.2, 0.3, 0.2, 0.1, 0.0, 0.0])


def test_it_ends_at_one(env: RobotEnv) -> None:
    env.reset(seed=0)
    for _ in range(12):
        env.curriculum.judge(True)
    info = env.reset()[1]
    assert info["curriculum_level"] == 1.0
    assert 0.01 < latency(info) <= 0.05


def test_an_episode_that_was_given_up_changes_nothing(env: RobotEnv) -> None:
    env.reset(seed=0)
    episode(env, True)
    env.reset()
    env.step(np.zeros(7, np.float32))
    assert env.reset()[1]["curriculum_level"] == 0.1


def test_a_seed_begins_anew(env: RobotEnv) -> None:
    first = env.reset(seed=3)[1]
    episode(env, True)
    again = env.reset(seed=3)[1]
    assert again["curriculum_level"] == 0.0
    assert np.array_equal(first["parameters"]["values"], again["parameters"]["values"])


def test_an_evaluation_is_at_the_hardest_level(domain: Callable[..., Domain]) -> None:
    env = make("iiwa", "reach", domain("mujoco", LATE))
    latencies = []
    for seed in range(20):
        info = env.reset(seed=seed)[1]
        assert info["curriculum_level"] == 1.0
        latencies.append(latency(info))
    episode(env, False)
    assert env.reset()[1]["curriculum_level"] == 1.0
    env.close()
    assert max(latencies) > 0.04


def test_a_domain_without_one_has_no_level(domain: Callable[..., Domain]) -> None:
    env = RobotEnv("iiwa", "reach", domain("mujoco", "ground_friction: 0.5"), curriculum=True)
    assert "curriculum_level" not in env.reset(seed=0)[1]
    assert "curriculum_level" not in episode(env, True)
    env.close()


def test_a_draw_is_a_function_of_generator_and_level(domain: Callable[..., Domain]) -> None:
    robot, late = load_robot("iiwa"), domain("mujoco", LATE)
    draws = [late.draw(robot, np.random.default_rng(5), level) for level in (0.0, 0.5, 0.5, 1.0)]
    frictions = {draw.scalar("ground_friction") for draw in draws}
    easy, half, same, hard = (draw.scalar("action_latency") - 0.01 for draw in draws)
    assert len(frictions) == 1
    assert easy == 0.0
    assert half == same == pytest.approx(hard / 2)
    assert hard > 0.0


def test_a_correlated_curriculum_keeps_to_its_level(domain: Callable[..., Domain]) -> None:
    weak = domain("mujoco", "joint_strength: {curriculum: [1, 0.5], correlation: 0.9}")
    rng, robot = np.random.default_rng(0), load_robot("iiwa")
    strengths = np.array([weak.draw(robot, rng, 0.4)["joint_strength"] for _ in range(100)])
    assert 0.8 <= strengths.min() < 0.82
    assert 0.98 < strengths.max() <= 1.0
    assert np.corrcoef(strengths.T).min() > 0.6


@pytest.mark.parametrize("engine", ENGINES)
def test_workers_train_from_the_easiest_level_on(domain: Callable[..., Domain], engine: str) -> None:
    spec = EnvironmentSpec("a1", "velocity", domain(engine, "terrain_roughness: {curriculum: [0, 0.05]}"))
    probe = RobotEnv(spec.robot, spec.task, spec.domain)
    sizes = StepArrays.sizes(2, probe.contract.observation_size, 12)
    assert probe.reset(seed=0)[1]["curriculum_level"] == 1.0
    assert probe.robot.terrain is not None
    assert probe.robot.terrain[60:130, 60:130].std() > 0.001
    worker = WorkerEnvironments(
        spec, [0, 1], StepArrays(**{name: np.zeros(shape, kind) for name, (kind, shape) in sizes.items()}), 0
    )
    batch = worker.batch
    for robot, curriculum in zip(batch.robots, batch.curricula, strict=True):
        assert curriculum.level == 0.0
        assert robot.terrain is not None
        assert not robot.terrain[60:130, 60:130].any()
    batch.close()
    probe.close()


def test_the_shipped_rough_domain_is_a_curriculum() -> None:
    rough, level = load_domain("legged-rough"), load_domain("legged-randomized")
    assert rough.has_curriculum
    assert not level.has_curriculum
    same = {s.parameter.name: s.distribution for s in level.settings}
    assert same.items() <= {s.parameter.name: s.distribution for s in rough.settings}.items()


def test_terrain_needs_legs(domain: Callable[..., Domain]) -> None:
    with pytest.raises(DomainError, match=r"terrain_roughness needs a floating base, which iiwa lacks"):
        domain("mujoco", "terrain_roughness: 0.01").check(load_robot("iiwa"))
