"""Whoever takes over a running robot comes in gradually, is watched, and goes without a jump."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.errors import ContractError, TerrafirmaError
from contract.record import Contract
from contract.state import Array, RobotState
from policies.runtime import Policy
from robot_bridge.policy_core import PolicyCore
from robot_bridge.safety import SensorSample
from robot_bridge.succession import CONFIRMED, PROBATION, WINDOW, Succession, SwapRules, distance
from robot_bridge.tick import Mode, Tick

PERIOD = 0.05
RULES = SwapRules(blend=0.5, probation=2.0, max_distance=0.5)
POSE = np.array([0.1, 0.4, -0.1, -1.3, 0.2, 1.0, 0.0])
TARGET = np.array([0.5, 0.0, 0.5])


class Turning(Policy):
    """A real policy whose actions move by `offset` scales from tick `at` on."""

    offset, at, asked = 0.0, 0, 0

    def __call__(self, observation: NDArray[np.float32]) -> Array:
        self.asked += 1
        action = super().__call__(observation)
        turned = action + self.offset * np.array(self.contract.action.scale)
        return turned if self.asked > self.at else action

    def reset(self) -> None:
        super().reset()
        self.asked = 0


@pytest.fixture(scope="module")
def incumbent(iiwa_policy: Path) -> Policy:
    return Policy(iiwa_policy)


@pytest.fixture
def newcomer(iiwa_policy: Path) -> Turning:
    return Turning(iiwa_policy)


def actions(succession: Succession, ticks: int) -> Array:
    size = succession.policy.contract.observation_size
    return np.array([succession(np.zeros(size, np.float32)) for _ in range(ticks)])


def test_it_comes_in_gradually_and_is_confirmed(incumbent: Policy, newcomer: Turning) -> None:
    succession, scale = Succession(incumbent, RULES), np.array(incumbent.contract.action.scale)
    before = actions(succession, 1)[0]
    newcomer.offset = 0.4
    succession.promote(newcomer)
    assert succession.outcome == PROBATION
    seen = (actions(succession, 39) - before) / scale
    expected = 0.4 * np.minimum(np.arange(1, 40) / 10, 1.0)
    assert np.allclose(seen, expected[:, None], atol=1e-6)
    assert succession.on_probation
    assert np.allclose(actions(succession, 5) - before, 0.4 * scale)
    assert succession.outcome == CONFIRMED
    assert succession.policy is newcomer
    assert not succession.roll_back("too late")


def test_who_strays_goes_within_the_window_and_without_a_jump(incumbent: Policy, newcomer: Turning) -> None:
    succession, scale = Succession(incumbent, RULES), np.array(incumbent.contract.action.scale)
    before = actions(succession, 1)[0]
    newcomer.at, newcomer.offset = 15, 0.8
    succession.promote(newcomer)
    assert np.allclose(actions(succession, 15), before)
    seen = []
    while succession.on_probation:
        seen.append(actions(succession, 1)[0])
    assert len(seen) * PERIOD <= WINDOW + PERIOD
    assert succession.policy is incumbent
    assert "more than 0.5" in succession.outcome
    assert succession.outcome.startswith("rolled back")
    back = np.array([*seen, *actions(succession, 3)])
    steps = np.abs(np.diff(back, axis=0)) / scale
    assert steps.max() <= 0.5 * 0.8 + 1e-6  # two ticks to come back
    assert np.allclose(back[-1], before)


def test_what_is_no_number_never_leaves(incumbent: Policy, newcomer: Turning) -> None:
    succession = Succession(incumbent, RULES)
    before = actions(succession, 1)[0]
    newcomer.at, newcomer.offset = 3, np.nan
    succession.promote(newcomer)
    assert np.allclose(actions(succession, 10), before)
    assert succession.policy is incumbent
    assert "not finite" in succession.outcome


def test_a_bad_first_action_changes_nothing(incumbent: Policy, newcomer: Turning) -> None:
    succession = Succession(incumbent, RULES)
    before = actions(succession, 1)[0]
    newcomer.offset = np.nan
    succession.promote(newcomer)
    assert np.array_equal(actions(succession, 3), np.tile(before, (3, 1)))


def test_a_huge_answer_comes_in_as_gradually_as_any(incumbent: Policy, newcomer: Turning) -> None:
    rules = SwapRules(blend=0.5, probation=2.0, max_distance=2.0)
    succession, scale = Succession(incumbent, rules), np.array(incumbent.contract.action.scale)
    before = actions(succession, 1)[0]
    newcomer.offset = 100.0
    succession.promote(newcomer)
    seen = np.array([before, *actions(succession, 10)]) / scale
    assert np.abs(np.diff(seen, axis=0)).max() <= 2.0 / 10 + 1e-6
    succession.roll_back("enough")
    back = np.array([seen[-1] * scale, *actions(succession, 2)]) / scale
    assert np.abs(np.diff(back, axis=0)).max() <= 1.0 + 1e-6
    assert np.allclose(back[-1] * scale, before)


def test_a_predecessor_that_breaks_does_not_come_back(iiwa_policy: Path) -> None:
    old, new = Turning(iiwa_policy), Policy(iiwa_policy)
    succession = Succession(old, RULES)
    before = actions(succession, 1)[0]
    succession.promote(new)
    old.offset = np.nan
    assert np.allclose(actions(succession, 5), before)
    assert succession.policy is new
    assert not succession.on_probation
    assert "predecessor" in succession.outcome
    assert not succession.roll_back("too late")


def test_ramping_is_no_probation(incumbent: Policy, newcomer: Turning) -> None:
    """Repeated holds confirm nobody: each begins it anew."""
    succession = Succession(incumbent, RULES)
    succession.promote(newcomer)
    for _ in range(60):
        actions(succession, 1)
        succession.reset()
    assert succession.on_probation


def test_nobody_comes_in_unwatched() -> None:
    with pytest.raises(TerrafirmaError, match=r"swap\.probation: 0\.5 s is less than swap\.blend, 1 s"):
        SwapRules(blend=1.0, probation=0.5)


def test_one_at_a_time(incumbent: Policy, newcomer: Turning, iiwa_policy: Path) -> None:
    succession = Succession(incumbent, RULES)
    succession.promote(newcomer)
    with pytest.raises(TerrafirmaError, match="on probation itself"):
        succession.promote(Policy(iiwa_policy))
    assert succession.policy is newcomer


def test_another_contract_cannot_take_over(
    incumbent: Policy, iiwa_contract: Contract, policy_for: Callable[[Contract], Path]
) -> None:
    action = replace(iiwa_contract.action, scale=tuple(0.5 * s for s in iiwa_contract.action.scale))
    other = Policy(policy_for(replace(iiwa_contract, action=action)))
    named = replace(iiwa_contract, identity=replace(iiwa_contract.identity, task="push"))
    succession = Succession(incumbent, RULES)
    with pytest.raises(ContractError, match="its action differ"):
        succession.promote(other)
    with pytest.raises(ContractError, match="its task differ"):
        succession.promote(Policy(policy_for(named)))
    assert succession.policy is incumbent
    assert succession.outcome == ""


def core_with(incumbent: Policy) -> PolicyCore:
    core = PolicyCore(incumbent, rules=RULES)
    core.command.set(TARGET, 0.0)
    core.activate()
    return core


def run(core: PolicyCore, ticks: Iterable[int]) -> list[Tick]:
    made = []
    for k in ticks:
        state = RobotState(POSE, np.zeros(7), np.zeros(7))
        tick = core.tick(k, k * PERIOD, SensorSample(state, round(k * PERIOD * 1e9), 0, k * PERIOD))
        assert tick is not None
        made.append(tick)
    return made


@pytest.mark.parametrize("how", ["stop", "deactivate"])
def test_a_stop_on_probation_brings_the_one_before_back(
    incumbent: Policy, newcomer: Turning, how: str
) -> None:
    core = core_with(incumbent)
    run(core, range(60))
    core.succession.promote(newcomer)
    run(core, range(60, 65))
    if how == "stop":
        core.safety.emergency_stop()
        run(core, range(65, 66))
    else:
        core.deactivate()
    assert core.succession.policy is incumbent
    assert core.succession.outcome.startswith("rolled back")


def test_a_missed_deadline_on_probation_is_laid_to_the_newcomer(incumbent: Policy, newcomer: Turning) -> None:
    core = core_with(incumbent)
    run(core, range(60))
    core.succession.promote(newcomer)
    run(core, [*range(60, 65), 85])
    assert core.succession.policy is incumbent
    assert core.succession.outcome == "rolled back: missed_deadlines"


def test_a_swap_interrupts_nothing(incumbent: Policy, newcomer: Turning) -> None:
    core = core_with(incumbent)
    newcomer.offset = 0.3
    made = run(core, range(60))
    core.succession.promote(newcomer)
    made += run(core, range(60, 120))
    assert {tick.mode for tick in made[40:]} == {Mode.RUNNING}
    assert [tick.session_tick for tick in made] == list(range(120))
    assert core.succession.outcome == CONFIRMED


@settings(max_examples=50)
@given(
    offsets=st.lists(st.floats(-2.0, 2.0) | st.just(float("nan")), min_size=1, max_size=80),
    again=st.integers(1, 20),
)
def test_whatever_it_does_actions_are_finite_and_between_the_two(
    incumbent: Policy, iiwa_policy: Path, offsets: list[float], again: int
) -> None:
    succession, scale = Succession(incumbent, RULES), np.array(incumbent.contract.action.scale)
    newcomer = Turning(iiwa_policy)
    before = actions(succession, 1)[0]
    for k, offset in enumerate(offsets):
        newcomer.offset = offset
        if k % again == 0 and not succession.on_probation:
            succession.promote(newcomer)
        action = actions(succession, 1)[0]
        assert np.isfinite(action).all()
        worst = np.nanmax(np.abs([*offsets[: k + 1], 0.0]))
        assert (np.abs(action - before) <= worst * scale + 1e-6).all()


def test_distances() -> None:
    scale = np.array([1.0, 2.0])
    assert distance(np.array([1.0, 2.0]), np.array([-1.0, -2.0]), scale) == pytest.approx(2.0)
    assert distance(np.array([1.0, 0.0]), np.array([0.0, 0.0]), scale) == pytest.approx(np.sqrt(0.5))
