"""Worker processes change nothing about the trajectories, and never outlive their owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.errors import TerrafirmaError
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.vector.shared_memory import SharedMemoryVecEnv
from sim.vector.spec import EnvironmentSpec

ROOT = Path(__file__).parents[2]
SPEC = EnvironmentSpec("iiwa", "reach", load_domain("nominal"))
SEED = 11
STEPS = 70  # an episode of reach has 60
COUNT = 3

Make = Callable[..., SharedMemoryVecEnv]


@pytest.fixture
def make() -> Iterator[Make]:
    made = []

    def make(count: int, workers: int, spec: EnvironmentSpec = SPEC) -> SharedMemoryVecEnv:
        made.append(SharedMemoryVecEnv(spec, count, workers, SEED))
        return made[-1]

    yield make
    for env in made:
        env.close()


def actions(count: int) -> NDArray[np.float32]:
    """(STEPS, count, 7); those of an environment do not depend on how many there are."""
    columns = [np.random.default_rng(i).uniform(-1, 1, (STEPS, 7)) for i in range(count)]
    return np.stack(columns, axis=1).astype(np.float32)


def rollout(env: SharedMemoryVecEnv) -> tuple[list[NDArray], list[list[dict]]]:
    observations, infos = [env.reset()], []
    for action in actions(env.num_envs):
        observation, reward, done, info = env.step(action)
        observations.append(np.column_stack([observation, reward, done]))
        infos.append(info)
    return observations, infos


def test_one_worker_or_two_give_the_same_trajectories(make: Make) -> None:
    (first, first_infos), (second, second_infos) = rollout(make(COUNT, 1)), rollout(make(COUNT, 2))
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a, b)
    assert len(np.unique(first[0], axis=0)) == COUNT  # each begins elsewhere
    for a, b in zip(first_infos, second_infos, strict=True):
        assert [set(info) for info in a] == [set(info) for info in b]
        assert [info.get("episode") for info in a] == [info.get("episode") for info in b]
    spread = np.std([row[i, :7] for row in first for i in range(COUNT)], axis=0)
    assert (spread > 0.01).all()


def test_a_worker_s_environment_is_the_environment(make: Make) -> None:
    """Observations, rewards, ends and infos are those of the same environment in this process."""
    env = make(1, 1)
    env.reset()
    single = RobotEnv(SPEC.robot, SPEC.task, SPEC.domain)
    single.reset(seed=SEED)
    single.reset()
    for action in actions(1):
        observation, reward, done, infos = env.step(action)
        expected, expected_reward, terminated, truncated, info = single.step(action[0])
        assert reward[0] == expected_reward
        assert done[0] == (terminated or truncated)
        if done[0]:
            assert np.array_equal(infos[0]["terminal_observation"], expected)
            assert infos[0]["TimeLimit.truncated"] == truncated
            assert infos[0]["episode"] == info["episode"]
            assert infos[0]["success"] == info["success"]
            expected, _ = single.reset()
        else:
            assert infos[0] == {}
        assert np.array_equal(observation[0], expected)
    single.close()
    with pytest.raises(TerrafirmaError, match="cannot set 'gravity'"):
        env.set_attr("gravity", 0)
    with pytest.raises(TerrafirmaError, match="cannot call 'teleport'"):
        env.env_method("teleport")


def test_a_worker_that_dies_is_an_error_and_the_others_end(make: Make) -> None:
    env = make(2, 2)
    env.reset()
    victim, other = env._processes
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(5)
    with pytest.raises(TerrafirmaError, match="worker died"):
        env.step(actions(2)[0])
    with pytest.raises(TerrafirmaError, match="worker died"):
        env.reset()
    env.close()
    assert not other.is_alive()


def test_closing_ends_the_workers_and_may_be_repeated(make: Make) -> None:
    env = make(1, 2)  # one of them has nothing to do
    processes = list(env._processes)
    assert all(process.is_alive() for process in processes)
    env.reset()
    assert env.step(actions(1)[0])[0].shape == (1, env.contract.observation_size)
    env.close()
    assert not any(process.is_alive() for process in processes)
    assert all(process.exitcode == 0 for process in processes)
    env.close()


def test_a_domain_that_does_not_fit_starts_no_process() -> None:
    with pytest.raises(TerrafirmaError, match="needs a floating base"):
        SharedMemoryVecEnv(EnvironmentSpec("iiwa", "reach", load_domain("legged-randomized")), 2, 2, 0)


OWNER = """
import os, signal, sys, time
from sim.domains.reader import load_domain
from sim.vector.spec import EnvironmentSpec
from sim.vector.shared_memory import SharedMemoryVecEnv

if __name__ == "__main__":
    env = SharedMemoryVecEnv(EnvironmentSpec("iiwa", "reach", load_domain("nominal")), 2, 2, 0)
    print(*(process.pid for process in env._processes), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    owner = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True)
    assert owner.returncode == -signal.SIGKILL, owner.stderr
    left = {int(pid) for pid in owner.stdout.split()}
    assert len(left) == 2
    end = time.monotonic() + 10
    while left and time.monotonic() < end:
        left = {pid for pid in left if running(pid)}
        time.sleep(0.05)
    assert not left


def running(pid: int) -> bool:
    """Whether a process exists and is more than a zombie that nobody has collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
