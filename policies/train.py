"""Train a policy in a domain: the run directory gets a curve, a checkpoint and the ONNX file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import VecNormalize

from contract.record import Identity
from contract.state import Array, RobotState
from policies.callbacks import AdaptiveLearningRate, Checkpoints, LinearLearningRate
from policies.checkpoint import load_checkpoint
from policies.config import PpoConfig, SacConfig
from policies.curve import EarlyStop, LearningCurve, Report
from policies.export import export
from policies.learners import Learner, make_ppo, make_sac
from policies.networks import deployed_policy
from policies.runtime import Policy
from sim.environment import RobotEnv
from sim.vector.factory import make_vector
from sim.vector.spec import EnvironmentSpec

CHECKPOINT, CURVE, POLICY = "checkpoint.pt", "metrics.jsonl", "policy.onnx"
GOLDEN_TICKS = 24


def train(
    config: SacConfig | PpoConfig,
    spec: EnvironmentSpec,
    identity: Identity,
    run: Path,
    seed: int,
    report: Report,
    resume: bool = False,
) -> Policy:
    """Train from scratch, or go on from the run's checkpoint, until the last step or `stop_at`; export.

    Args:
        run: directory for checkpoint.pt, metrics.jsonl, TensorBoard events and policy.onnx.
        report: called every few seconds with steps done and recent metrics.
    """
    torch.set_num_threads(1)  # the other core steps the environments
    run.mkdir(parents=True, exist_ok=True)
    raw = make_vector(spec, config.environments, config.workers, seed)
    curve = LearningCurve(run / CURVE, report)
    callbacks: list[BaseCallback] = [curve, Checkpoints(run / CHECKPOINT)]
    if config.stop_at is not None:
        callbacks.append(EarlyStop(config.stop_at, curve))
    try:
        model: Learner
        normaliser = None
        if isinstance(config, PpoConfig):
            normaliser = VecNormalize(raw, norm_reward=False)
            model = make_ppo(config, normaliser, seed)
            callbacks.append(AdaptiveLearningRate(config.learning_rate, config.desired_kl))
        else:
            model = make_sac(config, raw, seed)
        if resume:
            load_checkpoint(run / CHECKPOINT, model, normaliser)
        model.set_logger(configure(str(run / "tensorboard"), ["tensorboard"]))
        remaining = max(0, config.steps - model.num_timesteps)
        if isinstance(config, SacConfig):
            callbacks.append(LinearLearningRate(config.learning_rate, config.steps))
        if remaining:
            model.learn(remaining, callbacks, reset_num_timesteps=False)
        network = deployed_policy(model, normaliser, raw.contract.action.scale)
        contract = replace(raw.contract, identity=identity)
        return export(network, contract, golden_readings(spec, seed), run / POLICY)
    finally:
        raw.close()


def golden_readings(spec: EnvironmentSpec, seed: int) -> list[tuple[RobotState, Array]]:
    """Sensor readings of a robot that moves at random, for a golden trace."""
    env = RobotEnv(spec.robot, spec.task, spec.domain)
    env.reset(seed=seed)
    readings = []
    rng = np.random.default_rng(seed)
    for _ in range(GOLDEN_TICKS):
        readings.append((env.robot.sense(), env.command.copy()))
        env.step(rng.uniform(-0.5, 0.5, len(env.contract.joints)).astype(np.float32))
    env.close()
    return readings
