"""A walker's left is like its right: learn from each step twice, once in the mirror (arXiv:2403.04359).

With M the reflection in the plane that divides the robot, what is worth doing in s is worth doing in M s:

    A(s, a) = A(M s, M a)        V(s) = V(M s)

An update sees every sample and its image, with the same advantage and return ("augmentation" in Mittal et
al. 2024). The old probability of an image is what the policy gave the image itself. With that of the sample,
as in the paper, what a policy has of asymmetry would look like a large step, and the learning rate that
follows the divergence would fall with it: to a fourth of what it is without images, for the a1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.type_aliases import RolloutBufferSamples
from stable_baselines3.common.vec_env import VecNormalize
from torch import Tensor

from contract.errors import TerrafirmaError
from contract.record import Contract, Gait, Leg
from contract.state import Array

# of the components of vectors in the base frame: y changes its sign, turning about x and z too
SIGNS: dict[str, tuple[float, ...]] = {
    "projected_gravity": (1.0, -1.0, 1.0),
    "gyro": (-1.0, 1.0, -1.0),
    "pitch": (1.0,),
    "pitch_rate": (1.0,),
    "phase": (-1.0, -1.0),  # the other pair of legs swings: half a stride later
}
COMMAND_SIGNS = {"vx": 1.0, "vy": -1.0, "yaw_rate": -1.0}
JOINT_TERMS = ("joint_position", "joint_velocity", "joint_effort", "previous_action")
LEG_SIGNS = (-1.0, 1.0, 1.0)  # abduction, thigh, knee

Reflection = tuple[NDArray[np.intp], Array]  # where each number comes from, and its factor


class Mirror:
    """Reflections of a contract's observations and actions.

    Raises:
        TerrafirmaError: the contract's robot has no two sides, or not alike ones.
    """

    def __init__(self, contract: Contract) -> None:
        name, gait = contract.identity.robot, contract.action.gait
        if gait is None:
            raise TerrafirmaError(f"symmetry: {name} has no gait that says which legs face each other.")
        self.action = _joints(gait, len(contract.joints), name)
        default = np.array([joint.default_position for joint in contract.joints])
        if not np.allclose(reflect(default, self.action), default):
            raise TerrafirmaError(f"symmetry: the default pose of {name} is not the same on both sides.")
        self.observation = self._observation(contract)

    def _observation(self, contract: Contract) -> Reflection:
        index, signs, start = [], [], 0
        for term in contract.observation:
            if term.source in JOINT_TERMS:
                order, sign = self.action
            elif term.source == "command":
                sign = np.array([COMMAND_SIGNS.get(field, np.nan) for field in contract.command.fields])
                order = np.arange(len(sign))
            else:
                sign = np.array(SIGNS.get(term.source, (np.nan,) * term.dimension))
                order = np.arange(term.dimension)
            if np.isnan(sign).any() or term.offset:
                raise TerrafirmaError(f"symmetry: nobody knows what {term.source!r} is in a mirror.")
            for _ in range(term.history):
                index.append(start + order)
                signs.append(sign)
                start += term.dimension
        return np.concatenate(index), np.concatenate(signs)


def _joints(gait: Gait, count: int, name: str) -> Reflection:
    """Where the image of each joint is; joints that belong to no leg have none."""
    index, signs = np.full(count, -1), np.ones(count)
    for leg in gait.legs:
        other = _opposite(leg, gait, name)
        index[list(leg.joints)] = other.joints
        signs[list(leg.joints)] = LEG_SIGNS
    if (index < 0).any():
        raise TerrafirmaError(f"symmetry: {name} has joints that belong to no leg.")
    return index, signs


def _opposite(leg: Leg, gait: Gait, name: str) -> Leg:
    """The leg on the other side, which steps half a stride later."""
    x, y, z = leg.hip
    for other in gait.legs:
        later = (other.phase_offset - leg.phase_offset) % 1.0
        alike = (other.thigh, other.shank, -other.lateral_offset) == (
            leg.thigh,
            leg.shank,
            leg.lateral_offset,
        )
        if alike and np.allclose(other.hip, (x, -y, z)) and np.isclose(later, 0.5):
            return other
    raise TerrafirmaError(f"symmetry: a leg of {name} has none that faces it and steps half a stride later.")


def reflect(values: Array, reflection: Reflection) -> Array:
    """The image of values (..., n)."""
    index, signs = reflection
    return np.asarray(values[..., index] * signs)


class MirroredRollouts(RolloutBuffer):
    """Adds to each minibatch its image.

    `policy` is that which is learning; it has to be set before the first update.

    Args:
        normaliser: that of the observations, which are stored normalised.
    """

    policy: ActorCriticPolicy

    def __init__(self, *arguments: Any, mirror: Mirror, normaliser: VecNormalize, **options: Any) -> None:
        self._mirror, self._normaliser = mirror, normaliser
        self._images: tuple[Tensor, Tensor, Tensor] | None = None
        super().__init__(*arguments, **options)

    def reset(self) -> None:
        self._images = None
        super().reset()

    def _get_samples(self, batch_inds: NDArray[np.int_], env: VecNormalize | None = None) -> Any:
        if self._images is None:  # the first minibatch of an update: the policy is still that of the rollout
            self._images = self._reflected()
        samples = super()._get_samples(batch_inds, env)
        observations, actions, log_prob = (image[torch.as_tensor(batch_inds)] for image in self._images)
        return RolloutBufferSamples(
            torch.cat([samples.observations, observations]),
            torch.cat([samples.actions, actions]),
            torch.cat([samples.old_values, samples.old_values]),
            torch.cat([samples.old_log_prob, log_prob]),
            torch.cat([samples.advantages, samples.advantages]),
            torch.cat([samples.returns, samples.returns]),
        )

    def _reflected(self) -> tuple[Tensor, Tensor, Tensor]:
        """Images of all observations and actions, and their log-probabilities now."""
        statistics: Any = self._normaliser.obs_rms
        mean, deviation = statistics.mean, np.sqrt(statistics.var + self._normaliser.epsilon)
        raw = reflect(self.observations * deviation + mean, self._mirror.observation)
        observations = torch.as_tensor((raw - mean) / deviation, dtype=torch.float32)
        actions = torch.as_tensor(reflect(self.actions, self._mirror.action), dtype=torch.float32)
        with torch.no_grad():
            _, log_prob, _ = self.policy.evaluate_actions(observations, actions)
        return observations, actions, log_prob
