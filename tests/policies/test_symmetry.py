"""A walker in the mirror: what it observes, what it does, and a policy that does the same on both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from stable_baselines3.common.vec_env import VecNormalize

from contract.errors import TerrafirmaError
from contract.record import Contract, Identity
from policies.config import PpoConfig, RecurrentConfig
from policies.learners import make_ppo
from policies.symmetric_policy import SymmetricStatistics
from policies.symmetry import Mirror, reflect
from policies.train import train
from sim.contracts import build_contract, unnamed_identity
from sim.domains.reader import load_domain
from sim.environment_batch import EnvironmentBatch
from sim.robots import load_robot
from sim.tasks import make_task
from sim.vector.factory import make_vector
from sim.vector.spec import EnvironmentSpec

SPEC = EnvironmentSpec("a1", "velocity", load_domain("nominal"))
CONFIG = PpoConfig(
    steps=128, environments=2, workers=1, hidden=(16, 8), rollout_steps=64, minibatches=2, symmetry=True
)
HALF_STRIDE = 10  # ticks at 50 Hz and 2.5 strides a second


def contract_of(robot: str, task: str) -> Contract:
    made = make_task(task, load_robot(robot))
    return build_contract(made, unnamed_identity(made))


@pytest.fixture(scope="module")
def mirror() -> Mirror:
    return Mirror(contract_of("a1", "velocity"))


def test_a_reflection_undoes_itself(mirror: Mirror) -> None:
    rng = np.random.default_rng(0)
    for reflection, count in ((mirror.observation, 47), (mirror.action, 12)):
        values = rng.standard_normal((5, count))
        assert not np.allclose(reflect(values, reflection), values)
        np.testing.assert_array_equal(reflect(reflect(values, reflection), reflection), values)


def test_left_legs_become_right_ones(mirror: Mirror) -> None:
    names = contract_of("a1", "velocity").joint_names
    index, signs = mirror.action
    for i, name in enumerate(names):
        front, side = name[0], {"L": "R", "R": "L"}[name[1]]
        assert names[index[i]] == f"{front}{side}{name[2:]}"
        assert signs[i] == (-1.0 if "hip" in name else 1.0)


def test_a_robot_in_the_mirror_moves_like_the_image_of_the_robot(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Physics and gait agree: one walks to the left, one to the right and half a stride later."""
    rng = np.random.default_rng(1)
    steps, command = 25, np.array([0.5, 0.2, 0.4])
    actions = rng.uniform(-0.3, 0.3, (steps, 12))
    batch = EnvironmentBatch("a1", "velocity", load_domain("nominal-mujoco"), 1)
    start = np.array([joint.default_position for joint in batch.contract.joints])
    monkeypatch.setattr(batch.task, "initial_position", lambda rng: start)
    seen = []
    try:
        for sign, image in ((1.0, False), (-1.0, True)):
            asked = command * (1.0, sign, sign)
            monkeypatch.setattr(batch.task, "sample_command", lambda rng, asked=asked: asked)
            batch.reset(0, np.random.default_rng(2), anew=True)
            for _ in range(HALF_STRIDE * image):  # the gait's clock runs, the robot has not begun
                batch.session.act(np.zeros((1, 12)))
            rows = []
            for action in actions:
                done = reflect(action, mirror.action) if image else action
                batch.step(done[None].astype(np.float32))
                rows.append(batch.observation[0].astype(float))
            seen.append(np.array(rows))
    finally:
        batch.close()
    walked, mirrored = seen
    off = np.abs(reflect(walked, mirror.observation) - mirrored)
    apart = np.abs(walked - mirrored)
    assert off.max() < 0.15  # the trunk's own centre of mass is 2 mm to the left of its middle
    assert off.mean() < 0.03 * apart.mean(), (off.mean(), apart.mean())


def test_a_trained_policy_does_in_the_mirror_what_it_does(mirror: Mirror, tmp_path: Path) -> None:
    identity = Identity("mirrored", "a1", "velocity", "0" * 64, "unknown")
    policy = train(CONFIG, SPEC, identity, tmp_path, 0, lambda *report: None)
    for observation in np.random.default_rng(3).uniform(-1, 1, (20, 47)):
        image = reflect(observation, mirror.observation).astype(np.float32)
        action = policy(observation.astype(np.float32))
        assert np.abs(action).max() > 1e-4
        np.testing.assert_allclose(policy(image), reflect(action, mirror.action), atol=1e-6)


def test_actor_critic_and_normaliser_are_symmetric_and_the_actor_learns(mirror: Mirror) -> None:
    env = VecNormalize(make_vector(SPEC, 2, 1, 0), norm_reward=False)
    env.obs_rms = SymmetricStatistics(mirror.observation)
    try:
        model = make_ppo(CONFIG, env, 0, mirror=mirror)
        before = [weight.clone() for weight in model.policy.action_net.parameters()]
        model.learn(CONFIG.steps)
        mean, deviation = env.obs_rms.mean, np.sqrt(env.obs_rms.var)
    finally:
        env.close()
    assert all(
        not torch.equal(a, b) for a, b in zip(before, model.policy.action_net.parameters(), strict=True)
    )
    np.testing.assert_allclose(reflect(mean, mirror.observation), mean, atol=1e-12)
    np.testing.assert_allclose(deviation[mirror.observation[0]], deviation, rtol=1e-12)
    rows = torch.randn(9, 47)
    images = torch.as_tensor(reflect(rows.numpy(), mirror.observation), dtype=torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(model.policy.predict_values(images), model.policy.predict_values(rows))
        drawn_from = [model.policy.get_distribution(x).distribution for x in (rows, images)]
    means, spreads = ([getattr(d, name).numpy() for d in drawn_from] for name in ("mean", "stddev"))
    np.testing.assert_allclose(means[1], reflect(means[0], mirror.action), atol=1e-6)
    np.testing.assert_allclose(spreads[0][:, mirror.action[0]], spreads[0], rtol=1e-6)
    assert model.policy.log_std.unique().numel() > 1, "they have moved"


def test_a_resumed_run_is_symmetric_too(mirror: Mirror, tmp_path: Path) -> None:
    identity = Identity("mirrored", "a1", "velocity", "0" * 64, "unknown")
    first = train(CONFIG, SPEC, identity, tmp_path, 0, lambda *report: None)
    longer = CONFIG.model_copy(update={"steps": 256})
    policy = train(longer, SPEC, identity, tmp_path, 0, lambda *report: None, resume=True)
    observation = np.random.default_rng(4).uniform(-1, 1, 47)
    image = reflect(observation, mirror.observation).astype(np.float32)
    action = policy(observation.astype(np.float32))
    np.testing.assert_allclose(policy(image), reflect(action, mirror.action), atol=1e-6)
    assert np.abs(action - first(observation.astype(np.float32))).max() > 1e-5


def test_a_robot_without_two_sides_is_refused() -> None:
    with pytest.raises(TerrafirmaError, match="iiwa has no gait"):
        Mirror(contract_of("iiwa", "reach"))
    walker = contract_of("a1", "velocity")
    assert walker.action.gait is not None
    limping = replace(walker.action.gait, legs=walker.action.gait.legs[:3])
    with pytest.raises(TerrafirmaError, match="a leg of a1 has none that faces it"):
        Mirror(replace(walker, action=replace(walker.action, gait=limping)))
    crooked = replace(walker.joints[0], default_position=0.3)
    with pytest.raises(TerrafirmaError, match="default pose of a1"):
        Mirror(replace(walker, joints=(crooked, *walker.joints[1:])))


@pytest.mark.parametrize("other", [{"privileged_critic": True}, {"recurrent": RecurrentConfig()}])
def test_it_goes_with_nothing_whose_image_is_unknown(other: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="do not go together"):
        PpoConfig(symmetry=True, **other)  # type: ignore[arg-type]
