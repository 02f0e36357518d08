"""Inside, outside or never varied: what the training domain says of a value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.trained_range import TrainedRange, trained_range
from sim.domains.parameters import PARAMETERS
from sim.domains.reader import load_domain, parse_domain
from sim.robots import load_robot


def the_range(text: str, parameter: str, component: str | None = None) -> tuple[float, float]:
    domain = parse_domain(f"engine: pybullet\nparameters:\n  {text}\n", "d")
    found = trained_range(domain, load_robot("a1"), parameter, component)
    return found.low, found.high


@pytest.mark.parametrize(
    ("text", "parameter", "component", "expected"),
    [
        ("ground_friction: {uniform: [0.4, 1.2]}", "ground_friction", None, (0.4, 1.2)),
        ("ground_friction: {uniform: [0.4, 1.2]}", "gravity", None, (9.81, 9.81)),
        ("base_mass_offset: 1.5", "base_mass_offset", None, (1.5, 1.5)),
        ("link_mass_scale: {normal: [1.0, 0.1]}", "link_mass_scale", None, (0.8, 1.2)),
        ("gravity: {uniform: [0.5, 2], operation: scale}", "gravity", None, (4.905, 19.62)),
        ("terrain_roughness: {curriculum: [0.0, 0.05]}", "terrain_roughness", None, (0.0, 0.05)),
        (
            "joint_strength: {FR_lower_joint: {uniform: [0.5, 1]}}",
            "joint_strength",
            "FR_lower_joint",
            (0.5, 1),
        ),
        ("joint_strength: {FR_lower_joint: {uniform: [0.5, 1]}}", "joint_strength", "FL_lower_joint", (1, 1)),
        ("joint_strength: {FR_lower_joint: {uniform: [0.5, 1]}}", "joint_strength", None, (1, 1)),
        ("joint_strength: {uniform: [0.5, 1.1]}", "joint_strength", "FR_lower_joint", (0.5, 1.1)),
        ("gyro_bias: {x: {uniform: [-0.1, 0.1]}}", "gyro_bias", "x", (-0.1, 0.1)),
    ],
)
def test_the_range_is_what_can_be_drawn(
    text: str, parameter: str, component: str | None, expected: tuple[float, float]
) -> None:
    assert the_range(text, parameter, component) == pytest.approx(expected)


def test_no_draw_leaves_it() -> None:
    robot, rng = load_robot("a1"), np.random.default_rng(0)
    domain = load_domain("legged-randomized")
    for name in {setting.parameter.name for setting in domain.settings}:
        values = np.array([np.atleast_1d(domain.draw(robot, rng)[name]) for _ in range(50)])
        components = PARAMETERS[name].components(tuple(joint.name for joint in robot.joints)) or (None,)
        for component, drawn in zip(components, values.T, strict=True):
            seen = trained_range(domain, robot, name, component)
            assert seen.low <= drawn.min()
            assert drawn.max() <= seen.high


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-9, 9))
def test_marks_follow_the_range(a: float, b: float, value: float) -> None:
    low, high = sorted((a, b))
    mark = TrainedRange(low, high).mark(value)
    if low == high:
        assert mark == "never randomized"
    elif low <= value <= high:
        assert mark == "inside"
    elif value < low - 1e-6 or value > high + 1e-6:
        assert mark == "outside"
