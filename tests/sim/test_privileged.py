"""What only a simulator knows: the right numbers, in a fixed order, beside the contract's observation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from sim.domains.domain import Domain
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.environment_batch import EnvironmentBatch
from sim.privileged import privileged_names
from sim.robots import load_robot
from sim.vector.shared_memory import SharedMemoryVecEnv
from sim.vector.spec import EnvironmentSpec

A1 = load_robot("a1")
JOINTS = [joint.name for joint in A1.joints]
MOTION = ["base_linear_velocity/x", "base_linear_velocity/y", "base_linear_velocity/z", "base_height"]
ROWS = 3
Batch = Callable[..., EnvironmentBatch]


@pytest.fixture
def batch() -> Iterator[Batch]:
    """`ROWS` robots whose episodes have begun: (domain, robot, task, privileged)."""
    made = []

    def batch(
        domain: Domain, robot: str = "a1", task: str = "velocity", privileged: bool = True
    ) -> EnvironmentBatch:
        made.append(EnvironmentBatch(robot, task, domain, ROWS, privileged=privileged))
        for row in range(ROWS):
            made[-1].reset(row, np.random.default_rng(row), anew=True)
        return made[-1]

    yield batch
    for one in made:
        one.close()


def actions(batch: EnvironmentBatch, ticks: int) -> np.ndarray:
    shape = (ticks, ROWS, len(batch.contract.joints))
    return np.random.default_rng(7).uniform(-1.0, 1.0, shape).astype(np.float32)


@pytest.mark.parametrize("engine", ["pybullet", "mujoco"])
def test_names_say_what_the_numbers_are(batch: Batch, domain: Callable[..., Domain], engine: str) -> None:
    ranges = "base_mass_offset: {uniform: [-0.5, 2]}, joint_strength: {uniform: [0.8, 1.1]}, gravity: 9.7"
    some = batch(domain(engine, ranges))
    feet = [f"foot_contact/{foot}" for foot in A1.feet]
    strengths = [f"joint_strength/{name}" for name in JOINTS]
    assert list(some.privileged_names) == [*MOTION, *feet, "base_mass_offset", *strengths]
    touched = []
    for action in actions(some, 30):
        some.step(action)
        for row, robot in enumerate(some.robots):
            known = dict(zip(some.privileged_names, some.privileged[row].tolist(), strict=True))
            truth = robot.truth()
            velocity = [known[name] for name in MOTION[:3]]
            assert velocity == pytest.approx(truth.base_linear_velocity.tolist(), abs=1e-6)
            assert known["base_height"] == pytest.approx(float(truth.base_height), abs=1e-6)
            touched.append([known[name] for name in feet])
            assert touched[-1] == robot.foot_contacts().tolist()
            mass, strength = robot.drawn.scalar("base_mass_offset"), robot.drawn["joint_strength"]
            assert known["base_mass_offset"] == pytest.approx((mass - 0.75) / 1.25, abs=1e-6)
            scaled = [known[name] for name in strengths]
            assert scaled == pytest.approx(((strength - 0.95) / 0.15).tolist(), abs=1e-5)
    assert 0.05 < np.mean(touched) < 0.95  # feet that touch, and feet that do not


def test_the_first_numbers_of_an_episode_are_its_own(batch: Batch, domain: Callable[..., Domain]) -> None:
    some = batch(domain("pybullet", "base_mass_offset: {uniform: [0, 2]}, start_velocity: {x: 0.5}"))
    masses = some.privileged[:, -1].copy()
    assert len(set(masses.tolist())) == ROWS
    np.testing.assert_allclose(some.privileged[:, 0], 0.5, atol=1e-6)
    for action in actions(some, 20):
        some.step(action)
    kept = some.everything[1:].copy()
    some.reset(0, np.random.default_rng(9), anew=False)
    assert some.privileged[0, -1] != masses[0]
    assert some.privileged[0, 0] == pytest.approx(0.5, abs=1e-6)
    assert not some.privileged[0, 4:8].any()  # the last episode's contacts are not this one's
    assert np.array_equal(some.everything[1:], kept)  # the others' episodes go on


def test_what_is_drawn_within_an_episode_is_told_at_once(batch: Batch, domain: Callable[..., Domain]) -> None:
    some = batch(domain("pybullet", "gravity: {uniform: [9, 10], mode: interval, every: 0.1}"))
    seen = []
    for action in actions(some, 12):
        some.step(action)
        seen.append(some.privileged[0, -1])
        drawn = some.robots[0].drawn.scalar("gravity")
        assert seen[-1] == pytest.approx(2.0 * (drawn - 9.0) - 1.0, abs=1e-5)
    assert len(set(seen)) == 3


def test_the_last_setting_of_a_component_gives_its_range(domain: Callable[..., Domain]) -> None:
    first, second = JOINTS[0], JOINTS[1]
    ranges = f"joint_damping: {{{first}: {{uniform: [0, 0.1]}}}}, joint_strength: {{{second}: 0.5}}"
    names = privileged_names(A1, domain("pybullet", ranges))
    assert list(names[len(MOTION) + len(A1.feet) :]) == [f"joint_damping/{first}"]


def test_an_arm_s_base_says_nothing_and_neither_does_a_domain_that_never_varies(
    batch: Batch, domain: Callable[..., Domain]
) -> None:
    arm = load_robot("iiwa")
    assert privileged_names(arm, load_domain("nominal")) == ()
    some = batch(domain("pybullet", "joint_damping: {uniform: [0, 1]}"), "iiwa", "reach")
    assert [name.partition("/")[0] for name in some.privileged_names] == ["joint_damping"] * 7
    some.step(actions(some, 1)[0])
    assert (np.abs(some.privileged) <= 1.0).all()
    assert (np.abs(some.privileged) > 0.0).all()


@pytest.mark.parametrize("name", ["legged-randomized", "legged-rough"])
def test_who_does_not_ask_gets_what_there_was_before(batch: Batch, name: str) -> None:
    """Telling changes nothing about the episode; and the contract never grows."""
    told, plain = batch(load_domain(name)), batch(load_domain(name), privileged=False)
    assert told.contract == plain.contract
    assert plain.privileged_names == ()
    assert plain.everything.shape == plain.observation.shape == (ROWS, told.contract.observation_size)
    assert np.shares_memory(plain.everything, plain.observation)
    for action in actions(told, 15):
        told.step(action)
        plain.step(action)
        assert np.array_equal(told.observation, plain.observation)
        assert np.array_equal(told.reward, plain.reward)
        assert np.array_equal(told.everything, np.hstack([plain.observation, told.privileged]))
    env = RobotEnv("a1", "velocity", load_domain(name))
    assert env.observation_space.shape == (env.contract.observation_size,)
    env.close()


def test_it_travels_through_shared_memory(domain: Callable[..., Domain]) -> None:
    varied = domain("pybullet", "joint_damping: {uniform: [0, 1]}")
    plain, told = (EnvironmentSpec("iiwa", "reach", varied, privileged=asked) for asked in (False, True))
    envs = [SharedMemoryVecEnv(spec, 2, workers, 4) for spec, workers in ((plain, 1), (told, 1), (told, 2))]
    try:
        size = envs[0].contract.observation_size
        assert [env.observation_space.shape for env in envs] == [(size,), (size + 7,), (size + 7,)]
        assert envs[0].privileged_names == ()
        assert envs[1].privileged_names == privileged_names(load_robot("iiwa"), varied)
        before, one, two = (env.reset() for env in envs)
        for action in np.random.default_rng(0).uniform(-1, 1, (70, 2, 7)).astype(np.float32):
            assert np.array_equal(before, one[:, :size])
            assert np.array_equal(one, two)
            last = one
            (before, _, _, _), (one, _, dones, infos), (two, _, _, _) = (env.step(action) for env in envs)
            for row in np.flatnonzero(dones):
                terminal = infos[row]["terminal_observation"]
                assert np.array_equal(terminal[size:], last[row, size:])  # of the episode that has ended
                assert not np.array_equal(terminal[size:], one[row, size:])
    finally:
        for env in envs:
            env.close()
