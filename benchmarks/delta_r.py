"""What DARC's Δr says about one run: `python benchmarks/delta_r.py RUN`.

Takes a finished run of `iiwa-reach-broken-joint`. The broken target is the run's own recording.
The healthy one is the same policy, noise and random actions on a MuJoCo arm without a fault:
there, Δr should be 0 whatever the arm does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from adaptation.darc import DarcConfig
from adaptation.dynamics_state import dynamics_columns
from adaptation.recorded_gap import RecordedGap
from adaptation.target import EnvTarget
from adaptation.transitions import Transitions
from pipeline.samples import load_samples
from policies.runtime import Policy
from policies.train import CHECKPOINT, POLICY
from sim.domains.reader import load_domain
from sim.environment import RobotEnv

UPDATES = 2_000
STEPS = 3_000


def healthy_target(policy: Policy) -> Transitions:
    """The policy, the policy with noise and random actions, a third each, on a healthy arm."""
    scale = np.array(policy.contract.action.scale)
    target = EnvTarget(RobotEnv("iiwa", "reach", load_domain("nominal-mujoco")), STEPS, seed=0)
    rng = np.random.default_rng(0)
    target.collect(lambda o: (policy(o) / scale).astype(np.float32), STEPS // 3)
    target.collect(lambda o: (policy(o) / scale + rng.normal(0, 0.3, 7)).astype(np.float32), STEPS // 3)
    target.collect(lambda o: rng.uniform(-1, 1, 7).astype(np.float32), STEPS // 3)
    return target.transitions()


def source_replay(checkpoint: Path) -> Transitions:
    """All transitions in the replay of the source run."""
    replay = torch.load(checkpoint, weights_only=True)["replay"]

    def flat(name: str) -> NDArray[np.float32]:
        return replay[name].numpy().reshape(-1, replay[name].shape[-1]).astype(np.float32)  # type: ignore[no-any-return]

    count = replay["rewards"].numel()
    rewards = replay["rewards"].numpy().reshape(-1).astype(np.float32)
    return Transitions(
        flat("observations"), flat("actions"), rewards, flat("next_observations"), np.zeros(count, dtype=bool)
    )


def main(run: Path) -> None:
    """Print mean Δr of source transitions by use of joint 1 and by motion of the others."""
    torch.set_num_threads(1)  # small networks: more threads are slower
    policy = Policy(run / "source" / POLICY)
    source = source_replay(run / "source" / CHECKPOINT)
    broken, _ = load_samples(run / "samples", policy.contract)
    columns = dynamics_columns(policy.contract)
    config = DarcConfig(delta_r_scale=1.0, delta_r_clip=1e6)  # Δr as it is
    used = np.abs(source.action[:, 0])
    change = source.next_observation - source.observation
    motion = np.linalg.norm(change[:, 1:7], axis=1)
    idle = used < 0.15
    slow, fast = np.quantile(motion[idle], [0.25, 0.75])
    print("target    joint 1 idle  joint 1 used  others slow  others fast  deviation")
    for name, target in (("healthy", healthy_target(policy)), ("broken", broken)):
        gap = RecordedGap(config.make_gap, columns, source.action.shape[1], seed=0)
        gap.fit(source, target, UPDATES)
        delta = gap.bonus(source)
        means = [
            delta[chosen].mean()
            for chosen in (used < 0.1, used > 0.6, idle & (motion < slow), idle & (motion > fast))
        ]
        figures = "  ".join(f"{mean:11.2f}" for mean in means)
        print(f"{name:8}  {figures}  {delta.std():9.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
