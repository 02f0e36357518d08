"""Train a policy in a domain: the run directory gets a curve, a checkpoint and the ONNX file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import VecNormalize

from contract.record import Identity
from contract.state import Array, RobotState
from policies.asymmetric import require_privileged
from policies.callbacks import AdaptiveLearningRate, Checkpoints, LinearLearningRate
from policies.checkpoint import load_checkpoint
from policies.config import PpoConfig, SacConfig
from policies.curve import EarlyStop, LearningCurve, Report
from policies.epopt import WorstEpisodes
from policies.export import export
from policies.learners import Learner, make_ppo, make_sac
from policies.networks import deployed_policy
from policies.runtime import Policy
from policies.student import train_student
from policies.symmetric_policy import SymmetricStatistics
from policies.symmetry import Mirror
from policies.widening import Widening
from sim.domains.widening import WideningDomain
from sim.environment import RobotEnv
from sim.robots import load_robot
from sim.vector.base import RobotVecEnv
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

    A teacher's student is trained after it, and is what is exported.

    Args:
        run: directory for checkpoint.pt, metrics.jsonl, TensorBoard events and policy.onnx.
        report: called every few seconds with steps done and recent metrics.
    """
    spec = _told(config, spec)
    torch.set_num_threads(1)  # more wait for each other, for long where something else wants the cores too
    run.mkdir(parents=True, exist_ok=True)
    widening, epopt = _robust(config, spec)
    raw = make_vector(spec, config.environments, config.workers, seed)
    robust = [callback for callback in (widening, epopt) if callback is not None]
    curve = LearningCurve(run / CURVE, report, [callback.metrics for callback in robust])
    checkpoints = Checkpoints(run / CHECKPOINT, widening)
    try:
        for number, phase in enumerate(_phases(config)):
            model, normaliser, schedule = _learner(phase, raw, seed)
            if resume or number > 0:
                load_checkpoint(run / CHECKPOINT, model, normaliser, widening)
            model.set_logger(configure(str(run / "tensorboard"), ["tensorboard"]))
            if widening is not None:
                raw.redistribute(widening.stage)
            callbacks: list[BaseCallback] = [curve, checkpoints, schedule, *robust]
            if config.stop_at is not None:
                callbacks.append(EarlyStop(config.stop_at, curve))
            if remaining := max(0, phase.steps - model.num_timesteps):
                model.learn(remaining, callbacks, reset_num_timesteps=False)
        if isinstance(config, PpoConfig) and config.teacher_student:
            train_student(config, model, curve, checkpoints)
        network = deployed_policy(model, normaliser, raw.contract.action.scale)
        contract = replace(raw.contract, identity=identity)
        return export(network, contract, golden_readings(spec, seed), run / POLICY)
    finally:
        raw.close()


def _phases(config: SacConfig | PpoConfig) -> list[SacConfig | PpoConfig]:
    """The settings to learn with, each from the checkpoint of the one before: EPOpt may play on longer."""
    if isinstance(config, SacConfig) or config.epopt is None or config.epopt.rollout_steps is None:
        return [config]
    warm_up = config.model_copy(update={"steps": config.epopt.warm_up})
    return [warm_up, config.model_copy(update={"rollout_steps": config.epopt.rollout_steps})]


def _told(config: SacConfig | PpoConfig, spec: EnvironmentSpec) -> EnvironmentSpec:
    """Environments that tell what no sensor says, where a switch of the training needs it."""
    if isinstance(config, SacConfig) or not config.privileged:
        return spec
    require_privileged(load_robot(spec.robot), spec.domain, config.privileged)
    return replace(spec, privileged=True)


def _learner(
    config: SacConfig | PpoConfig, environments: RobotVecEnv, seed: int
) -> tuple[Learner, VecNormalize | None, BaseCallback]:
    """The model, what normalises its observations, and what sets its learning rate."""
    if isinstance(config, PpoConfig):
        normaliser = VecNormalize(environments, norm_reward=False)
        mirror = Mirror(environments.contract) if config.symmetry else None
        if mirror is not None:
            statistics: Any = SymmetricStatistics(mirror.observation)
            normaliser.obs_rms = statistics
        rate = AdaptiveLearningRate(config.learning_rate, config.desired_kl)
        model = make_ppo(config, normaliser, seed, environments.contract.observation_size, mirror)
        return model, normaliser, rate
    return make_sac(config, environments, seed), None, LinearLearningRate(config.learning_rate, config.steps)


def _robust(
    config: SacConfig | PpoConfig, spec: EnvironmentSpec
) -> tuple[Widening | None, WorstEpisodes | None]:
    """What decides on which robots a policy learns, where a switch asks for it."""
    widening, epopt = None, None
    if isinstance(config, PpoConfig) and config.widening is not None:
        widening = Widening(config.widening, WideningDomain(spec.domain, load_robot(spec.robot)))
    if isinstance(config, PpoConfig) and config.epopt is not None:
        epopt = WorstEpisodes(config.epopt)
    return widening, epopt


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
