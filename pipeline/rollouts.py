"""Episodes recorded for the eye: poses of a policy in a domain, rendered for the report."""

from __future__ import annotations

import numpy as np

from policies.runtime import Policy
from sim.domains.domain import Domain
from sim.environment import RobotEnv
from sim.rendering import Pose, animation

FRAMES_PER_SECOND = 10.0


def film(policy: Policy, domain: Domain, seconds: float, seed: int = 10_000) -> bytes:
    """An animated WebP of consecutive episodes, `seconds` long."""
    identity = policy.contract.identity
    env = RobotEnv(identity.robot, identity.task, domain)
    scale = np.array(policy.contract.action.scale)
    every = max(1, round(env.task.control_rate / FRAMES_PER_SECOND))
    observation, _ = env.reset(seed=seed)
    policy.reset()
    poses = []
    for tick in range(round(seconds * env.task.control_rate)):
        if tick % every == 0:
            poses.append(snapshot(env))
        action = (policy(observation) / scale).astype(np.float32)
        observation, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            observation, _ = env.reset()
            policy.reset()
    env.close()
    return animation(env.robot_spec, poses, env.task.control_rate / every, env.task.scene)


def snapshot(env: RobotEnv) -> Pose:
    """What there is to see now; a target in the plane is marked on the ground."""
    marker = np.append(env.command, np.zeros(3))[:3] if env.contract.command.name == "target" else None
    thing = env.robot.object_pose() if env.task.scene else None
    return Pose(*env.robot.pose(), marker, env.robot.terrain, thing)
