"""A policy that sees an object is trained, exported and verified like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contract.record import Identity
from policies.config import SacConfig
from policies.runtime import Policy
from policies.train import train
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.vector.spec import EnvironmentSpec

CONFIG = SacConfig(steps=60, environments=2, workers=1, hidden=(8, 8), batch_size=16, learning_starts=20)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    spec = EnvironmentSpec("panda", "push", load_domain("nominal"))
    identity = Identity("tiny-push", "panda", "push", "0" * 64, "unknown")
    folder: Path = tmp_path_factory.mktemp("push")
    return train(CONFIG, spec, identity, folder, 0, lambda *report: None, False)


def test_its_golden_trace_has_the_object(policy: Policy) -> None:
    seen = np.array([tick.object_position for tick in policy.golden.ticks])
    assert seen.shape == (len(policy.golden.ticks), 3)
    assert np.allclose(seen[:, 2], 0.03, atol=0.006)
    assert policy.golden_error < 1e-5


def test_it_acts_on_where_the_object_is(policy: Policy) -> None:
    env = RobotEnv("panda", "push", load_domain("nominal-mujoco"))
    env.reset(seed=0)
    session, state = policy.session(), env.robot.sense()
    env.close()
    actions = []
    for shift in (0.0, 0.1):
        state.object_position = np.array([0.5, shift, 0.03])
        session.reset()
        actions.append(policy(session.observe(state, env.command)))
    assert np.abs(actions[0] - actions[1]).max() > 1e-5
