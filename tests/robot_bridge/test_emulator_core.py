"""The emulated robot keeps real time, or a multiple of it, and holds still until told."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import TerrafirmaError
from contract.state import JointCommand
from robot_bridge.emulator_core import MAX_CATCH_UP, PATIENCE, EmulatorCore
from sim.domains.reader import load_domain, parse_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

SPEC = load_robot("iiwa")
DEFAULT = np.array([joint.default_position for joint in SPEC.joints])


def emulator(sensor_rate: float = 100.0, rate: float = 1.0, lockstep: float = 0.0) -> EmulatorCore:
    robot = SimulatedRobot(SPEC, load_domain("nominal-mujoco"), seed=0)
    return EmulatorCore(robot, SPEC.time_step, sensor_rate, rate, lockstep)


def run(core: EmulatorCore, start: float, seconds: float) -> list:
    """States of `seconds` of wall time in steps of 1 ms from `start`."""
    times = [ms * 1_000_000 for ms in range(round(start * 1e3), round((start + seconds) * 1e3))]
    return [core.advance(now) for now in times if core.remaining(now) <= 0]


@pytest.mark.parametrize("rate", [0.5, 1.0, 5.0])
def test_simulated_time_follows_wall_time(rate: float) -> None:
    core = emulator(rate=rate)
    states = run(core, 0.0, 1.0)
    assert abs(core.time - rate * 1e9) <= 2 * core.period_ns
    assert np.unique(np.diff([state.stamp for state in states])).tolist() == [core.period_ns]
    assert core.lag == 0


def test_holds_its_default_pose_then_keeps_the_last_set_point() -> None:
    core = emulator(rate=5.0)
    assert np.abs(run(core, 0.0, 0.4)[-1].joint_position - DEFAULT).max() < 0.02
    assert core.command(JointCommand.hold(DEFAULT + 0.1))
    assert np.abs(run(core, 0.4, 0.6)[-1].joint_position - DEFAULT - 0.1).max() < 0.03


def test_nonsense_is_not_obeyed() -> None:
    core = emulator()
    assert not core.command(JointCommand.hold(np.full(7, np.nan)))


def test_a_stall_slows_simulated_time_instead_of_bursting() -> None:
    core = emulator()
    run(core, 0.0, 0.1)
    before = core.time
    states = run(core, 10.0, 0.1)
    assert core.time - before <= (10 + MAX_CATCH_UP) * core.period_ns
    assert core.lag > 900
    assert len(states) >= 9


@pytest.mark.parametrize("lockstep", [0.0, 20.0])
def test_a_stall_is_no_delay_of_what_is_stamped_after_it(lockstep: float) -> None:
    """As on a robot, whose clock goes on: else each stall would make its readings later for good."""
    core = emulator(lockstep=lockstep)
    for start in (0.0, 0.5, 10.0):
        for ms in range(round(start * 1e3), round(start * 1e3) + 200):
            if core.remaining(ms * 1_000_000) <= 0:
                core.command(JointCommand.hold(DEFAULT))
                stamp = core.advance(ms * 1_000_000).stamp
                assert abs(stamp + core.lost(stamp) - ms * 1_000_000) <= (MAX_CATCH_UP + 1) * core.period_ns
    assert core.lost(100_000_000) == 0
    assert core.lost(300_000_000) == pytest.approx(0.3e9, abs=0.05e9)
    assert core.lost(core.time) == pytest.approx(9.6e9, abs=0.1e9)


def test_lockstep_waits_for_the_controller_but_not_for_ever() -> None:
    core = emulator(sensor_rate=100.0, rate=10.0, lockstep=20.0)
    run(core, 0.0, 0.1)
    assert core.time >= 0.9e9  # nobody has commanded yet, so nobody is waited for
    core.command(JointCommand.hold(DEFAULT))
    since = core.time
    run(core, 0.1, 0.1)
    assert core.time - since == 50_000_000
    core.command(JointCommand.hold(DEFAULT))
    run(core, 0.2, 0.1)
    assert core.time - since == 100_000_000
    run(core, 0.3, PATIENCE * 1e-9 + 0.1)
    assert core.time - since > 500_000_000  # the controller is gone


def test_set_points_act_from_the_reading_that_they_answer() -> None:
    """As in training: no delay beyond the domain's own."""
    core = emulator(sensor_rate=20.0, rate=1e6, lockstep=20.0)
    twin = SimulatedRobot(SPEC, load_domain("nominal-mujoco"), seed=0)
    twin.reset()
    rng = np.random.default_rng(0)
    for k in range(20):
        core.remaining(k)
        state = core.advance(k)
        twin.step(20)
        assert np.array_equal(state.joint_position, twin.sense().joint_position)
        set_point = state.joint_position + rng.uniform(-0.2, 0.2, 7)
        core.command(JointCommand.hold(set_point))
        twin.command(JointCommand.hold(set_point))


def test_reset_returns_to_the_default_pose_and_time_goes_on() -> None:
    core = emulator(rate=5.0)
    core.command(JointCommand.hold(DEFAULT + 0.2))
    run(core, 0.0, 0.4)
    before = core.time
    core.reset()
    state = run(core, 0.4, 0.02)[-1]
    assert np.abs(state.joint_position - DEFAULT).max() < 0.02
    assert state.stamp > before


@pytest.mark.parametrize(
    ("sensor_rate", "rate"), [(0.0, 1.0), (1000.0, 1.0), (100.0, 0.0), (100.0, float("nan"))]
)
def test_impossible_rates_are_refused(sensor_rate: float, rate: float) -> None:
    with pytest.raises(TerrafirmaError, match="rate"):
        emulator(sensor_rate, rate)


def test_a_reading_that_is_lost_keeps_its_age() -> None:
    """So that the policy can tell that it is stale."""
    domain = parse_domain("{engine: mujoco, parameters: {sensor_loss: 0.5}}", "lossy")
    core = EmulatorCore(SimulatedRobot(SPEC, domain, seed=0), SPEC.time_step, 100.0, 1.0, 0.0)
    states = run(core, 0.0, 1.0)
    ages = np.array([core.period_ns * (i + 1) - state.stamp for i, state in enumerate(states)])
    assert 0.3 < np.mean(ages > 0) < 0.7
    assert (ages % core.period_ns == 0).all()
    assert (np.diff([state.stamp for state in states]) >= 0).all()
