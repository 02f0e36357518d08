"""The environments of one worker: what runs in each process, and in each Ray actor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.environment_batch import EnvironmentBatch
from sim.vector.spec import EnvironmentSpec, StepArrays


class WorkerEnvironments:
    """The environments of one worker, which write into rows of `arrays`; their curricula follow success."""

    def __init__(self, spec: EnvironmentSpec, indices: Sequence[int], arrays: StepArrays, seed: int) -> None:
        self._indices, self._arrays = indices, arrays
        self.batch = EnvironmentBatch(
            spec.robot, spec.task, spec.domain, len(indices), curriculum=True, privileged=spec.privileged
        )
        self._generators = [np.random.default_rng([seed, i]) for i in indices]
        for row, rng in enumerate(self._generators):
            self.batch.reset(row, rng, anew=True)
        arrays.observation[:] = self.batch.everything

    def reset(self) -> None:
        """Begin a new episode in each."""
        for row, rng in enumerate(self._generators):
            self.batch.reset(row, rng, anew=False)
        self._arrays.observation[:] = self.batch.everything

    def step(self) -> list[tuple[int, dict[str, Any]]]:
        """Step each with its action; returns the infos of the episodes that ended."""
        arrays, batch, infos = self._arrays, self.batch, []
        batch.step(arrays.action)
        arrays.reward[:] = batch.reward
        arrays.done[:] = batch.terminated + 2 * batch.truncated
        for row in np.flatnonzero(arrays.done).tolist():
            arrays.final_observation[row] = batch.everything[row]
            info = batch.finish(row)
            if batch.domain.is_widened:  # who widens it wants to know what the outcome is one of
                info["parameters"] = batch.drawn(row)
            infos.append((self._indices[row], info))
            batch.reset(row, self._generators[row], anew=False)
        arrays.observation[:] = batch.everything
        return infos
