"""Operations, modes and correlations: what is drawn, from what, and when."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.domains.distributions import Fixed, LogUniform, Normal, Uniform
from sim.domains.domain import ENGINES, Domain
from sim.environment import RobotEnv
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

IIWA, A1 = load_robot("iiwa"), load_robot("a1")


def draws(domain: Domain, name: str, count: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.array([domain.draw(A1, rng)[name] for _ in range(count)])


@pytest.mark.parametrize(
    ("operation", "value", "expected"),
    [("set", 0.6, 0.6), ("scale", 0.5, 0.8 * 0.5), ("add", -0.3, 0.8 - 0.3)],
)
def test_operations_start_from_the_nominal_value(
    domain: Callable[..., Domain], operation: str, value: float, expected: float
) -> None:
    text = f"ground_friction: {{fixed: {value}, operation: {operation}}}"
    drawn = domain("pybullet", text).draw(A1, np.random.default_rng(0))
    assert drawn.scalar("ground_friction") == pytest.approx(expected)


def test_a_factor_on_what_the_robots_file_says(domain: Callable[..., Domain]) -> None:
    text = (
        "joint_armature: {uniform: [0.5, 2], operation: scale}, "
        "joint_damping: {lbr_iiwa_joint_2: {fixed: 1, operation: add}}"
    )
    drawn = domain("mujoco", text).draw(IIWA, np.random.default_rng(0))
    factor = drawn["joint_armature"] / IIWA.joint_armature
    assert ((factor >= 0.5) & (factor <= 2.0)).all()
    assert len(set(factor.round(6))) == 7
    assert np.allclose(drawn["joint_damping"] - IIWA.joint_damping, np.eye(7)[1])


def scores(values: np.ndarray) -> np.ndarray:
    """Ranks in [0, 1]."""
    return np.argsort(np.argsort(values, axis=0), axis=0) / len(values)


def test_joints_of_a_group_vary_together(domain: Callable[..., Domain]) -> None:
    """Each joint correlates by r with the common factor, so two joints by r²."""
    text = "joint_strength: {uniform: [0.7, 1.1], correlation: 0.9}"
    values = draws(domain("pybullet", text), "joint_strength")
    assert ((values >= 0.7) & (values <= 1.1)).all()
    assert np.allclose(values.mean(axis=0), 0.9, atol=0.01)
    assert np.allclose(values.std(axis=0), 0.4 / 12**0.5, rtol=0.05)
    spearman = np.corrcoef(scores(values).T)[np.triu_indices(12, 1)]
    assert np.allclose(spearman, 6 / np.pi * np.arcsin(0.81 / 2), atol=0.05)


@pytest.mark.parametrize(("first", "second"), [(1.0, 1.0), (1.0, -1.0), (0.8, -0.6)])
def test_parameters_of_a_group_vary_together(
    domain: Callable[..., Domain], first: float, second: float
) -> None:
    text = (
        f"ground_friction: {{uniform: [0.4, 1.2], group: ground, correlation: {first}}}, "
        f"ground_restitution: {{normal: [0.3, 0.1], group: ground, correlation: {second}}}, "
        "gravity: {uniform: [9, 10], group: other, correlation: 1}"
    )
    made, rng = domain("pybullet", text), np.random.default_rng(0)
    names = ("ground_friction", "ground_restitution", "gravity")
    values = np.array([[d.scalar(name) for name in names] for d in (made.draw(A1, rng) for _ in range(3000))])
    spearman = np.corrcoef(scores(values).T)
    assert spearman[0, 1] == pytest.approx(6 / np.pi * np.arcsin(first * second / 2), abs=0.05)
    assert np.abs(spearman[2, :2]).max() < 0.06


@given(
    st.sampled_from([Uniform(-1.0, 3.0), LogUniform(0.1, 5.0), Normal(2.0, 0.5), Fixed(1.0)]),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
)
def test_quantiles_rise_within_the_support(distribution: Uniform, first: float, second: float) -> None:
    low, high = distribution.support()
    a, b = sorted((distribution.quantile(first), distribution.quantile(second)))
    assert low - 1e-9 <= a <= b <= high + 1e-9
    assert distribution.quantile(min(first, second)) == a


@pytest.mark.parametrize("distribution", [Uniform(-1.0, 3.0), LogUniform(0.1, 5.0), Normal(2.0, 0.5)])
def test_quantiles_are_those_of_the_draws(distribution: Uniform) -> None:
    rng = np.random.default_rng(0)
    sample = np.sort([distribution.draw(rng) for _ in range(20_000)])
    for probability in (0.1, 0.5, 0.9):
        below = np.searchsorted(sample, distribution.quantile(probability)) / len(sample)
        assert below == pytest.approx(probability, abs=0.015)


@pytest.mark.parametrize("engine", ENGINES)
class TestModes:
    PARAMETERS = (
        "link_mass_scale: {uniform: [0.8, 1.2], mode: startup}, "
        "ground_friction: {uniform: [0.4, 1.2]}, "
        "joint_strength: {uniform: [0.5, 1], mode: interval, every: 0.1}"
    )

    def test_startup_lasts_for_the_robots_life(self, simulate: Simulate, engine: str) -> None:
        robot = simulate("a1", engine, self.PARAMETERS)
        first = robot.drawn
        for _ in range(3):
            robot.reset()
            assert robot.drawn.scalar("link_mass_scale") == first.scalar("link_mass_scale")
            assert robot.drawn.scalar("ground_friction") != first.scalar("ground_friction")

    def test_a_new_seed_is_a_new_life(self, simulate: Simulate, engine: str) -> None:
        robot = simulate("a1", engine, self.PARAMETERS)
        drawn = []
        for seed in (1, 2, 1):
            robot.reseed(np.random.default_rng(seed))
            robot.reset()
            drawn.append(robot.drawn.scalar("link_mass_scale"))
        assert drawn[0] == drawn[2] != drawn[1]

    def test_intervals_change_within_an_episode(self, simulate: Simulate, engine: str) -> None:
        robot = simulate("a1", engine, self.PARAMETERS)
        robot.step(7)
        robot.reset()
        strengths, frictions = [], set()
        for _ in range(121):
            robot.step(1)
            strengths.append(robot.drawn["joint_strength"][0])
            frictions.add(robot.drawn.scalar("ground_friction"))
        changes = 1 + np.flatnonzero(np.diff(strengths))
        assert np.array_equal(changes, [40, 80, 120])
        assert len(frictions) == 1

    def test_a_change_within_an_episode_leaves_the_motion_alone(
        self, simulate: Simulate, engine: str
    ) -> None:
        """A parameter drawn anew to the same value changes nothing."""
        ends = []
        for mode in ("", ", mode: interval, every: 0.05"):
            robot = simulate(
                "a1", engine, f"link_mass_scale: {{fixed: 1.2{mode}}}, start_velocity: {{x: 0.5}}"
            )
            robot.step(200)
            ends.append((*robot.pose(), robot.torque))
        for plain, redrawn in zip(*ends, strict=True):
            assert np.allclose(plain, redrawn, atol=1e-9)

    def test_a_change_within_an_episode_acts_at_once(self, simulate: Simulate, engine: str) -> None:
        robot = simulate("iiwa", engine, "gravity: {uniform: [5, 15], mode: interval, every: 10}")
        robot.step(3999)
        settled, before = robot.sense().joint_position, robot.drawn.scalar("gravity")
        robot.step(2)
        assert robot.drawn.scalar("gravity") != before
        robot.step(3900)
        assert np.abs(robot.sense().joint_position - settled).max() > 0.005

    def test_info_tells_of_the_change(self, domain: Callable[..., Domain], engine: str) -> None:
        env = RobotEnv("a1", "velocity", domain(engine, self.PARAMETERS))
        _, info = env.reset(seed=0)
        seen = [info["parameters"]["values"]]
        told = []
        for tick in range(12):
            info = env.step(np.zeros(12, np.float32))[-1]
            if "parameters" in info:
                told.append(tick)
                seen.append(info["parameters"]["values"])
        assert told == [5, 10]  # 0.1 s are five ticks, and the change is the next one's
        assert not np.array_equal(seen[0], seen[1])
        env.close()
