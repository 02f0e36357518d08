"""A domain that widens: from nearly nominal to what its file says, and never beyond."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import DomainError
from sim.domains.domain import Domain
from sim.domains.reader import load_domain, parse_domain
from sim.domains.widening import WideningDomain, varying
from sim.robots import load_robot
from sim.vector.shared_memory import SharedMemoryVecEnv
from sim.vector.spec import EnvironmentSpec

A1 = load_robot("a1")
MIXED = """\
engine: pybullet
parameters:
  ground_friction: {uniform: [0.4, 1.2]}
  link_mass_scale: {log_uniform: [0.9, 1.5]}
  base_mass_offset: {normal: [1.0, 0.5]}
  joint_armature: {uniform: [0.8, 1.4], operation: scale}
  gravity: {uniform: [-1.0, 2.0], operation: add}
  action_latency: {uniform: [0.0, 0.02]}
  joint_damping: {FR_hip_joint: {uniform: [0.0, 0.1]}}
  imu_latency: 0.01
"""


def domain(text: str = MIXED) -> Domain:
    return parse_domain(text, "mixed")


def drawn(domain: Domain, seed: int) -> dict[str, np.ndarray]:
    return dict(domain.draw(A1, np.random.default_rng(seed)).values)


def parameters(domain: Domain, seed: int) -> dict[str, object]:
    names, _, values = domain.draw(A1, np.random.default_rng(seed)).as_vector(
        tuple(joint.name for joint in A1.joints)
    )
    return {"names": names, "values": values}


def test_it_starts_at_the_nominal_values_or_as_near_as_its_range_comes() -> None:
    widening = WideningDomain(domain(), A1)
    nominal = drawn(Domain("pybullet"), 0)
    start = widening.at(*widening.start())
    for seed in range(40):
        values = drawn(start, seed)
        assert values["ground_friction"] == pytest.approx(nominal["ground_friction"], abs=0.12)
        assert values["link_mass_scale"] == pytest.approx(1.0, abs=0.08)
        assert values["base_mass_offset"] == pytest.approx(0.0, abs=0.35)  # the edge of what its file says
        assert values["joint_armature"] == pytest.approx(nominal["joint_armature"], rel=0.12)
        assert values["gravity"] == pytest.approx(9.81, abs=0.5)
        assert 0.0 <= float(values["action_latency"]) < 0.001
        assert values["imu_latency"] == 0.01
    assert drawn(start, 0)["ground_friction"] != drawn(start, 1)["ground_friction"]


def test_all_of_it_is_the_domain_as_its_file_says() -> None:
    widening = WideningDomain(domain(), A1)
    whole = widening.at(*(np.ones_like(x) for x in widening.start()))
    for name in ("ground_friction", "link_mass_scale", "base_mass_offset", "gravity"):
        mine = np.sort([float(drawn(whole, seed)[name]) for seed in range(400)])
        plain = np.sort([float(drawn(domain(), seed)[name]) for seed in range(400)])
        assert np.abs(mine - plain).max() < 0.15 * (plain[-1] - plain[0])


@settings(max_examples=10, deadline=None)
@given(st.floats(1, 201), st.floats(1, 201), st.integers(0, 1000))
def test_no_draw_leaves_the_file_s_ranges_and_each_is_found_again(a: float, b: float, seed: int) -> None:
    widening = WideningDomain(domain(), A1)
    count = len(widening.start()[0])
    stage = widening.at(np.full(count, a), np.full(count, b))
    values, nominal = drawn(stage, seed), drawn(Domain("pybullet"), 0)
    for setting in domain().settings:
        name = setting.parameter.name
        for value, middle in zip(np.atleast_1d(values[name]), np.atleast_1d(nominal[name]), strict=True):
            low, high = setting.support(float(middle))
            assert setting.component is not None or low - 1e-12 <= value <= high + 1e-12
    quantiles = widening.quantiles(parameters(stage, seed))
    assert quantiles.shape == (len(widening.names),)
    again = np.random.default_rng(seed)
    assert quantiles == pytest.approx([again.beta(a, b) for _ in quantiles], abs=1e-9)


def test_names_and_owners_belong_together() -> None:
    widening = WideningDomain(domain(), A1)
    armatures = [i for i, name in enumerate(widening.names) if name.startswith("joint_armature/")]
    assert len(armatures) == 12
    assert len(set(widening.owner[armatures].tolist())) == 1
    assert [name for name in widening.names if "damping" in name] == ["joint_damping/FR_hip_joint"]
    assert "imu_latency" not in widening.names
    assert len(widening.start()[0]) == len(set(widening.owner.tolist())) == 7


def test_of_two_settings_of_a_number_the_last_one_is_widened() -> None:
    """A file cannot say it twice, but a sweep and a component can."""
    first = parse_domain("engine: pybullet\nparameters:\n  joint_strength: {uniform: [0.5, 1.0]}\n", "a")
    second = parse_domain("engine: pybullet\nparameters:\n  joint_strength: {FR_hip_joint: 0.7}\n", "b")
    both = Domain("pybullet", (*first.settings, *second.settings))
    assert len(varying(both, A1)) == 11
    assert "joint_strength/FR_hip_joint" not in varying(both, A1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  gravity: 9.0\n", r"d: there is nothing to widen"),
        ("", r"nothing to widen"),
        ("  gravity: {uniform: [9, 9]}\n", r"nothing to widen"),
        ("  gravity: {uniform: [9, 10], mode: startup}\n", r"d:3: gravity: mode 'startup' cannot.*reset"),
        ("  gravity: {uniform: [9, 10], mode: interval, every: 2}\n", r"d:3: gravity: mode 'interval'"),
        ("  joint_strength: {uniform: [0.8, 1], correlation: 0.5}\n", r"d:3: joint_strength: .*correlation"),
        ("  terrain_roughness: {curriculum: [0, 0.04]}\n", r"d:3: terrain_roughness: a curriculum widens"),
    ],
)
def test_what_cannot_be_widened_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        WideningDomain(parse_domain(f"engine: pybullet\nparameters:\n{text}", "d"), A1)


def test_workers_draw_from_what_they_were_given_and_tell_what_it_was() -> None:
    """Two workers as one; an order takes effect with the next reset of each environment."""
    text = "engine: pybullet\nparameters:\n  joint_strength: {uniform: [0.2, 1.0]}\n"
    widening = WideningDomain(parse_domain(text, "d"), load_robot("iiwa"))
    start = widening.start()
    low, high = (widening.at(np.array([a]), np.array([b])) for a, b in ((1.0, 200.0), (200.0, 1.0)))
    spec = EnvironmentSpec("iiwa", "reach", widening.at(*start))
    seen = []
    for workers in (1, 2):
        env = SharedMemoryVecEnv(spec, 3, workers, 7)
        try:
            env.redistribute(low)
            env.reset()
            env.redistribute(high)  # within an episode
            action = np.zeros((3, 7), dtype=np.float32)
            infos = [info for _ in range(2 * env.episode_steps) for info in env.step(action)[3] if info]
        finally:
            env.close()
        assert len(infos) == 6
        strength = [widening.quantiles(info["parameters"]) for info in infos]
        assert np.max(strength[:3]) < 0.06
        assert np.min(strength[3:]) > 0.94
        seen.append(np.array(strength))
    assert np.array_equal(*seen)


def test_who_does_not_widen_is_not_told() -> None:
    env = SharedMemoryVecEnv(EnvironmentSpec("iiwa", "reach", load_domain("nominal")), 1, 1, 0)
    try:
        env.reset()
        action = np.zeros((1, 7), dtype=np.float32)
        infos = [env.step(action)[3][0] for _ in range(env.episode_steps)]
    finally:
        env.close()
    assert "episode" in infos[-1]
    assert "parameters" not in infos[-1]
