"""A student that finds out what its teacher was told (RMA, Kumar et al. 2021, arXiv:2107.04034, phase 2).

With h the last H normalised observations, zeros before the episode, and the teacher's mu and pi frozen:

    z' = phi(h)        a = pi(x, z')        minimise over phi   E |phi(h) - mu(e)|²

The expectation is over the student's own episodes, with the teacher's answers as labels (DAgger, Ross
et al. 2011, arXiv:1011.0686): a student that errs meets what its errors lead to, and learns there. It
learns from its latest rollouts together, since one alone holds few robots. They are no part of a
checkpoint: a student that is resumed collects them anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.vec_env import VecNormalize
from torch import Tensor, nn

from policies.callbacks import Checkpoints, falling_rate
from policies.config import PpoConfig
from policies.curve import LearningCurve
from policies.learners import Learner
from policies.teacher import TeacherNetwork
from policies.tick_memory import TickMemory

LEARNING_RATE = 1e-3  # at the beginning of the phase
LATENT_ERROR, ACTION_ERROR = "latent_error", "action_error"
SMALLEST_SPREAD = 1e-12  # of a latent that says nothing, to divide by


def train_student(config: PpoConfig, model: Learner, curve: LearningCurve, checkpoints: Checkpoints) -> None:
    """Train the student of a trained teacher up to `config.total_steps`, counted on from the teacher's.

    The curve shows `latent_error`: the share of the latent's variance that the student, on a rollout
    which it has not trained on yet, does not explain. `action_error` is the same of what the latent
    changes about the action. 1 is as good as a constant latent, 0 is the teacher.
    """
    env = model.get_vec_normalize_env()
    assert isinstance(model, PPO), "recipes refuse a recurrent teacher"
    assert env is not None
    env.training = False  # the networks are used to these statistics
    callbacks = CallbackList([curve, checkpoints])
    callbacks.init_callback(model)
    curve.forget()
    student = _Student(config, model, env, callbacks)
    callbacks.on_training_start({}, {})
    while model.num_timesteps < config.total_steps:
        callbacks.on_rollout_start()
        errors = student.play()
        done = 1.0 - (config.total_steps - model.num_timesteps) / (config.total_steps - config.steps)
        student.learn(falling_rate(LEARNING_RATE, done))
        curve.also |= errors
        for name, error in errors.items():
            model.logger.record(f"student/{name}", error)
        model.logger.dump(model.num_timesteps)
    callbacks.on_training_end()


class _Student:
    """The student's episodes, which go on from one rollout to the next, and its regression."""

    def __init__(self, config: PpoConfig, model: PPO, env: VecNormalize, callbacks: CallbackList) -> None:
        network: Any = model.policy.mlp_extractor
        assert isinstance(network, TeacherNetwork)
        assert config.teacher_student is not None
        self._config, self._model, self._env, self._callbacks = config, model, env, callbacks
        self._network = network
        self._actor = nn.Sequential(network.policy_net, model.policy.action_net)
        self._seen, self._fresh = _normalised(env.reset()), torch.ones(env.num_envs, dtype=torch.bool)
        latent, ticks = config.teacher_student.latent, network.student.ticks
        self._memory = TickMemory(env.num_envs, network.observed, latent, ticks)

    def play(self) -> dict[str, float]:
        """A rollout; returns the student's errors in it."""
        seen, truths, guesses = [], [], []
        for _ in range(self._config.rollout_steps):
            seen.append(self._seen[:, : self._network.observed])
            with torch.no_grad():
                truths.append(self._network.latent(self._seen))
                self._memory.add(seen[-1], truths[-1], self._fresh)
                guesses.append(self._network.student(self._memory.newest()))
            self._step(self._act(seen[-1], guesses[-1]).numpy())
        observed, truth, guess = (torch.cat(part) for part in (seen, truths, guesses))
        constant = truth.mean(dim=0).expand_as(truth)
        actions = [self._act(observed, latent) for latent in (guess, truth, constant)]
        return {LATENT_ERROR: _missed(guess, truth, constant), ACTION_ERROR: _missed(*actions)}

    def _act(self, observed: Tensor, latent: Tensor) -> Tensor:
        """What the actor does, (rows, joints) in [-1, 1], for latents that it is given."""
        with torch.no_grad():
            action: Tensor = self._actor(torch.cat([observed, latent], dim=1))
        return action.clamp(-1.0, 1.0)

    def _step(self, action: NDArray[np.float32]) -> None:
        seen, _, dones, infos = self._env.step(action)
        self._seen, self._fresh = _normalised(seen), torch.from_numpy(dones)
        self._model.num_timesteps += self._env.num_envs
        self._callbacks.update_locals({"infos": infos})
        self._callbacks.on_step()

    def learn(self, rate: float) -> None:
        """As many updates as PPO makes of a rollout, on ticks of this one and of those before."""
        config, student, optimizer = self._config, self._network.student, self._model.policy.optimizer
        for group in optimizer.param_groups:
            group["lr"] = rate
        chance = torch.Generator().manual_seed(self._model.num_timesteps)
        batch = config.rollout_steps * self._env.num_envs // config.minibatches
        for _ in range(config.epochs * config.minibatches):
            histories, latents = self._memory.sample(batch, chance)
            loss = (student(histories) - latents).square().mean()
            optimizer.zero_grad()  # without a gradient, the teacher's parameters stay
            loss.backward()
            nn.utils.clip_grad_norm_(student.parameters(), self._model.max_grad_norm)
            optimizer.step()


def _missed(guess: Tensor, truth: Tensor, constant: Tensor) -> float:
    """Squared error of a guess, as a share of that of a constant; all (samples, numbers)."""
    spread = (constant - truth).square().sum()
    return float((guess - truth).square().sum() / spread.clamp_min(SMALLEST_SPREAD))


def _normalised(seen: Any) -> Tensor:
    """What a normalising environment gives, (environments, total), for torch."""
    return torch.from_numpy(np.asarray(seen, dtype=np.float32))
