"""A sweep says what a domain file could say, at every one of its values, and changes nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contract.errors import DomainError, TerrafirmaError
from policies.sweep import parse_sweep, spaced
from sim.domains.domain import Domain
from sim.domains.parameters import PARAMETERS
from sim.domains.reader import load_domain, parse_domain
from sim.robots import load_robot

NUMBERS = st.floats(-1e3, 1e3, allow_subnormal=False)


@given(st.sampled_from(sorted(PARAMETERS)), NUMBERS, NUMBERS, st.integers(2, 60))
def test_values_go_evenly_from_low_to_high(name: str, low: float, high: float, count: int) -> None:
    assume(high - low > 1e-6)
    sweep = parse_sweep(f"{name}={low!r}:{high!r}:{count}")
    assert (sweep.name, sweep.component, len(sweep.values)) == (name, None, count)
    assert (sweep.values[0], sweep.values[-1]) == (low, high)
    steps = np.diff(sweep.values)
    assert (steps > 0.0).all()
    np.testing.assert_allclose(steps, (high - low) / (count - 1), rtol=1e-3, atol=3e-12)


def test_values_have_no_digits_of_rounding() -> None:
    assert parse_sweep("ground_friction=0.2:1.6:8").values == (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6)
    assert parse_sweep("base_mass_offset=-2:6:9").values == tuple(range(-2, 7))


@given(st.text(max_size=40))
def test_any_other_text_is_refused_in_words(text: str) -> None:
    assume("=" not in text or text.partition("=")[0].partition("/")[0] not in PARAMETERS)
    with pytest.raises(TerrafirmaError, match="--sweep"):
        parse_sweep(text)


@given(st.text(max_size=20))
def test_what_is_no_number_is_refused_with_the_unit(text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    assume(not math.isfinite(number) and ":" not in text and "#" not in text)
    with pytest.raises(DomainError, match="expected a finite number in kg"):
        parse_sweep(f"base_mass_offset={text}:3:4")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "ground_frictoin=0:1:3",
            "unknown domain parameter 'ground_frictoin'. Did you mean 'ground_friction'",
        ),
        ("ground_friction", "expected NAME=LOW:HIGH:COUNT"),
        ("ground_friction=0:1", "expected NAME=LOW:HIGH:COUNT"),
        ("joint_strength/=0:1:3", "expected NAME=LOW:HIGH:COUNT"),
        ("action_latency=0:20 ms:3", "expected a finite number in s, got '20 ms'"),
        ("ground_friction=1:0.5:3", "needs LOW < HIGH, got 1 and 0.5"),
        ("ground_friction=nan:1:3", "expected a finite number in 1, got 'nan'"),
        ("ground_friction=0:1:1", "COUNT is to be a whole number from 2 to 1000, got '1'"),
        ("ground_friction=0:1:2.5", "COUNT is to be a whole number from 2 to 1000, got '2.5'"),
        ("ground_friction=0:1:99999", "COUNT is to be a whole number"),
    ],
)
def test_a_wrong_sweep_says_what_would_be_right(text: str, expected: str) -> None:
    with pytest.raises(TerrafirmaError) as refused:
        parse_sweep(text)
    assert expected in str(refused.value)
    assert str(refused.value).startswith(f"--sweep {text!r}: ")


def test_values_that_are_too_near_each_other_are_refused() -> None:
    with pytest.raises(DomainError, match="no 9 different values"):
        spaced(1.0, 1.0 + 1e-12, 9, "here")


@pytest.mark.parametrize(
    ("robot", "text", "expected"),
    [
        ("a1", "ground_friction=0:9:3", "[0, 9] 1 leaves the valid range [0, 3] 1"),
        ("iiwa", "base_mass_offset=0:1:3", "base_mass_offset needs a floating base, which iiwa lacks"),
        ("a1", "base_mass_offset=-5:0:3", "would leave nothing of a1's"),
        (
            "a1",
            "joint_strength/FR_lower=0:1:3",
            "unknown joint of a1 'FR_lower'. Did you mean 'FR_lower_joint'",
        ),
        ("a1", "gyro_bias/w=0:1:3", "unknown axis of gyro_bias 'w'"),
        ("a1", "gravity/x=1:9:3", "gravity is one number for the robot"),
        ("a1", "obstacle_distance=0:3:7", "comes nearer to the start than 1 m"),
    ],
)
def test_values_are_refused_as_a_domain_file_s_are(robot: str, text: str, expected: str) -> None:
    with pytest.raises(TerrafirmaError) as refused:
        parse_sweep(text).check(load_domain("nominal"), load_robot(robot))
    assert expected in str(refused.value)
    assert "--sweep" in str(refused.value)


def drawn(domain: Domain, seed: int = 0) -> dict[str, list[float]]:
    values = domain.draw(load_robot("a1"), np.random.default_rng(seed)).values
    return {name: np.atleast_1d(value).tolist() for name, value in values.items()}


def test_only_the_swept_parameter_changes() -> None:
    sweep, domain = parse_sweep("ground_friction=0.2:1.6:3"), load_domain("legged-randomized")
    sweep.check(domain, load_robot("a1"))
    draws = [drawn(sweep.at(domain, value)) for value in sweep.values]
    assert [draw.pop("ground_friction") for draw in draws] == [[0.2], [0.9], [1.6]]
    assert draws[0] == draws[1] == draws[2]
    assert draws[0]["base_mass_offset"] != [0.0]  # still randomized
    assert sweep.at(domain, 0.2).source == domain.source


def test_one_joint_is_swept_over_what_all_of_them_have() -> None:
    domain = parse_domain("{engine: pybullet, parameters: {joint_strength: 0.9}}", "d")
    swept = drawn(parse_sweep("joint_strength/FR_lower_joint=0.1:1:2").at(domain, 0.1))["joint_strength"]
    assert sorted(swept) == [0.1] + [0.9] * 11
    every = drawn(parse_sweep("joint_strength=0.1:1:2").at(domain, 0.1))["joint_strength"]
    assert every == [0.1] * 12
