"""The C twin of PyBullet's step: many physics steps in one call, where it could be compiled."""

from __future__ import annotations

import ctypes
import functools
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import TerrafirmaError
from contract.state import Array
from sim.actuators import GRAVITY_UPDATE_STEPS, Actuators
from sim.engines.bullet import pybullet
from sim.engines.c_library import compiled
from sim.gravity import STANDARD_GRAVITY, GravityCompensation
from sim.motion import Motion

SOURCE = Path(__file__).with_name("bullet_steps.c")
FREE_BASE, PLANAR_BASE = 0, 1

_NUMBERS = ctypes.POINTER(ctypes.c_double)
_INDICES = ctypes.POINTER(ctypes.c_int)
_LOADING = threading.Lock()  # the library knows the world that loaded it last


class _Weight(ctypes.Structure):
    """`Weight` of bullet_steps.c, field by field."""

    _fields_ = (
        ("origin", _NUMBERS),
        ("rotation", _NUMBERS),
        ("axis", _NUMBERS),
        ("mass", _NUMBERS),
        ("center", _NUMBERS),
        ("joints", ctypes.c_int),
        ("every", ctypes.c_int),
        ("acceleration", ctypes.c_double),
    )


class _Robot(ctypes.Structure):
    """`Robot` of bullet_steps.c, field by field."""

    _fields_ = (
        ("world", ctypes.c_void_p),
        ("body", ctypes.c_int),
        ("joints", ctypes.c_int),
        ("base", ctypes.c_int),
        ("slots", ctypes.c_int),
        ("position_index", _INDICES),
        ("velocity_index", _INDICES),
        ("planar_position", _INDICES),
        ("planar_velocity", _INDICES),
        ("link_frame", _NUMBERS),
        ("target_position", _NUMBERS),
        ("target_velocity", _NUMBERS),
        ("target_effort", _NUMBERS),
        ("kp", _NUMBERS),
        ("kd", _NUMBERS),
        ("low", _NUMBERS),
        ("high", _NUMBERS),
        ("strength", _NUMBERS),
        ("play", _NUMBERS),
        ("no_load_speed", _NUMBERS),
        ("weight", _Weight),
        ("feed_forward", _NUMBERS),
        ("joint_position", _NUMBERS),
        ("joint_velocity", _NUMBERS),
        ("ring", _NUMBERS),
    )


@functools.cache
def library() -> tuple[ctypes.PyDLL, Path] | None:
    """The compiled library and its path; None without a C compiler, or where PyBullet does not fit it."""
    path = compiled(SOURCE)
    if path is None:
        return None
    try:
        # like PyBullet it keeps Python's global lock: no thread may touch a world that steps
        found = ctypes.PyDLL(str(path))
    except OSError:
        return None
    found.terrafirma_newest_world.restype = ctypes.c_void_p
    found.terrafirma_advance.argtypes = (ctypes.c_void_p, *[ctypes.c_longlong] * 2, ctypes.c_int)
    if found.terrafirma_bind(pybullet.__file__.encode(), pybullet.getAPIVersion()):
        return None
    return found, path


class NativeSteps:
    """Steps one robot of one PyBullet client, whose body may change when it is loaded anew."""

    def __init__(self, client: int, found: tuple[ctypes.PyDLL, Path]) -> None:
        self._library, path = found
        with _LOADING:
            if pybullet.loadPlugin(str(path), physicsClientId=client) < 0:
                raise TerrafirmaError(
                    f"PyBullet refused its plugin {path}; delete it, and it is compiled anew"
                )
            self._robot = _Robot(world=self._library.terrafirma_newest_world())
        self._address = ctypes.addressof(self._robot)
        self._kept: dict[str, NDArray[Any]] = {}  # arrays that only C points to
        self._actuators: Actuators | None = None
        self._motion: Motion | None = None

    def load(
        self,
        body: int,
        indices: NDArray[np.intc],
        planar: NDArray[np.intc],
        link_frame: Array,
        joint_state: tuple[Array, Array],
    ) -> None:
        """Take over a body.

        Args:
            indices: (n, 2), of each joint in Bullet's positions and in its velocities.
            planar: (3, 2), the same of a planar base's joints, or empty.
            link_frame: (7,) position m and orientation xyzw of the base's link in its inertial frame.
            joint_state: the engine's own (n,) positions and velocities, refreshed by every step.
        """
        robot = self._robot
        robot.body, robot.joints = body, len(indices)
        robot.base = PLANAR_BASE if len(planar) else FREE_BASE
        self._point("position_index", indices[:, 0])
        self._point("velocity_index", indices[:, 1])
        if len(planar):
            self._point("planar_position", planar[:, 0])
            self._point("planar_velocity", planar[:, 1])
        self._point("link_frame", link_frame)
        self._share(joint_position=joint_state[0], joint_velocity=joint_state[1])

    def _point(self, field: str, values: NDArray[Any]) -> None:
        self._kept[field] = np.ascontiguousarray(values)
        self._share(**{field: self._kept[field]})

    def _share(self, **arrays: Array | None) -> None:
        """Let C work on these arrays themselves."""
        for field, array in arrays.items():
            kind = _INDICES if array is not None and array.dtype == np.intc else _NUMBERS
            setattr(self._robot, field, None if array is None else array.ctypes.data_as(kind))

    def _serve(self, actuators: Actuators, motion: Motion) -> None:
        self._actuators, self._motion = actuators, motion
        self._share(ring=motion.block, **actuators.arrays())
        self._robot.slots = motion.slots
        if actuators.gravity is not None:
            self._robot.weight = self._weight(actuators.gravity)

    def _weight(self, gravity: GravityCompensation) -> _Weight:
        """An arm's nominal weight, as C wants it."""
        fields: dict[str, Any] = {}
        for name, values in gravity.arrays().items():
            self._kept[name] = np.ascontiguousarray(values, dtype=float)
            fields[name] = self._kept[name].ctypes.data_as(_NUMBERS)
        return _Weight(
            **fields,
            joints=len(gravity.arrays()["mass"]),
            every=GRAVITY_UPDATE_STEPS,
            acceleration=STANDARD_GRAVITY,
        )

    def advance(self, actuators: Actuators, motion: Motion, step: int, count: int) -> None:
        """Take `count` steps under the actuators' present set-points; the first is number `step`."""
        if self._actuators is not actuators or self._motion is not motion:
            self._serve(actuators, motion)
        robot = self._robot
        play, curve = actuators.has_play, actuators.has_speed_limit
        if bool(robot.play) != play or bool(robot.no_load_speed) != curve:
            self._share(
                play=actuators.play if play else None,
                no_load_speed=actuators.no_load_speed if curve else None,
            )
        if self._library.terrafirma_advance(self._address, step, actuators.clock, count):
            raise TerrafirmaError("PyBullet does not tell the robot's state any more.")
        actuators.clock += count
