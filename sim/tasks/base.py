"""What a task has to say: its side of the contract, its starts, its reward, its success."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contract.record import Action, Command, ObservationTerm, Safety
from contract.sources import SOURCES
from contract.state import Array, RobotState
from sim.robots.spec import RobotSpec
from sim.scene import Scene
from sim.truth import Truth


@dataclass(frozen=True)
class TaskContract:
    """The parts of a contract that a task decides."""

    action: Action
    observation: tuple[ObservationTerm, ...]
    command: Command
    safety: Safety


@dataclass
class Step:
    """What a reward may look at after one control period, of one robot or, with leading axes, of many."""

    state: RobotState
    command: Array  # (..., k)
    action: Array  # (..., n) normalised, in [-1, 1]
    previous_action: Array  # (..., n)
    tool_position: Array | None  # (..., 3) m, world; robots with a tool
    truth: Truth | None  # None when the step was rebuilt from a robot's recording


class Task(Protocol):
    """One task for one robot; it keeps no state of an episode, so one object serves every environment.

    Its constructor raises TerrafirmaError where the robot lacks what the task needs.
    """

    name: str
    robot: RobotSpec
    control_rate: float  # Hz
    episode_seconds: float
    command_seconds: float  # between two commands within an episode
    reward_needs_truth: bool  # whether a reward can be computed from a robot's recording alone

    @property
    def scene(self) -> Scene | None:
        """What has to stand around the robot; None: nothing but the ground."""
        ...

    def contract(self) -> TaskContract: ...

    def initial_position(self, rng: np.random.Generator) -> Array:
        """Joint positions (n,) rad at the start of an episode."""
        ...

    def sample_command(self, rng: np.random.Generator) -> Array: ...

    def reward(self, step: Step) -> Array:
        """What the step is worth (...)."""
        ...

    def terminated(self, step: Step) -> NDArray[np.bool_]:
        """Whether the episode has failed and must end (...); running out of time is not that."""
        ...

    def measure(self, step: Step) -> dict[str, Array]:
        """The task's own metrics (...) of one step; an episode reports their means."""
        ...

    def success(self, history: Mapping[str, ArrayLike], terminated: bool) -> bool:
        """Whether an episode with these measurements (steps,) achieved what was asked."""
        ...


def near_default(robot: RobotSpec, rng: np.random.Generator, spread: float) -> Array:
    """Joint positions (n,) rad, each within `spread` rad of the default pose."""
    default = np.array([joint.default_position for joint in robot.joints])
    return np.asarray(default + rng.uniform(-spread, spread, len(default)))


def squared_norm(vectors: Array) -> Array:
    """Sums of squares (...) of vectors (..., k)."""
    return np.asarray(np.einsum("...i,...i->...", vectors, vectors))


def norm(vectors: Array) -> Array:
    """Lengths (...) of vectors (..., k)."""
    return np.asarray(np.sqrt(squared_norm(vectors)))


def observation_term(
    source: str, robot: RobotSpec, command: Command, scale: float = 1.0, history: int = 1
) -> ObservationTerm:
    """A term with the dimension, unit and frame that its source defines."""
    entry = SOURCES[source]
    dimension = entry.dimension(len(robot.joints), len(command.fields))
    return ObservationTerm(source, dimension, entry.unit, entry.frame, scale, history=history)
