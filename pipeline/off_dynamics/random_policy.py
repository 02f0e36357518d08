"""What a policy that knows nothing gets: the other end of the scale that methods are put on."""

from __future__ import annotations

import numpy as np

from pipeline.off_dynamics.results import Run
from pipeline.run_directory import source_commit
from sim.shifts.pairs import Pair

RANDOM, EPISODES = "random", 20


def random_run(pair: Pair, seed: int) -> Run:
    """Uniform actions in the target."""
    env, rng = pair.target(), np.random.default_rng(seed)
    returns = []
    for episode in range(EPISODES):
        env.reset(seed=seed if episode == 0 else None)
        total, over = 0.0, False
        while not over:
            _, reward, terminated, truncated, _ = env.step(rng.uniform(-1.0, 1.0, env.action_space.shape))
            total, over = total + float(reward), terminated or truncated
        returns.append(total)
    env.close()
    return Run(
        pair=pair.name,
        method=RANDOM,
        seed=seed,
        digest=RANDOM,
        steps=0,
        target_steps=0,
        at=[0],
        returns=[round(float(np.mean(returns)), 3)],
        diagnostics={},
        seconds=0.0,
        together=1,
        commit=source_commit(),
    )
