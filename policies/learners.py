"""Stable-Baselines3 models from our settings."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from policies.asymmetric import AsymmetricPolicy
from policies.config import PpoConfig, SacConfig
from policies.recurrent_policy import StretchPolicy
from policies.symmetric_policy import SymmetricPolicy
from policies.symmetry import Mirror
from policies.teacher import TeacherPolicy

Learner = SAC | PPO | RecurrentPPO


def make_sac(
    config: SacConfig,
    env: VecEnv,
    seed: int,
    buffer_class: type[ReplayBuffer] = ReplayBuffer,
    buffer_arguments: dict[str, Any] | None = None,
) -> SAC:
    """SAC whose replay buffer may be replaced, as transfer methods do."""
    return SAC(
        "MlpPolicy",
        env,
        learning_rate=config.learning_rate,
        batch_size=config.batch_size,
        gamma=config.gamma,
        tau=config.tau,
        train_freq=1,
        gradient_steps=max(1, round(config.updates_per_step * env.num_envs)),
        learning_starts=config.learning_starts,
        buffer_size=config.buffer_size,
        replay_buffer_class=buffer_class,
        replay_buffer_kwargs=buffer_arguments or {},
        policy_kwargs={"net_arch": list(config.hidden)},
        seed=seed,
        device="cpu",
    )


def make_ppo(
    config: PpoConfig, env: VecNormalize, seed: int, observed: int | None = None, mirror: Mirror | None = None
) -> PPO | RecurrentPPO:
    """PPO on normalised observations; the learning rate belongs to `AdaptiveLearningRate`.

    With `config.recurrent` actor and critic have an LSTM each, trained on whole stretches of the rollout.

    Args:
        observed: the first numbers of an observation, which the policy may see; None: all.
        mirror: of the robot, where `config.symmetry` asks for a symmetric policy.
    """
    network: dict[str, Any] = {
        "net_arch": list(config.hidden),
        "activation_fn": torch.nn.ELU,
        "log_std_init": config.initial_log_std,
    }
    policy: Any = "MlpPolicy"
    if config.recurrent is not None:
        network["lstm_hidden_size"], policy = config.recurrent.hidden, StretchPolicy
    if config.privileged:
        network["observed"], policy = observed, AsymmetricPolicy
    if config.teacher_student is not None:
        network["settings"], policy = config.teacher_student, TeacherPolicy
    if mirror is not None:
        network["mirror"], policy = mirror, SymmetricPolicy
    made: type[PPO | RecurrentPPO] = PPO if config.recurrent is None else RecurrentPPO
    return made(
        policy,
        env,
        learning_rate=config.learning_rate,
        n_steps=config.rollout_steps,
        batch_size=config.rollout_steps * env.num_envs // config.minibatches,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip,
        ent_coef=config.entropy,
        max_grad_norm=1.0,
        normalize_advantage=config.epopt is None,  # it does so itself, over the episodes that count
        policy_kwargs=network,
        seed=seed,
        device="cpu",
    )
