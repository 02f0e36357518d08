"""Sources and targets by name, each pair from a publication."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers import RescaleAction, TimeLimit

from contract.errors import UnknownNameError
from sim.shifts.broken_motor import BrokenMotor
from sim.shifts.reacher import ReacherEnv

Environment = gymnasium.Env[Any, Any]
DARC = "Eysenbach et al. 2021, arXiv:2006.13916"
REACHER_STEPS = 100


@dataclass(frozen=True)
class Pair:
    """Two environments with the same spaces; their actions are in [-1, 1]."""

    name: str
    source: Callable[[], Environment]
    target: Callable[[], Environment]
    origin: str  # who has judged methods on it


def reacher(broken: int | None = None) -> Environment:
    """The 7-DoF reacher; `broken` is a motor without torque."""
    return TimeLimit(ReacherEnv(broken), REACHER_STEPS)


def gymnasium_task(name: str, broken: int | None = None, **options: Any) -> Environment:
    """A registered environment; `broken` is an entry of its action that does nothing."""
    env = gymnasium.make(name, disable_env_checker=True, **options)
    return _normalised(env if broken is None else BrokenMotor(env, broken))


def _normalised(env: Environment) -> Environment:
    return RescaleAction(env, np.float32(-1.0), np.float32(1.0))


def _broken(name: str, task: Callable[..., Environment], motor: int) -> Pair:
    return Pair(name, task, partial(task, broken=motor), DARC)


PAIRS = {
    pair.name: pair
    for pair in (
        _broken("broken-reacher", reacher, 0),
        _broken("broken-half-cheetah", partial(gymnasium_task, "HalfCheetah-v5"), 0),
        _broken("broken-ant", partial(gymnasium_task, "Ant-v5"), 3),
    )
}


def pair_by_name(name: str) -> Pair:
    """The pair called `name`; raises UnknownNameError with the nearest match."""
    if name not in PAIRS:
        raise UnknownNameError("pair of environments", name, PAIRS)
    return PAIRS[name]
