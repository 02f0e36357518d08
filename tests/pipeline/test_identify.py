"""From a policy's bag of a robot with hidden parameters to a domain that has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from policies.runtime import Policy
from robot_bridge.joint_motion import LIMIT, load_joint_motion
from sim.domains.reader import load_domain, parse_domain

HIDDEN = {"joint_strength": 0.75, "tool_mass_offset": 1.6}
PRIOR = """
engine: pybullet
parameters:
  joint_strength: {uniform: [0.5, 1.1]}
  tool_mass_offset: {uniform: [0.0, 4.0]}
"""

Terrafirma = Callable[..., Any]


@pytest.fixture
def prior(tmp_path: Path) -> Path:
    path = tmp_path / "prior.yaml"
    path.write_text(PRIOR)
    return path


@pytest.fixture
def bag(tmp_path: Path, policy: Path, record: Callable[..., Any]) -> Path:
    parameters = ", ".join(f"{name}: {value}" for name, value in HIDDEN.items())
    domain = parse_domain(f"engine: mujoco\nparameters: {{{parameters}}}\n", "hidden")
    record(tmp_path / "bag", Policy(policy), ticks=120, every=20, domain=domain)
    return tmp_path / "bag"


def test_the_domain_of_a_bag_is_found(terrafirma: Terrafirma, bag: Path, prior: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "found.yaml"
    outcome = terrafirma("identify", bag, "--prior", prior, "--out", out, "--iterations", 8)
    assert outcome.code == 0, outcome.err
    domain = load_domain(out)
    assert domain.engine == "pybullet"
    middles = {s.parameter.name: float(np.mean(s.distribution.support())) for s in domain.settings}
    assert middles["joint_strength"] == pytest.approx(HIDDEN["joint_strength"], rel=0.05)
    assert middles["tool_mass_offset"] == pytest.approx(HIDDEN["tool_mass_offset"], rel=0.15)
    assert "joint_strength" in outcome.out + outcome.err
    again = terrafirma("identify", bag, "--prior", prior, "--out", out)
    assert str(out) in again.error


def test_a_motion_is_what_was_sent_and_measured(bag: Path, policy: Path) -> None:
    motion = load_joint_motion(bag)
    assert motion.set_point.shape == motion.position.shape
    assert len(motion.position) + motion.left_out == 120
    assert motion.contract == Policy(policy).contract
    assert np.ptp(motion.position, axis=0).max() > 0.1
    # a joint follows what was sent to it, later
    lag = np.corrcoef(motion.set_point[:-1, 0], motion.position[1:, 0])[0, 1]
    assert lag > 0.9


def test_a_motion_ends_where_a_joint_comes_to_its_limit(bag: Path) -> None:
    """There two engines, and a robot, do different things."""
    motion = load_joint_motion(bag)
    lower, upper = (np.array([getattr(j, end) for j in motion.contract.joints]) for end in ("lower", "upper"))
    room = np.minimum(motion.position - lower, upper - motion.position).min(axis=1)
    assert motion.left_out > 0
    assert room.min() > LIMIT
    assert room[-1] < 0.3


def test_a_bag_that_is_too_short_is_refused(
    terrafirma: Terrafirma, bag: Path, prior: Path, tmp_path: Path
) -> None:
    out = tmp_path / "found.yaml"
    assert "10 ticks" in terrafirma("identify", bag, "--prior", prior, "--out", out, "--seconds", 0.5).error
    assert not out.exists()


def test_a_prior_with_nothing_open_is_refused(terrafirma: Terrafirma, bag: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.yaml"
    error = terrafirma("identify", bag, "--prior", "nominal", "--out", out).error
    assert "nothing open" in error


def test_a_missing_bag_is_refused(terrafirma: Terrafirma, prior: Path, tmp_path: Path) -> None:
    error = terrafirma("identify", tmp_path / "gone", "--prior", prior, "--out", tmp_path / "x.yaml").error
    assert "gone" in error
