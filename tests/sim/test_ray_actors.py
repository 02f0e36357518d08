"""The same environments in Ray actors, on a cluster of two nodes, one of whose actors is killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from contract.errors import TerrafirmaError
from policies.config import SacConfig
from policies.learners import make_sac
from sim.domains.reader import load_domain, parse_domain
from sim.domains.widening import WideningDomain
from sim.robots import load_robot
from sim.vector.factory import make_vector
from sim.vector.shared_memory import SharedMemoryVecEnv
from sim.vector.spec import EnvironmentSpec

ray = pytest.importorskip("ray", reason="Ray is an optional extra")

from ray.cluster_utils import Cluster  # noqa: E402
from ray.exceptions import RayActorError  # noqa: E402

from sim.vector.ray_actors import RayVecEnv  # noqa: E402

SPEC = EnvironmentSpec("iiwa", "reach", load_domain("nominal"))
SEED = 5
EPISODE = 60  # ticks


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two nodes of one CPU each, so that two actors cannot share one."""
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.fixture
def env(cluster: Cluster) -> Iterator[RayVecEnv]:
    made = make_vector(SPEC, 4, "ray:2", SEED)
    assert isinstance(made, RayVecEnv)
    yield made
    made.close()


def nodes_of(env: RayVecEnv) -> set[str]:
    from ray.util.state import list_actors

    return {actor.node_id for actor in list_actors() if actor.state == "ALIVE"}


def test_actors_give_the_trajectories_of_processes(env: RayVecEnv) -> None:
    processes = SharedMemoryVecEnv(SPEC, 4, 1, SEED)
    rng = np.random.default_rng(0)
    try:
        assert np.array_equal(env.reset(), processes.reset())
        for _ in range(EPISODE + 3):
            action = rng.uniform(-1, 1, (4, 7)).astype(np.float32)
            ours, theirs = env.step(action), processes.step(action)
            for a, b in zip(ours[:3], theirs[:3], strict=True):
                assert np.array_equal(a, b)
            assert [info.get("episode") for info in ours[3]] == [info.get("episode") for info in theirs[3]]
    finally:
        processes.close()


def test_actors_tell_what_no_sensor_says(cluster: Cluster) -> None:
    varied = parse_domain("engine: pybullet\nparameters: {joint_damping: {uniform: [0, 1]}}\n", "test.yaml")
    told = EnvironmentSpec("iiwa", "reach", varied, privileged=True)
    actors, processes = (make_vector(told, 4, workers, SEED) for workers in ("ray:2", 1))
    try:
        assert actors.observation_space.shape == (actors.contract.observation_size + 7,)
        assert np.array_equal(actors.reset(), processes.reset())
        action = np.zeros((4, 7), np.float32)
        for _ in range(EPISODE + 1):
            for a, b in zip(actors.step(action)[:3], processes.step(action)[:3], strict=True):
                assert np.array_equal(a, b)
    finally:
        actors.close()
        processes.close()


def kill(worker: Any) -> None:
    """Kill an actor, and wait until it is gone."""
    ray.kill(worker)
    while True:
        try:
            ray.get(worker.observe.remote())
        except RayActorError:
            return


def test_training_goes_on_when_an_actor_is_killed(env: RayVecEnv) -> None:
    """SAC learns across the loss; the lost episodes end as truncated where they were last seen."""
    model = make_sac(SacConfig(steps=200, learning_starts=20), env, SEED)
    model.learn(40)
    before = model._last_obs.copy()
    kill(env.workers[1])
    _, reward, done, infos = env.step(np.zeros((4, 7), np.float32))
    assert done.tolist() == [False, False, True, True]
    assert (reward[2:] == 0.0).all()
    for i in (2, 3):
        assert infos[i]["worker_lost"]
        assert infos[i]["TimeLimit.truncated"]
        assert np.array_equal(infos[i]["terminal_observation"], before[i])
    kill(env.workers[0])
    model.learn(160, reset_num_timesteps=False)
    assert model.num_timesteps >= 200
    assert env.replaced == 2
    assert len({worker._actor_id for worker in env.workers}) == 2


def test_what_is_lost_between_two_steps_ends_with_the_next(env: RayVecEnv) -> None:
    """Where it was last seen, so that no learner joins two episodes."""
    before = env.reset()
    kill(env.workers[1])
    env.redistribute(SPEC.domain)
    _, reward, done, infos = env.step(np.zeros((4, 7), np.float32))
    assert done.tolist() == [False, False, True, True]
    assert (reward[2:] == 0.0).all()
    for i in (2, 3):
        assert infos[i]["worker_lost"]
        assert np.array_equal(infos[i]["terminal_observation"], before[i])
    assert not env.step(np.zeros((4, 7), np.float32))[2].any()
    assert env.replaced == 1


def test_a_replacement_does_not_repeat_what_was_lost(env: RayVecEnv) -> None:
    first = env.reset()
    kill(env.workers[0])
    again = env.step(np.zeros((4, 7), np.float32))[0]
    assert np.abs(first[:2] - again[:2]).max(axis=1).min() > 0.01


def test_actors_and_their_replacements_draw_from_what_they_were_given(cluster: Cluster) -> None:
    text = "engine: pybullet\nparameters:\n  joint_strength: {uniform: [0.2, 1.0]}\n"
    widening = WideningDomain(parse_domain(text, "d"), load_robot("iiwa"))
    low, high = (widening.at(np.array([a]), np.array([b])) for a, b in ((1.0, 200.0), (200.0, 1.0)))
    env = make_vector(EnvironmentSpec("iiwa", "reach", low), 2, "ray:2", SEED)
    assert isinstance(env, RayVecEnv)
    try:
        env.redistribute(high)
        env.reset()
        kill(env.workers[0])
        infos: list[dict[str, Any]] = []
        while sum("parameters" in info for info in infos) < 2:
            infos += env.step(np.zeros((2, 7), np.float32))[3]
        assert env.replaced == 1
    finally:
        env.close()
    told = [widening.quantiles(info["parameters"]) for info in infos if "parameters" in info]
    assert np.min(told) > 0.94


def test_a_worker_that_keeps_dying_is_an_error(env: RayVecEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    start = env._start

    def stillborn(w: int) -> object:
        worker = start(w)
        kill(worker)
        return worker

    monkeypatch.setattr(env, "_start", stillborn)
    kill(env.workers[0])
    with pytest.raises(TerrafirmaError, match="Ray worker 0 was lost 4 times in a row"):
        env.step(np.zeros((4, 7), np.float32))
