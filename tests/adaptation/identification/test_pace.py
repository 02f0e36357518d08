"""Hidden parameters of an arm in the other engine are found from seconds of its motion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adaptation.identification.excitation import Chirp
from adaptation.identification.pace import Estimate, PaceConfig, Replays, identify
from adaptation.identification.posterior import posterior, posterior_text
from adaptation.identification.replay import JointLog, follow
from adaptation.identification.unknowns import Unknowns
from contract.errors import DomainError, TerrafirmaError
from contract.state import Array
from sim.domains.reader import parse_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

RATE = 50.0
IIWA = load_robot("iiwa")
START = np.array([joint.default_position for joint in IIWA.joints])
PRIOR = parse_domain(
    """
engine: pybullet
parameters:
  joint_strength: {uniform: [0.6, 1.1]}
  action_latency: {uniform: [0.0, 0.06]}
  tool_mass_offset: {uniform: [0.0, 3.0]}
  joint_armature: {operation: scale, fixed: 1.0}
""",
    "prior",
)


def silent(done: int, metrics: dict[str, float]) -> None: ...


def recorded(parameters: str, seconds: float = 4.0, high: float = 3.0) -> JointLog:
    """What an arm in MuJoCo with these hidden parameters does under a chirp."""
    robot = SimulatedRobot(
        IIWA, parse_domain(f"engine: mujoco\nparameters: {parameters}\n", "hidden"), seed=3
    )
    set_points = Chirp(seconds=seconds, high=high).set_points(IIWA.joints, START, RATE)
    log = follow(robot, set_points, RATE, START)
    robot.close()
    return log


@pytest.fixture(scope="module")
def drawn() -> dict[str, float]:
    """A seeded draw, within the prior; nothing that searches sees it."""
    rng = np.random.default_rng(11)
    return {
        "joint_strength": float(rng.uniform(0.7, 1.05)),
        "action_latency": float(rng.uniform(0.005, 0.05)),
        "tool_mass_offset": float(rng.uniform(0.5, 2.5)),
    }


@pytest.fixture(scope="module")
def estimate(drawn: dict[str, float]) -> Estimate:
    noise = "joint_position_noise: 0.0005"
    hidden = ", ".join([*(f"{name}: {value}" for name, value in drawn.items()), noise])
    return identify(IIWA, Unknowns(PRIOR), recorded(f"{{{hidden}}}"), PaceConfig(iterations=14), 0, silent)


def test_latency_strength_and_payload_are_found(estimate: Estimate, drawn: dict[str, float]) -> None:
    found = estimate.values
    assert found["action_latency"] == pytest.approx(drawn["action_latency"], abs=0.003)
    assert found["joint_strength"] == pytest.approx(drawn["joint_strength"], rel=0.05)
    assert found["tool_mass_offset"] == pytest.approx(drawn["tool_mass_offset"], rel=0.15)
    assert estimate.error < 0.3 * estimate.prior_error


def test_it_is_known_how_well(estimate: Estimate) -> None:
    """Narrower than the prior, and not certain."""
    for name, width in (("joint_strength", 0.5), ("action_latency", 0.06), ("tool_mass_offset", 3.0)):
        assert 0.0 < estimate.uncertainties[name] < 0.2 * width


def test_the_posterior_holds_what_was_hidden(estimate: Estimate, drawn: dict[str, float]) -> None:
    for setting in posterior(estimate).settings:
        if setting.parameter.name in drawn:
            low, high = setting.distribution.support()
            assert low <= drawn[setting.parameter.name] <= high, setting.parameter.name


def test_another_motion_is_replayed_as_well(estimate: Estimate, drawn: dict[str, float]) -> None:
    other = recorded(
        "{" + ", ".join(f"{name}: {value}" for name, value in drawn.items()) + "}", seconds=3.0, high=1.5
    )
    replays = Replays(IIWA, Unknowns(PRIOR))
    found, middle = replays.error(estimate.quantiles, other), replays.error(np.full(3, 0.5), other)
    replays.close()
    assert found < 0.4 * middle


def test_the_posterior_is_a_domain_around_what_was_found(estimate: Estimate) -> None:
    domain = posterior(estimate)
    domain.check(IIWA)
    assert domain.engine == "pybullet"
    by_name = {setting.parameter.name: setting for setting in domain.settings}
    for name, value in estimate.values.items():
        low, high = by_name[name].distribution.support()
        assert low <= value <= high
        prior_low, prior_high = next(
            s for s in PRIOR.settings if s.parameter.name == name
        ).distribution.support()
        assert prior_low <= low < high <= prior_high
        assert high - low < 0.8 * (prior_high - prior_low)
    assert by_name["joint_armature"].operation == "scale"
    assert "found on 3 May" in posterior_text(estimate, "found on 3 May")


def test_an_arm_replays_itself_exactly() -> None:
    known = parse_domain("engine: pybullet\nparameters: {joint_strength: {uniform: [0.5, 1.0]}}\n", "known")
    robot = SimulatedRobot(IIWA, Unknowns(known).at([0.6]))
    log = follow(robot, Chirp(seconds=1.5).set_points(IIWA.joints, START, RATE), RATE, START)
    replays = Replays(IIWA, Unknowns(known))
    assert replays.error(np.array([0.6]), log) == 0.0
    assert replays.error(np.array([0.9]), log) > 1e-4
    robot.close()
    replays.close()


def test_unknowns_are_the_settings_with_a_width() -> None:
    unknowns = Unknowns(PRIOR)
    assert unknowns.names == ("joint_strength", "action_latency", "tool_mass_offset")
    assert unknowns.values([0.0, 0.5, 1.0]) == pytest.approx((0.6, 0.03, 3.0))
    fixed = unknowns.at([0.2, 0.5, 0.5])
    assert fixed.settings[0].distribution.support() == pytest.approx((0.7, 0.7))
    assert fixed.settings[3] == PRIOR.settings[3]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("{joint_strength: 0.8}", "leaves nothing open"),
        ("{joint_strength: {uniform: [0.5, 1.0], mode: interval, every: 1.0}}", "intervals"),
        ("{joint_strength: {uniform: [0.5, 1.0], mode: startup}}", "start-up"),
        ("{packet_loss: {uniform: [0.0, 0.5]}}", "cannot be replayed"),
    ],
)
def test_a_prior_without_unknowns_is_refused(parameters: str, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Unknowns(parse_domain(f"engine: pybullet\nparameters: {parameters}\n", "prior.yaml"))


def test_a_chirp_keeps_to_the_limits_and_gets_faster() -> None:
    chirp = Chirp(seconds=10.0, low=0.2, high=8.0, amplitude=5.0)
    points = chirp.set_points(IIWA.joints, START, 200.0)
    assert points.shape == (2_000, 7)
    for column, joint in zip(points.T, IIWA.joints, strict=True):
        assert joint.lower < column.min() < column.max() < joint.upper
        assert np.abs(np.diff(column)).max() * 200.0 <= joint.max_velocity
    assert np.allclose(points[0], START, atol=1e-9)

    def turns(part: Array) -> int:
        return int((np.diff(np.sign(np.diff(part))) != 0).sum())

    assert turns(points[1_500:, 0]) > 4 * turns(points[:500, 0])


def test_a_joint_without_room_is_refused() -> None:
    at_limit = START.copy()
    at_limit[3] = IIWA.joints[3].upper
    with pytest.raises(TerrafirmaError, match=IIWA.joints[3].name):
        Chirp().set_points(IIWA.joints, at_limit, RATE)


def test_a_rate_that_does_not_divide_the_physics_is_refused() -> None:
    robot = SimulatedRobot(IIWA, PRIOR)
    with pytest.raises(TerrafirmaError, match="does not divide"):
        follow(robot, np.tile(START, (2, 1)), 60.0, START)
    robot.close()


@pytest.mark.parametrize(
    "settings", [{"low": 2.0, "high": 2.0}, {"low": 0.0}, {"seconds": 0.5}, {"amplitude": -0.1}]
)
def test_a_chirp_that_makes_no_sense_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(TerrafirmaError, match="chirp"):
        Chirp(**settings)


@pytest.mark.parametrize(
    "changes", [{"rate": 0.0}, {"position": np.zeros((3, 7))}, {"command": np.full((2, 7), np.nan)}]
)
def test_a_log_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    log = JointLog(RATE, np.zeros((2, 7)), np.zeros((2, 7)))
    assert len(log) == 2
    with pytest.raises(TerrafirmaError):
        replace(log, **changes)
