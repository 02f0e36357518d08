"""Sources and targets differ in what they are said to differ in, and in nothing else."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from contract.errors import UnknownNameError
from sim.shifts.pairs import PAIRS, pair_by_name
from sim.shifts.reacher import DISTANCE_COST, EFFORT_COST, ReacherEnv

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
        action = np.zeros(env.action_space.shape, np.float32)
        assert any(any(env.step(action)[2:4]) for _ in range(1_000))  # an episode ends some time
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
    action = np.linspace(0.4, 2.0, 7).astype(np.float32)
    before = env.wrist()
    observation, reward, terminated, truncated, _ = env.step(action)
    executed = observation[14:]
    assert executed[0] == 0.0
    assert np.allclose(executed[1:], action[1:])
    cost = DISTANCE_COST * np.linalg.norm(before) + EFFORT_COST * np.sum(executed**2)
    assert reward == pytest.approx(-cost)
    assert not terminated
    assert not truncated
    env.close()


def test_the_reacher_starts_stretched_and_its_shoulder_turns_it_to_the_goal() -> None:
    """Shoulder at y = -0.6; the arm is 0.82 m long up to the wrist and points along x."""
    env = ReacherEnv()
    env.reset(seed=0)
    assert np.allclose(env.wrist(), [0.821, -0.6, 0.0], atol=1e-3)
    env.set_state(np.array([np.pi / 2, *np.zeros(6)]), np.zeros(7))  # type: ignore[no-untyped-call]
    assert np.allclose(env.wrist(), [0.0, 0.221, 0.0], atol=1e-3)
    env.close()


def test_an_unknown_pair_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="broken-reacher"):
        pair_by_name("broken-reachr")


def model(env: gymnasium.Env[Any, Any]) -> Any:
    return env.unwrapped.model  # type: ignore[attr-defined]


def differences(name: str) -> set[str]:
    """The physical fields of both models that differ."""
    pair = pair_by_name(name)
    source, target = pair.source(), pair.target()
    here, there = model(source), model(target)
    names = ("jnt_range", "geom_friction", "geom_size", "geom_pos", "body_pos", "body_mass", "actuator_gear")
    fields = {n for n in names if not np.allclose(getattr(here, n), getattr(there, n), rtol=1e-4, atol=1e-6)}
    if not np.allclose(here.opt.gravity, there.opt.gravity):
        fields.add("gravity")
    source.close()
    target.close()
    return fields


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("half-cheetah-gravity-0.5", {"gravity"}),
        ("ant-friction-2", {"geom_friction"}),
        ("walker2d-foot-medium", {"jnt_range"}),
        ("hopper-broken-hips", {"jnt_range"}),
        ("hopper-short-feet", {"geom_size", "geom_pos", "body_mass"}),
    ],
)
def test_an_edit_changes_what_it_says_and_nothing_else(name: str, fields: set[str]) -> None:
    assert differences(name) == fields


def test_edits_are_by_their_factor() -> None:
    def models(name: str) -> list[Any]:
        pair = pair_by_name(name)
        return [model(pair.source()), model(pair.target())]

    here, there = models("hopper-gravity-5")
    assert np.allclose(there.opt.gravity, 5.0 * here.opt.gravity)
    here, there = models("half-cheetah-friction-0.1")
    assert np.allclose(there.geom_friction, 0.1 * here.geom_friction)
    here, there = models("ant-ankle-hard")
    ankle = here.joint("ankle_3").id
    assert np.allclose(there.jnt_range[ankle], 0.2 * here.jnt_range[ankle])
    here, there = models("half-cheetah-no-thighs")
    assert np.allclose(there.body("bshin").pos, 0.1 * here.body("bshin").pos)
    for part in ("torso", "bshin", "bfoot", "ffoot"):  # what a thigh loses, nobody gains
        assert there.body(part).mass == pytest.approx(here.body(part).mass, rel=1e-3)
    assert there.body("bthigh").mass < 0.5 * here.body("bthigh").mass


def test_the_half_cheetah_may_run_either_way_but_not_through_the_wall() -> None:
    pair = pair_by_name("half-cheetah-obstacle")
    reached = []
    for env in (pair.source(), pair.target()):
        env.reset(seed=0)
        data = env.unwrapped.data  # type: ignore[attr-defined]
        data.qvel[0] = -8.0
        action = np.zeros(6, np.float32)
        _, reward, *_ = env.step(action)
        assert reward > 4.0
        for _ in range(60):
            env.step(action)
        reached.append(data.qpos[0])
        env.close()
    assert reached[0] < -2.5
    assert reached[1] > -2.0
