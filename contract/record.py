"""The contract: everything that a robot has to know to run a policy, as one frozen record.

Units are SI and radians, axes REP-103 (x forward, y left, z up), quaternions xyzw. Every
per-joint tuple is in the order of `Contract.joints`, which is also the action order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = 1
CONVENTIONS = "quaternion xyzw; REP-103 axes; SI units; radians"

ActionKind = Literal["position_offset", "position_step", "gait_residual"]


@dataclass(frozen=True)
class Joint:
    """One actuated joint: names, limits and gains that the policy was trained with."""

    name: str
    default_position: float  # rad
    lower: float  # rad
    upper: float  # rad
    max_velocity: float  # rad/s
    max_effort: float  # N·m
    kp: float  # N·m/rad
    kd: float  # N·m·s/rad


@dataclass(frozen=True)
class Leg:
    """One leg of three joints (abduction, thigh, knee) as `contract.gait` needs it.

    A joint's position is `sign` · angle + `zero`; all angles are 0 where the leg hangs straight down, and
    turn about x, y and y of the base.
    """

    joints: tuple[int, int, int]  # indices into Contract.joints
    hip: tuple[float, float, float]  # abduction axis in the base frame, m
    lateral_offset: float  # signed distance from abduction axis to leg plane, m (left positive)
    thigh: float  # m
    shank: float  # m
    phase_offset: float  # fraction of a stride
    sign: tuple[float, float, float] = (1.0, 1.0, 1.0)  # 1 or -1: which way each joint turns
    zero: tuple[float, float, float] = (0.0, 0.0, 0.0)  # rad, of the joints where the leg hangs straight


@dataclass(frozen=True)
class Gait:
    """Open-loop trot whose joint angles a `gait_residual` action is added to."""

    legs: tuple[Leg, ...]
    frequency: float  # strides per second
    body_height: float  # hip above foot, m
    swing_height: float  # m
    foot_x_offset: float  # nominal foot ahead of its hip, m
    stand_below: float  # command norm under which the feet stay on the ground


@dataclass(frozen=True)
class Action:
    """How a network output becomes joint set-points.

    The graph's output is already in radians: its normalised action times `scale`.
    """

    kind: ActionKind
    scale: tuple[float, ...]  # rad for a normalised action of 1
    gait: Gait | None = None


@dataclass(frozen=True)
class ObservationTerm:
    """One block of the observation: (value - offset) * scale, clipped, oldest history first."""

    source: str  # a key of contract.sources.SOURCES
    dimension: int  # of one time step
    unit: str
    frame: str
    scale: float = 1.0
    offset: float = 0.0
    clip: float = 100.0
    history: int = 1


@dataclass(frozen=True)
class Command:
    """What a user asks of the policy, e.g. a velocity or a target position."""

    name: str
    fields: tuple[str, ...]
    units: tuple[str, ...]
    frame: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    neutral: tuple[float, ...]  # used when nobody has commanded anything, or for too long
    timeout: float | None  # s until a silent commander means `neutral`; None: latched


@dataclass(frozen=True)
class KinematicJoint:
    """Fixed transform from the previous joint, then a rotation about `axis`."""

    xyz: tuple[float, float, float]  # m
    rpy: tuple[float, float, float]  # rad, URDF convention
    axis: tuple[float, float, float]


@dataclass(frozen=True)
class Kinematics:
    """Serial chain through the contract's joints, from the base frame to the tool point."""

    joints: tuple[KinematicJoint, ...]
    tool: tuple[float, float, float]  # m, in the frame of the last joint


@dataclass(frozen=True)
class RecurrentState:
    """A tensor that the graph takes as `name` and returns as `output`: the policy's memory.

    It is zero at a reset, and what one tick returned is what the next one takes. float32.
    """

    name: str
    shape: tuple[int, ...]  # for one robot; where the graph takes a batch, the first is the batch

    @property
    def output(self) -> str:
        return f"{self.name}_out"


@dataclass(frozen=True)
class Safety:
    """Limits that the robot side enforces whatever the network says."""

    sensor_timeout: float  # s of silence after which the robot holds
    ramp_in: float  # s over which set-points blend from the measured pose
    tilt_limit: float | None = None  # rad between body z and gravity; None: fixed base


@dataclass(frozen=True)
class Identity:
    """Where a policy came from."""

    policy: str
    robot: str
    task: str
    recipe_hash: str
    source_commit: str
    parent: str | None = None  # sha256 of the policy that this one was adapted from
    method: str = "train"


@dataclass(frozen=True)
class Contract:
    """The whole record, serialised by `contract.codec` into the ONNX file's metadata."""

    identity: Identity
    control_rate: float  # Hz
    joints: tuple[Joint, ...]
    action: Action
    observation: tuple[ObservationTerm, ...]
    command: Command
    safety: Safety
    kinematics: Kinematics | None = None
    recurrent_state: tuple[RecurrentState, ...] = ()
    schema_version: int = SCHEMA_VERSION
    conventions: str = CONVENTIONS

    @property
    def joint_names(self) -> tuple[str, ...]:
        return tuple(joint.name for joint in self.joints)

    @property
    def control_period(self) -> float:
        """Seconds between two actions."""
        return 1.0 / self.control_rate

    @property
    def observation_size(self) -> int:
        return sum(term.dimension * term.history for term in self.observation)
