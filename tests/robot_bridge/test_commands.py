"""Task commands: time-out, latch, range; and the commander that makes them up."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import Contract
from robot_bridge.commander import Commander, parse_command
from robot_bridge.exploration import Exploration
from robot_bridge.joint_commands import check_interface
from robot_bridge.task_command import TaskCommand


def test_a_latched_target_is_missing_until_given(iiwa_contract: Contract) -> None:
    command = TaskCommand(iiwa_contract.command)
    assert command.current(1e6) is None
    assert command.set(np.array([0.5, 0.1, 0.4]), 0.0)
    assert command.current(1e6).tolist() == [0.5, 0.1, 0.4]


def test_a_velocity_times_out_to_neutral(a1_contract: Contract) -> None:
    timeout = a1_contract.command.timeout
    assert timeout is not None
    command = TaskCommand(a1_contract.command)
    assert command.current(0.0).tolist() == list(a1_contract.command.neutral)
    command.set(np.array([0.3, 0.0, 0.0]), 1.0)
    assert command.current(1.0 + 0.9 * timeout).tolist() == [0.3, 0.0, 0.0]
    assert command.current(1.0 + 1.1 * timeout).tolist() == list(a1_contract.command.neutral)
    assert command.current(0.99).tolist() == list(a1_contract.command.neutral)  # the clock was turned back


def test_commands_are_clipped_and_nonsense_is_ignored(iiwa_contract: Contract) -> None:
    command = TaskCommand(iiwa_contract.command)
    command.set(np.array([99.0, -99.0, 0.5]), 0.0)
    clipped = [iiwa_contract.command.high[0], iiwa_contract.command.low[1], 0.5]
    assert command.current(0.0).tolist() == clipped
    assert not command.set(np.array([np.nan, 0.0, 0.5]), 0.0)
    assert not command.set(np.zeros(2), 0.0)
    assert command.current(0.0).tolist() == clipped


def test_commander_keeps_each_command_for_its_interval(iiwa_contract: Contract) -> None:
    commander = Commander(iiwa_contract.command, 3.0, np.random.default_rng(0))
    drawn = [commander.current(0.1 * k) for k in range(95)]
    changes = [k for k in range(1, 95) if not np.array_equal(drawn[k], drawn[k - 1])]
    assert changes == [30, 60, 90]
    assert (
        (np.array(drawn) >= iiwa_contract.command.low) & (np.array(drawn) <= iiwa_contract.command.high)
    ).all()
    again = Commander(iiwa_contract.command, 3.0, np.random.default_rng(0))
    assert np.array_equal(again.current(0.0), drawn[0])


def test_commander_may_ask_for_one_thing(a1_contract: Contract) -> None:
    assert parse_command("  ", a1_contract.command) is None
    fixed = parse_command("0.4, 0 -0.2", a1_contract.command)
    assert fixed is not None
    commander = Commander(a1_contract.command, 3.0, np.random.default_rng(0), fixed)
    assert [commander.current(t).tolist() for t in (0.0, 100.0)] == [[0.4, 0.0, -0.2]] * 2
    for text, message in (
        ("fast", "'fast': expected vx, vy, yaw_rate"),
        ("0.4", "has 1 values: expected vx, vy, yaw_rate"),
        ("0 9 0", "vy: 9 is outside"),
        ("nan 0 0", "vx: nan is outside"),
    ):
        with pytest.raises(TerrafirmaError, match=message):
            parse_command(text, a1_contract.command)


def test_impossible_settings_are_refused(iiwa_contract: Contract) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(TerrafirmaError, match="interval: 0"):
        Commander(iiwa_contract.command, 0.0, rng)
    with pytest.raises(TerrafirmaError, match=r"exploration_std: -0\.1"):
        Exploration(np.ones(7), -0.1, 0.0, rng)
    with pytest.raises(TerrafirmaError, match=r"random_fraction: 1\.5"):
        Exploration(np.ones(7), 0.0, 1.5, rng)
    with pytest.raises(UnknownNameError, match="Did you mean 'forward_position'"):
        check_interface("forward_positions")
