"""Sources and targets by name, each pair from a publication."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.wrappers import RescaleAction, TimeLimit

from contract.errors import UnknownNameError
from sim.shifts import edits
from sim.shifts.broken_motor import BrokenMotor
from sim.shifts.model_file import Edit, edited_model
from sim.shifts.reacher import ReacherEnv
from sim.shifts.speed_reward import SpeedEitherWay

Environment = gymnasium.Env[Any, Any]
DARC = "Eysenbach et al. 2021, arXiv:2006.13916"
ODRL = "Lyu et al. 2024, arXiv:2410.20750"
VGDF = "Xu et al. 2023, arXiv:2305.17625"
REACHER_STEPS = 100
LONGEST = 10_000  # steps of an episode that its environment does not end

# Gymnasium's environments, and their model files
TASKS = {
    "half-cheetah": ("HalfCheetah-v5", "half_cheetah.xml"),
    "hopper": ("Hopper-v5", "hopper.xml"),
    "walker2d": ("Walker2d-v5", "walker2d_v5.xml"),
    "ant": ("Ant-v5", "ant.xml"),
}
FACTORS = (0.1, 0.5, 2.0, 5.0)  # of friction and of gravity
LIMITS = {"easy": 0.8, "medium": 0.5, "hard": 0.2}  # factors of joints' ranges
JOINTS = {
    ("half-cheetah", "foot"): ("bfoot", "ffoot"),
    ("half-cheetah", "thigh"): ("bthigh", "fthigh"),
    ("hopper", "foot"): ("foot_joint",),
    ("hopper", "leg"): ("leg_joint",),
    ("walker2d", "foot"): ("foot_joint", "foot_left_joint"),
    ("walker2d", "leg"): ("leg_joint", "leg_left_joint"),
    ("ant", "hip"): ("hip_1", "hip_2", "hip_3", "hip_4"),
    ("ant", "ankle"): ("ankle_1", "ankle_2", "ankle_3", "ankle_4"),
}


@dataclass(frozen=True)
class Pair:
    """Two environments with the same spaces; their actions are in [-1, 1]."""

    name: str
    source: Callable[[], Environment]
    target: Callable[[], Environment]
    origin: str  # who has judged methods on it


def reacher(broken: int | None = None) -> Environment:
    """The 7-DoF reacher; `broken` is a motor without torque."""
    return _normalised(TimeLimit(ReacherEnv(broken), REACHER_STEPS))


def registered(name: str, broken: int | None = None, edit: Edit | None = None) -> Environment:
    """An environment of `TASKS`, or of Gymnasium's registry.

    Args:
        broken: an entry of the action that does nothing.
        edit: a change to the model; only of `TASKS`.
    """
    name, model = TASKS.get(name, (name, ""))
    if edit is None:
        env = gymnasium.make(name, disable_env_checker=True)
        if env.spec is None or env.spec.max_episode_steps is None:
            env = TimeLimit(env, LONGEST)
    else:
        env = gymnasium.make(name, disable_env_checker=True, xml_file=edited_model(model, edit))
    return _normalised(env if broken is None else BrokenMotor(env, broken))


def either_way(edit: Edit | None = None) -> Environment:
    """A half-cheetah that is paid for its speed, whichever way it runs."""
    return SpeedEitherWay(registered("half-cheetah", edit=edit))


def _normalised(env: Environment) -> Environment:
    if not isinstance(env.action_space, Box) or not env.action_space.is_bounded():
        return env
    return RescaleAction(env, np.float32(-1.0), np.float32(1.0))


def _broken(task: str, motor: int) -> Pair:
    made = partial(registered, task)
    return Pair(f"broken-{task}", made, partial(made, broken=motor), DARC)


def _edited(task: str, shift: str, edit: Edit, origin: str) -> Pair:
    made = partial(registered, task)
    return Pair(f"{task}-{shift}", made, partial(made, edit=edit), origin)


def _scaled(joints: tuple[str, ...], factor: float) -> Edit:
    return edits.ranges(dict.fromkeys(joints, factor))


def _all() -> list[Pair]:
    return [
        Pair("broken-reacher", reacher, partial(reacher, broken=0), DARC),
        _broken("half-cheetah", 0),
        _broken("ant", 3),
        Pair("half-cheetah-obstacle", either_way, partial(either_way, edit=edits.wall), DARC),
        _edited("half-cheetah", "broken-back-thigh", edits.ranges({"bthigh": 0.01}), VGDF),
        _edited("hopper", "broken-hips", edits.ranges({"thigh_joint": 0.001, "foot_joint": 0.4}), VGDF),
        _edited("walker2d", "broken-right-foot", edits.ranges({"foot_joint": 0.01}), VGDF),
        # the authors' model files were not at hand: a tenth and a half are ours
        _edited("half-cheetah", "no-thighs", edits.limbs({"bthigh": 0.1, "fthigh": 0.1}), VGDF),
        _edited("hopper", "short-feet", edits.limbs({"foot": 0.5}), VGDF),
        *(_edited(t, f"gravity-{f:g}", edits.gravity(f), ODRL) for t in TASKS for f in FACTORS),
        *(_edited(t, f"friction-{f:g}", edits.friction(f), ODRL) for t in TASKS for f in FACTORS),
        *(
            _edited(task, f"{part}-{how}", _scaled(joints, factor), ODRL)
            for (task, part), joints in JOINTS.items()
            for how, factor in LIMITS.items()
        ),
    ]


PAIRS = {pair.name: pair for pair in _all()}


def pair_by_name(name: str) -> Pair:
    """The pair called `name`; raises UnknownNameError with the nearest match."""
    if name not in PAIRS:
        raise UnknownNameError("pair of environments", name, PAIRS)
    return PAIRS[name]
