"""Set-points as a policy file: it plays them by heart, through everything that any policy goes through.

So the bridge ramps it in, limits it and stops it, the recorder records it, and no other node has to be
trusted with a robot. Its memory counts the ticks; what it sees does not matter. It stays where it ends.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from contract.record import Action, Command, Contract, Identity, ObservationTerm, RecurrentState, Safety
from contract.sources import SOURCES
from contract.state import Array, RobotState
from policies.export import export
from policies.networks import Deployed
from policies.runtime import Policy
from sim.robots.spec import RobotSpec

TASK = "excitation"
RAMP_IN = 3.0  # s, from wherever the robot is to where the chirp begins
LEAST_SCALE = 1e-3  # rad
TILT_LIMIT = 0.5  # rad, of a robot on its feet
# nothing can be asked of it
NO_COMMAND = Command("velocity", ("vx",), ("m/s",), "base", (0.0,), (0.0,), (0.0,), timeout=1.0)


class Recital(Deployed):
    """observation, tick (batch, 1) -> the action of that tick (batch, joints) rad, tick + 1."""

    actions: Tensor
    recurrent_state = (RecurrentState("tick", (1, 1)),)

    def __init__(self, actions: Array) -> None:
        super().__init__()
        self.register_buffer("actions", torch.from_numpy(actions.astype(np.float32)))

    def forward(self, observation: Tensor, tick: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes as in the class docstring."""
        row = tick[:, 0].long().clamp(0, len(self.actions) - 1)
        return self.actions[row] + 0.0 * observation[:, :1], tick + 1.0


def write_excitation(spec: RobotSpec, set_points: Array, rate: float, path: Path) -> Policy:
    """Export a policy that plays set-points (N, n) rad at `rate` Hz."""
    default = np.array([joint.default_position for joint in spec.joints])
    actions = set_points - default
    contract = _contract(spec, rate, np.abs(actions).max(axis=0))
    still = RobotState(default, np.zeros_like(default), np.zeros_like(default))
    readings = [(replace(still, joint_position=default + offset), np.zeros(1)) for offset in actions[:24]]
    return export(Recital(actions), contract, readings, path)


def _contract(spec: RobotSpec, rate: float, largest: Array) -> Contract:
    n, source = len(spec.joints), SOURCES["joint_position"]
    return Contract(
        identity=Identity(f"{spec.name}-{TASK}", spec.name, TASK, "", "", method=TASK),
        control_rate=rate,
        joints=spec.joints,
        action=Action("position_offset", tuple(np.maximum(largest, LEAST_SCALE).tolist())),
        observation=(ObservationTerm("joint_position", n, source.unit, source.frame),),
        command=NO_COMMAND,
        safety=Safety(5.0 / rate, RAMP_IN, TILT_LIMIT if spec.floating_base else None),
    )
