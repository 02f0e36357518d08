"""Episodes recorded for the eye: poses of a policy in a domain, rendered as a film or a strip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from policies.runtime import Policy
from sim.domains.domain import Domain
from sim.environment import RobotEnv
from sim.rendering import Pose, Renderer, animation

FRAMES_PER_SECOND = 10.0


def film(policy: Policy, domain: Domain, seconds: float, seed: int = 10_000) -> bytes:
    """An animated WebP of consecutive episodes, `seconds` long."""
    env = _environment(policy, domain)
    every = max(1, round(env.task.control_rate / FRAMES_PER_SECOND))
    poses = [snapshot(env) for tick in _ticks(policy, env, seconds, seed) if tick % every == 0]
    env.close()
    return animation(env.robot_spec, poses, env.task.control_rate / every, env.task.scene)


def strip(policy: Policy, domain: Domain, moments: Sequence[float], seed: int = 10_000) -> Image.Image:
    """Pictures side by side: consecutive episodes at `moments`, s from the first one's start."""
    env = _environment(policy, domain)
    wanted = {round(moment * env.task.control_rate) for moment in moments}
    seconds = max(moments) + 1.0 / env.task.control_rate
    poses = [snapshot(env) for tick in _ticks(policy, env, seconds, seed) if tick in wanted]
    env.close()
    renderer = Renderer(env.robot_spec, scene=env.task.scene)
    frames = [renderer.frame(pose) for pose in poses]
    renderer.close()
    return Image.fromarray(np.concatenate(frames, axis=1))


def _environment(policy: Policy, domain: Domain) -> RobotEnv:
    identity = policy.contract.identity
    return RobotEnv(identity.robot, identity.task, domain)


def _ticks(policy: Policy, env: RobotEnv, seconds: float, seed: int) -> Iterator[int]:
    """The number of each tick, before it is acted on; episodes follow each other."""
    scale = np.array(policy.contract.action.scale)
    observation, _ = env.reset(seed=seed)
    policy.reset()
    for tick in range(round(seconds * env.task.control_rate)):
        yield tick
        action = (policy(observation) / scale).astype(np.float32)
        observation, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            observation, _ = env.reset()
            policy.reset()


def snapshot(env: RobotEnv) -> Pose:
    """What there is to see now; a target in the plane is marked on the ground."""
    marker = np.append(env.command, np.zeros(3))[:3] if env.contract.command.name == "target" else None
    thing = env.robot.object_pose() if env.task.scene else None
    return Pose(*env.robot.pose(), marker, env.robot.terrain, thing)
