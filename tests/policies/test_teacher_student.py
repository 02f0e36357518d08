"""A teacher that is told which robot it has, and the student that finds it out and is exported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from contract.errors import TerrafirmaError
from contract.record import Identity, RecurrentState
from contract.state import Array
from policies import student as student_module
from policies import train as train_module
from policies.callbacks import Checkpoints
from policies.checkpoint import load_checkpoint
from policies.config import PpoConfig, TeacherStudentConfig
from policies.evaluation import check_evaluable, evaluate
from policies.export import export
from policies.learners import make_ppo
from policies.networks import deployed_policy
from policies.runtime import Policy
from policies.tick_memory import TickMemory
from policies.train import CHECKPOINT, CURVE, golden_readings, train
from sim.domains.reader import load_domain, parse_domain
from sim.environment import RobotEnv
from sim.vector.spec import EnvironmentSpec

HISTORY, LATENT = 6, 3
SPEC = EnvironmentSpec("a1", "velocity", load_domain("legged-randomized"))
CONFIG = PpoConfig(
    steps=512,
    environments=2,
    workers=1,
    hidden=(16,),
    rollout_steps=64,
    minibatches=2,
    epochs=2,
    teacher_student=TeacherStudentConfig(latent=LATENT, history=HISTORY, student_steps=1_152),
)
TOLERANCE = 1e-5


def run(path: Path, config: PpoConfig = CONFIG, resume: bool = False, spec: EnvironmentSpec = SPEC) -> Policy:
    identity = Identity("finds-out", spec.robot, spec.task, "0" * 64, "unknown")
    return train(config, spec, identity, path, 0, lambda *report: None, resume)


def curve(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (path / CURVE).read_text().splitlines()]


def parameters(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path / CHECKPOINT, weights_only=True)["parameters"]["policy"]


def response(policy: Policy) -> Array:
    """Actions (20, n) for inputs that everybody gets."""
    policy.reset()
    inputs = np.random.default_rng(0).normal(0, 1, (20, policy.contract.observation_size))
    return np.array([policy(row.astype(np.float32)) for row in inputs])


@dataclass(frozen=True)
class Trained:
    """A run, and its model put together again from the checkpoint."""

    path: Path
    policy: Policy
    model: PPO
    env: VecNormalize


@pytest.fixture(scope="module")
def trained(
    restored: Callable[..., tuple[PPO, VecNormalize]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trained]:
    path = tmp_path_factory.mktemp("student")
    policy = run(path)
    model, env = restored(path, CONFIG, SPEC)
    yield Trained(path, policy, model, env)
    env.close()


@pytest.fixture(scope="module")
def vivid(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The same model with weights so large that what the student guesses decides what it does."""
    model = make_ppo(CONFIG, trained.env, 9, trained.policy.contract.observation_size)
    assert isinstance(model, PPO)
    load_checkpoint(trained.path / CHECKPOINT, model)
    with torch.no_grad():
        model.policy.action_net.weight *= 50.0
    network = deployed_policy(model, trained.env, trained.policy.contract.action.scale)
    path = tmp_path_factory.mktemp("vivid") / "policy.onnx"
    policy = export(network, trained.policy.contract, golden_readings(SPEC, 0), path)
    return Trained(path.parent, policy, model, trained.env)


def by_hand(made: Trained, seen: list[np.ndarray]) -> Array:
    """Actions of the model for an episode's raw observations, each from a history put together anew."""
    network: Any = made.model.policy.mlp_extractor
    size, statistics = made.policy.contract.observation_size, made.env.obs_rms
    deviation = np.sqrt(statistics.var[:size] + made.env.epsilon)
    normalised = np.clip((np.array(seen) - statistics.mean[:size]) / deviation, -10.0, 10.0)
    padded = np.vstack([np.zeros((HISTORY - 1, size)), normalised])
    actions = []
    for t, now in enumerate(normalised):
        history = torch.tensor(padded[t : t + HISTORY][None], dtype=torch.float32)
        with torch.no_grad():
            guess = network.student(history)[0]
            hidden = network.policy_net(torch.cat([torch.tensor(now, dtype=torch.float32), guess])[None])
            actions.append(made.model.policy.action_net(hidden)[0].numpy().clip(-1.0, 1.0))
    return np.array(actions) * np.array(made.policy.contract.action.scale)


# the weights of the second make 50 times as much of what is rounded
@pytest.mark.parametrize(("which", "tolerance"), [("trained", TOLERANCE), ("vivid", 10 * TOLERANCE)])
def test_the_file_acts_as_student_and_actor_over_whole_episodes(
    which: str, tolerance: float, request: pytest.FixtureRequest
) -> None:
    made: Trained = request.getfixturevalue(which)
    env = RobotEnv(SPEC.robot, SPEC.task, SPEC.domain)
    for seed in (1, 2):  # the second one begins with what a reset leaves
        observation, _ = env.reset(seed=seed)
        made.policy.reset()
        seen, actions = [], []
        for _ in range(60):
            seen.append(observation)
            actions.append(made.policy(observation))
            scaled = (actions[-1] / made.policy.contract.action.scale).astype(np.float32)
            observation, _, terminated, _, _ = env.step(scaled)
            if terminated:
                break
        assert len(seen) > 2 * HISTORY
        assert np.abs(np.array(actions) - by_hand(made, seen)).max() < tolerance
    env.close()


def test_the_history_decides_what_it_does(vivid: Trained) -> None:
    """Without this, a file that forgets would pass the comparison above, to far less than this."""
    remembered = response(vivid.policy)
    inputs = np.random.default_rng(0).normal(0, 1, (20, vivid.policy.contract.observation_size))
    afresh = []
    for row in inputs:
        vivid.policy.reset()
        afresh.append(vivid.policy(row.astype(np.float32)))
    assert np.array_equal(afresh[0], remembered[0])
    assert np.abs(np.array(afresh) - remembered)[1:].max(axis=1).mean() > 0.005


def test_nothing_privileged_is_in_the_file(trained: Trained) -> None:
    contract = trained.policy.contract
    check_evaluable(trained.policy, SPEC.domain)  # the contract's observation is the simulator's own
    size = contract.observation_size
    assert contract.recurrent_state == (RecurrentState("history", (1, HISTORY, size)),)
    graph = onnx.load(trained.policy.path).graph
    assert [item.name for item in graph.input] == ["observation", "history"]
    assert [item.name for item in graph.output] == ["action", "history_out"]
    weights = {tuple(sorted(weight.dims)) for weight in graph.initializer}
    total = trained.env.observation_space.shape[0]
    assert tuple(sorted((size + LATENT, 16))) in weights  # the actor is there
    assert not any(total in shape or total - size in shape for shape in weights)  # critic and mu are not


def test_evaluation_gives_every_episode_an_empty_history(vivid: Trained) -> None:
    both = evaluate(vivid.policy, SPEC.domain, 2, seed=5).return_mean
    alone = [evaluate(vivid.policy, SPEC.domain, 1, seed=seed).return_mean for seed in (5, 6)]
    assert both == pytest.approx(np.mean(alone), abs=1e-12)


def test_the_teacher_acts_by_what_it_is_told_and_its_critic_sees_all(trained: Trained) -> None:
    seen = torch.zeros(1, trained.env.observation_space.shape[0])
    policy: Any = trained.model.policy
    for column in range(trained.policy.contract.observation_size, seen.shape[1]):
        other = seen.clone()
        other[:, column] += 2.0
        for read in (policy.predict_values, lambda x: policy.get_distribution(x).mode()):
            with torch.no_grad():
                assert not torch.equal(read(seen), read(other)), column


def test_the_second_phase_moves_the_student_alone(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(train_module, "train_student", lambda *arguments: None)
        run(tmp_path)
    before, after = parameters(tmp_path), parameters(trained.path)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name in before if name.startswith("mlp_extractor.student.")}
    first, second = (
        torch.load(p / CHECKPOINT, weights_only=True)["normaliser"] for p in (tmp_path, trained.path)
    )
    assert torch.equal(first["mean"], second["mean"])
    assert first["count"] == second["count"]
    run(tmp_path, resume=True)  # from the end of the first phase
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["steps"] == CONFIG.total_steps
    resumed = parameters(tmp_path)
    assert {name for name in before if not torch.equal(before[name], resumed[name])} == moved


class Killed(Exception):  # noqa: N818, it is none of ours
    """What ends a run from outside."""


def test_a_student_that_was_interrupted_goes_on(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = Checkpoints.save
    stop = CONFIG.steps + 640

    def save_and_die(self: Checkpoints) -> None:
        saved(self)
        if self.num_timesteps >= stop:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "_on_step", lambda self: self.save() or True)
        patch.setattr(Checkpoints, "save", save_and_die)
        with pytest.raises(Killed):
            run(tmp_path)
    half = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert half["steps"] == stop
    assert not (tmp_path / "policy.onnx").exists()
    (tmp_path / CURVE).unlink(missing_ok=True)
    policy = run(tmp_path, resume=True)
    whole = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert whole["steps"] == CONFIG.total_steps
    lines = curve(tmp_path)
    assert all(line["steps"] > stop and "latent_error" in line for line in lines)
    student = [name for name in half["parameters"]["policy"] if ".student." in name]
    teacher = set(half["parameters"]["policy"]) - set(student)
    for names, same in ((student, False), (teacher, True)):
        for name in names:
            pair = half["parameters"]["policy"][name], whole["parameters"]["policy"][name]
            assert torch.equal(*pair) == same, name
    assert max(counts(whole)) > max(counts(half))  # the optimiser goes on from where it was
    assert policy.golden_error < TOLERANCE
    shutil.copytree(tmp_path, tmp_path / "again")
    assert np.array_equal(response(run(tmp_path / "again", resume=True)), response(policy))


def counts(checkpoint: dict[str, Any]) -> list[float]:
    """How many updates each parameter has had."""
    state = checkpoint["parameters"]["policy.optimizer"]["state"]
    return [float(moments["step"]) for moments in state.values()]


def test_the_same_seed_trains_the_same_student(trained: Trained, tmp_path: Path) -> None:
    assert np.array_equal(response(run(tmp_path)), response(trained.policy))


@pytest.mark.parametrize("change", [{"history": HISTORY + 1}, {"latent": LATENT + 1}, None])
def test_another_student_s_checkpoint_is_refused(trained: Trained, change: dict[str, int] | None) -> None:
    settings = change and CONFIG.teacher_student.model_copy(update=change)
    config = CONFIG.model_copy(update={"teacher_student": settings, "privileged_critic": True})
    model = make_ppo(config, trained.env, 0, trained.policy.contract.observation_size)
    with pytest.raises(TerrafirmaError, match="not a checkpoint of this network"):
        load_checkpoint(trained.path / CHECKPOINT, model)


def errors(path: Path, parameters: str, student_rollouts: int) -> list[float]:
    """The regression's error of each rollout, for an arm in a domain with these parameters."""
    seen: list[float] = []

    class Recorded(student_module._Student):
        def play(self) -> dict[str, float]:
            found = super().play()
            seen.append(found["latent_error"])
            return found

    domain = parse_domain(f"engine: pybullet\nparameters: {{{parameters}}}\n", "test.yaml")
    rollout = 16 * 60  # whole episodes: what one shows of its robot is of no use in another
    config = PpoConfig(
        steps=rollout,
        environments=16,
        workers=1,
        hidden=(32,),
        rollout_steps=60,
        teacher_student=TeacherStudentConfig(student_steps=student_rollouts * rollout),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(student_module, "_Student", Recorded)
        run(path, config, spec=EnvironmentSpec("iiwa", "reach", domain))
    last = curve(path)[-1]
    assert last["latent_error"] == seen[-1]
    assert last["action_error"] == pytest.approx(seen[-1], abs=0.3)  # where all of a latent matters alike
    assert len(seen) == student_rollouts
    return seen


def test_the_student_finds_out_what_shows(tmp_path: Path) -> None:
    """A joint whose velocity is measured wrongly: its arm seems to move while it stands."""
    joint = "lbr_iiwa_joint_6"
    found = errors(tmp_path, f"joint_velocity_bias: {{{joint}: {{uniform: [-1, 1]}}}}", student_rollouts=6)
    assert found[0] > 0.9
    assert found[-1] < 0.3


def test_and_cannot_know_what_does_not(tmp_path: Path) -> None:
    """An arm that touches nothing does not feel the ground's friction: whoever guesses it was told."""
    found = errors(tmp_path, "ground_friction: {uniform: [0.2, 1]}", student_rollouts=6)
    assert min(found) > 0.9


def test_where_there_is_nothing_to_tell_it_is_refused(tmp_path: Path) -> None:
    spec = EnvironmentSpec("iiwa", "reach", load_domain("nominal"))
    with pytest.raises(TerrafirmaError, match=r"teacher_student: .*nominal.*varies nothing"):
        run(tmp_path / "run", spec=spec)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kept", [1_000, 24])  # the second is overwritten three times
def test_histories_are_those_of_their_own_episodes(kept: int) -> None:
    environments, ticks, history = 2, 40, 4
    memory = TickMemory(environments, 1, 1, history, kept)
    starts = np.random.default_rng(3).random((ticks, environments)) < 0.2
    starts[0] = True
    expected: dict[float, list[float]] = {}
    begun = np.zeros(environments, dtype=int)
    for t in range(ticks):
        values = [[float(1 + t + 100 * e)] for e in range(environments)]
        begun[starts[t]] = t
        for e, (value,) in enumerate(values):
            own = [1.0 + s + 100 * e if s >= begun[e] else 0.0 for s in range(t - history + 1, t + 1)]
            expected[value] = own
        memory.add(torch.tensor(values), -torch.tensor(values), torch.from_numpy(starts[t]))
        newest = memory.newest()[:, :, 0].tolist()
        assert newest == [expected[value] for (value,) in values]
    histories, latents = memory.sample(2_000, torch.Generator().manual_seed(0))
    seen = set()
    for row, (latent,) in zip(histories[:, :, 0].tolist(), latents.tolist(), strict=True):
        assert row == expected[-latent]
        seen.add(-latent)
    lasting = ticks if kept > ticks * environments else kept // environments - history + 1
    assert len(seen) == lasting * environments
