"""Many robots evaluated at once give what each gives alone, for every registered robot and task."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.errors import ContractError
from contract.gait import TrotGenerator
from contract.kinematics import ForwardKinematics
from contract.record import Contract
from contract.session import PolicySession
from contract.state import Array, RobotState
from sim.contracts import build_contract, unnamed_identity
from sim.registration import ENVIRONMENTS
from sim.robots import ROBOTS, load_robot
from sim.tasks import make_task
from sim.tasks.base import Step, Task
from sim.truth import Truth

Shape = tuple[int, ...]
Observations = NDArray[np.float32]
Record = TypeVar("Record", RobotState, Truth, Step)

ROWS = 5
every_task = pytest.mark.parametrize("name", ENVIRONMENTS)
few = settings(max_examples=12, deadline=None)
seeds, shapes = st.integers(0, 2**32 - 1), st.sampled_from([(), (1,), (ROWS,), (2, 3)])
slices = st.tuples(st.integers(0, ROWS), st.integers(0, ROWS)).map(lambda ends: slice(min(ends), max(ends)))


def task_of(name: str) -> Task:
    robot, task = ENVIRONMENTS[name]
    return make_task(task, load_robot(robot))


def random_turns(rng: np.random.Generator, shape: Shape) -> Array:
    """Orientations (*shape, 4), half of them nearly upright, the others anyhow."""
    turns = rng.normal(size=(*shape, 4)) * np.where(rng.random((*shape, 1)) < 0.5, [0.1, 0.1, 1, 1], 1)
    return np.asarray(turns / np.linalg.norm(turns, axis=-1, keepdims=True))


def random_state(rng: np.random.Generator, n: int, shape: Shape) -> RobotState:
    """Bases as `random_turns` has them."""
    return RobotState(
        rng.uniform(-1.5, 1.5, (*shape, n)),
        rng.uniform(-5.0, 5.0, (*shape, n)),
        rng.uniform(-9.0, 9.0, (*shape, n)),
        random_turns(rng, shape),
        rng.uniform(-2.0, 2.0, (*shape, 3)),
        rng.uniform(-10.0, 10.0, (*shape, 3)),
        object_position=rng.uniform(-0.1, 0.6, (*shape, 3)),
    )


def random_step(task: Task, rng: np.random.Generator, shape: Shape) -> Step:
    n = len(task.robot.joints)
    command = task.contract().command
    vectors = rng.uniform(-0.6, 0.6, (4, *shape, 3))
    return Step(
        random_state(rng, n, shape),
        rng.uniform(command.low, command.high, (*shape, len(command.fields))),
        rng.uniform(-1.0, 1.0, (*shape, n)),
        rng.uniform(-1.0, 1.0, (*shape, n)),
        rng.uniform(-0.1, 0.6, (*shape, 3)),
        Truth(*vectors, random_turns(rng, shape), ground_height=rng.uniform(-0.6, 0.2, shape)),
    )


def row(record: Record, index: Any) -> Record:
    """What a record with leading axes holds of one robot, or of some."""
    changes: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, RobotState | Truth):
            changes[field.name] = row(value, index)
        elif isinstance(value, np.ndarray):
            changes[field.name] = value[index]
    return replace(record, **changes)


@every_task
@few
@given(seed=seeds, shape=shapes)
def test_rewards_ends_and_measurements(name: str, seed: int, shape: Shape) -> None:
    task, rng = task_of(name), np.random.default_rng(seed)
    steps = random_step(task, rng, shape)
    reward, terminated, measured = task.reward(steps), task.terminated(steps), task.measure(steps)
    assert np.shape(reward) == np.shape(terminated) == shape
    assert {np.shape(values) for values in measured.values()} == {shape}
    for index in np.ndindex(shape):
        step = row(steps, index)
        assert np.asarray(reward)[index] == pytest.approx(task.reward(step), rel=1e-12, abs=1e-12)
        assert np.asarray(terminated)[index] == task.terminated(step)
        for metric, value in task.measure(step).items():
            assert np.asarray(measured[metric])[index] == pytest.approx(value, rel=1e-12, abs=1e-12)


@every_task
def test_a_step_is_left_as_it_was(name: str) -> None:
    task = task_of(name)
    step, same = (random_step(task, np.random.default_rng(0), (ROWS,)) for _ in range(2))
    task.reward(step), task.terminated(step), task.measure(step)
    for index in range(ROWS):
        for one, other in zip(arrays(row(step, index)), arrays(row(same, index)), strict=True):
            np.testing.assert_array_equal(one, other)


def arrays(record: RobotState | Truth | Step) -> list[Array]:
    values = [getattr(record, field.name) for field in fields(record)]
    inner = [array for value in values if isinstance(value, RobotState | Truth) for array in arrays(value)]
    return [value for value in values if isinstance(value, np.ndarray)] + inner


def remembering(contract: Contract) -> Contract:
    """The same with a history of some ticks in most terms, of different lengths."""
    terms = (replace(term, history=1 + index % 4) for index, term in enumerate(contract.observation))
    return replace(contract, observation=tuple(terms))


class Robots:
    """One session of `ROWS` robots, and a session of its own for each of them."""

    def __init__(self, contract: Contract, rng: np.random.Generator) -> None:
        self.contract, self._rng = contract, rng
        self.many = PolicySession(contract, (ROWS,))
        self.singles = [PolicySession(contract) for _ in range(ROWS)]

    def reset(self, rows: slice) -> None:
        self.many.reset(rows)
        for session in self.singles[rows]:
            session.reset()

    def observe(self, rows: slice) -> tuple[Observations, Observations]:
        """What these rows see of a random reading, together and each alone."""
        sessions, command = self.singles[rows], self.contract.command
        states = random_state(self._rng, len(self.contract.joints), (len(sessions),))
        commands = self._rng.uniform(command.low, command.high, (len(sessions), len(command.fields)))
        found = self.many.observe(states, commands, rows)
        alone = np.empty_like(found)
        for i, session in enumerate(sessions):
            alone[i] = session.observe(row(states, i), commands[i])
        return found, alone

    def act(self) -> tuple[Array, list[Array]]:
        """The set-points of a random action."""
        actions = self._rng.uniform(-1.0, 1.0, (ROWS, len(self.contract.joints)))
        alone = [s.act(action).position for s, action in zip(self.singles, actions, strict=True)]
        return self.many.act(actions).position, alone


@pytest.mark.parametrize("history", [False, True])
@every_task
@few
@given(seed=seeds, ticks=st.lists(st.tuples(slices, slices, st.integers(0, ROWS)), min_size=4, max_size=9))
def test_a_session_of_many_is_as_many_sessions(
    name: str, history: bool, seed: int, ticks: list[tuple[slice, slice, int]]
) -> None:
    """Rows are reset at different ticks, observed in parts and some of them twice."""
    task = task_of(name)
    contract = build_contract(task, unnamed_identity(task))
    robots = Robots(remembering(contract) if history else contract, np.random.default_rng(seed))
    for before, after, split in ticks:
        robots.reset(before)
        for rows in (slice(0, split), slice(split, ROWS)):
            np.testing.assert_allclose(*robots.observe(rows), rtol=1e-6, atol=1e-6)
        robots.reset(after)
        np.testing.assert_allclose(*robots.observe(after), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(*robots.act(), rtol=1e-12, atol=1e-12)


def test_a_session_of_many_hands_out_set_points_of_its_own() -> None:
    task = task_of("terrafirma/iiwa-reach-v0")
    session = PolicySession(build_contract(task, unnamed_identity(task)), (ROWS,))
    first = session.act(np.full((ROWS, 7), 0.1)).position
    kept = first.copy()
    session.act(np.full((ROWS, 7), -0.1))
    np.testing.assert_array_equal(first, kept)
    with pytest.raises(ContractError, match=r"\(7,\) is not \(5, 7\), one value a joint"):
        session.act(np.zeros(7))


@pytest.mark.parametrize("name", [name for name in ROBOTS if load_robot(name).kinematics])
@few
@given(seed=seeds, shape=shapes)
def test_tools(name: str, seed: int, shape: Shape) -> None:
    robot = load_robot(name)
    assert robot.kinematics
    forward = ForwardKinematics(robot.kinematics)
    joints = np.random.default_rng(seed).uniform(-3.0, 3.0, (*shape, len(robot.joints)))
    found = forward.tool_position(joints)
    assert found.shape == (*shape, 3)
    for index in np.ndindex(shape):
        np.testing.assert_allclose(found[index], forward.tool_position(joints[index]), atol=1e-12)


@pytest.mark.parametrize("name", [name for name in ROBOTS if load_robot(name).gait])
@few
@given(seed=seeds, shape=shapes)
def test_gaits(name: str, seed: int, shape: Shape) -> None:
    robot, rng = load_robot(name), np.random.default_rng(seed)
    assert robot.gait
    trot = TrotGenerator(robot.gait, np.array([joint.default_position for joint in robot.joints]))
    time = rng.uniform(0.0, 5.0, shape)
    velocity = rng.uniform(-1.0, 1.0, (*shape, 3)) * (rng.random((*shape, 1)) < 0.7)
    found, phase = trot.joint_position(time, velocity), trot.phase(time)
    assert found.shape == (*shape, len(robot.joints))
    assert phase.shape == shape
    for index in np.ndindex(shape):
        alone = trot.joint_position(float(np.asarray(time)[index]), velocity[index])
        np.testing.assert_allclose(found[index], alone, atol=1e-12)
        assert phase[index] == trot.phase(float(np.asarray(time)[index]))
