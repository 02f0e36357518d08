"""The target domain as methods see it: transitions, and a count of what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from adaptation.transitions import Floats, Transitions
from contract.errors import TerrafirmaError
from sim.environment import RobotEnv

# observation (observation_size,) -> normalised action (joints,); it is not told where an episode
# begins, so a recurrent policy is none
Behaviour = Callable[[Floats], Floats]


class BudgetError(TerrafirmaError):
    """A method asked for more target steps than it was given."""


class Target(Protocol):
    """Where target transitions come from; it alone counts the steps spent."""

    @property
    def budget(self) -> int: ...

    @property
    def spent(self) -> int: ...

    def transitions(self) -> Transitions:
        """Everything recorded so far."""
        ...


class LogTarget:
    """A recording, for instance a bag from a robot: every step in it is already spent.

    Args:
        steps: control steps that the recording cost; by default one a transition. A bag costs
            more, because steps across a change of command are no transitions.
    """

    def __init__(self, recorded: Transitions, steps: int | None = None) -> None:
        if not len(recorded):
            raise TerrafirmaError("the recording holds no transitions: was the policy ever running?")
        self._recorded = recorded
        self._steps = len(recorded) if steps is None else steps

    @property
    def budget(self) -> int:
        return self._steps

    @property
    def spent(self) -> int:
        return self._steps

    def transitions(self) -> Transitions:
        return self._recorded


class EnvTarget:
    """A target environment that can be stepped, up to `budget` steps in all."""

    def __init__(self, env: RobotEnv, budget: int, seed: int) -> None:
        self._env, self._budget, self._spent = env, budget, 0
        self._observation, _ = env.reset(seed=seed)
        self._rows: list[tuple[Floats, Floats, float, Floats, bool]] = []

    @property
    def budget(self) -> int:
        return self._budget

    @property
    def spent(self) -> int:
        return self._spent

    def collect(self, behaviour: Behaviour, steps: int) -> None:
        """Take `steps` steps; raises BudgetError, before the first, if they are not left."""
        if self._spent + steps > self._budget:
            raise BudgetError(
                f"{steps} target steps asked for, {self._budget - self._spent} of {self._budget} left."
            )
        for _ in range(steps):
            action = np.clip(behaviour(self._observation), -1.0, 1.0).astype(np.float32)
            command = self._env.command
            following, reward, terminated, truncated, _ = self._env.step(action)
            if np.array_equal(command, self._env.command):  # else s' already sees the next command
                self._rows.append((self._observation, action, reward, following, terminated))
            self._observation = self._env.reset()[0] if terminated or truncated else following
            self._spent += 1

    def transitions(self) -> Transitions:
        if not self._rows:
            raise TerrafirmaError("no target steps have been taken yet: call collect() first.")
        observation, action, reward, following, terminated = zip(*self._rows, strict=True)
        return Transitions(
            np.array(observation, dtype=np.float32),
            np.array(action, dtype=np.float32),
            np.array(reward, dtype=np.float32),
            np.array(following, dtype=np.float32),
            np.array(terminated, dtype=bool),
        )
