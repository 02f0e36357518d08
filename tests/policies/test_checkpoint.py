"""A checkpoint brings back the whole training state, and a bad one brings nothing."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from contract.errors import TerrafirmaError
from policies.checkpoint import REPLAY_FIELDS, load_checkpoint, save_checkpoint
from policies.config import PpoConfig, SacConfig
from policies.learners import make_ppo, make_sac
from sim.domains.reader import load_domain
from sim.environment import RobotEnv

CONFIG = SacConfig(hidden=(16,), batch_size=16, learning_starts=20, buffer_size=200)


def used(model: SAC, steps: int = 80) -> SAC:
    model.set_logger(configure(None, []))
    return model.learn(steps)


@pytest.fixture
def trained(env: DummyVecEnv) -> SAC:
    return used(make_sac(CONFIG, env, seed=1))


def test_sac_comes_back_whole(trained: SAC, env: DummyVecEnv, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c.pt", trained, None)
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]
    back = make_sac(CONFIG, env, seed=2)
    load_checkpoint(tmp_path / "c.pt", back)
    assert back.num_timesteps == trained.num_timesteps == 80
    assert back.log_ent_coef is not None
    assert trained.log_ent_coef is not None
    assert back.log_ent_coef.item() == trained.log_ent_coef.item() != 0.0
    for name, tensor in trained.policy.state_dict().items():
        assert torch.equal(back.policy.state_dict()[name], tensor), name
    for mine, theirs in ((back.actor, trained.actor), (back.critic, trained.critic)):
        mine_state, their_state = mine.optimizer.state_dict(), theirs.optimizer.state_dict()
        assert mine_state["state"].keys() == their_state["state"].keys() != set()
        assert torch.equal(mine_state["state"][0]["exp_avg"], their_state["state"][0]["exp_avg"])
    assert back.replay_buffer is not None
    assert back.replay_buffer.size() == trained.replay_buffer.size() == 80
    for field in REPLAY_FIELDS:
        ours, original = getattr(back.replay_buffer, field), getattr(trained.replay_buffer, field)
        assert np.array_equal(ours[:80], original[:80]), field


def test_a_full_replay_goes_on_overwriting_its_oldest(env: DummyVecEnv, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"buffer_size": 50})
    model = used(make_sac(config, env, seed=1))
    save_checkpoint(tmp_path / "c.pt", model, None)
    back = make_sac(config, env, seed=1)
    load_checkpoint(tmp_path / "c.pt", back)
    assert back.replay_buffer.full
    assert back.replay_buffer.pos == 0
    oldest_first = np.roll(model.replay_buffer.rewards, -model.replay_buffer.pos, axis=0)
    assert np.array_equal(back.replay_buffer.rewards, oldest_first)
    used(back, 10)
    assert np.array_equal(back.replay_buffer.rewards[10:], oldest_first[10:])


def test_ppo_comes_back_with_its_statistics(ppo: PPO, env: DummyVecEnv, tmp_path: Path) -> None:
    normaliser = ppo.get_vec_normalize_env()
    normaliser.obs_rms.count = 123.0
    save_checkpoint(tmp_path / "c.pt", ppo, normaliser)
    other = VecNormalize(env, norm_reward=False)
    back = make_ppo(PpoConfig(hidden=(16, 16), environments=1, rollout_steps=64), other, seed=9)
    load_checkpoint(tmp_path / "c.pt", back, other)
    for name, tensor in ppo.policy.state_dict().items():
        assert torch.equal(back.policy.state_dict()[name], tensor), name
    assert np.array_equal(other.obs_rms.mean, normaliser.obs_rms.mean)
    assert np.array_equal(other.obs_rms.var, normaliser.obs_rms.var)
    assert other.obs_rms.count == 123.0


class Payload:
    """Runs a command when unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def damage(path: Path, kind: str) -> None:
    """Write a checkpoint that is wrong in the way that `kind` says."""
    data = path.read_bytes()
    state = torch.load(path, weights_only=True)
    if kind == "missing":
        path.unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif kind == "junk":
        path.write_bytes(b"not a checkpoint" * 100)
    elif kind == "a list":
        torch.save([1, 2, 3], path)
    elif kind == "runs code":
        path.write_bytes(pickle.dumps(Payload(f"touch {path.with_name('hacked')}")))
    else:
        del state[kind]
        torch.save(state, path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    "kind",
    [
        *("missing", "empty", "truncated", "junk", "a list", "runs code"),
        *("parameters", "steps", "replay", "log_entropy_coefficient"),
    ],
)
def test_a_damaged_checkpoint_is_refused(kind: str, trained: SAC, env: DummyVecEnv, tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, trained, None)
    damage(path, kind)
    with pytest.raises(TerrafirmaError, match=r"c\.pt: not a checkpoint of this network"):
        load_checkpoint(path, make_sac(CONFIG, env, seed=2))
    assert not (tmp_path / "hacked").exists()


def test_another_network_s_checkpoint_is_refused(trained: SAC, env: DummyVecEnv, tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, trained, None)
    wider = make_sac(CONFIG.model_copy(update={"hidden": (32,)}), env, seed=2)
    with pytest.raises(TerrafirmaError, match="not a checkpoint of this network"):
        load_checkpoint(path, wider)


def test_another_number_of_environments_is_refused(trained: SAC, tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, trained, None)
    two = DummyVecEnv([lambda: RobotEnv("iiwa", "reach", load_domain("nominal"))] * 2)
    with pytest.raises(TerrafirmaError, match="replay has 1 environments, this run 2"):
        load_checkpoint(path, make_sac(CONFIG, two, seed=2))
    two.close()


def test_a_smaller_buffer_is_refused(trained: SAC, env: DummyVecEnv, tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, trained, None)
    with pytest.raises(TerrafirmaError, match="replay has 80 rows, this run's buffer 40"):
        load_checkpoint(path, make_sac(CONFIG.model_copy(update={"buffer_size": 40}), env, seed=2))
