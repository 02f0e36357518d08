"""What leaves the training process computes what was trained, and leaves it whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import VecNormalize

from contract.errors import ContractError
from contract.record import Contract, ObservationTerm
from contract.session import PolicySession
from contract.sources import SOURCES
from contract.state import Array, RobotState
from policies.export import export
from policies.networks import DeployedPolicy, deployed_policy
from policies.runtime import Policy

Readings = list[tuple[RobotState, Array]]
OBSERVATIONS = 1_500
TOLERANCE = 1e-5


def observations(size: int) -> np.ndarray:
    """(OBSERVATIONS, size) of every magnitude that a clip of 100 lets through."""
    rng = np.random.default_rng(0)
    magnitude = 10.0 ** rng.uniform(-2, 2, (OBSERVATIONS, 1))
    inputs = np.clip(rng.normal(0.0, 1.0, (OBSERVATIONS, size)) * magnitude, -100, 100)
    inputs[:, 0] *= 1e-5  # the entry that hardly ever varied
    return inputs.astype(np.float32)


def trained_actions(model: SAC | PPO, inputs: np.ndarray, scale: tuple[float, ...]) -> np.ndarray:
    """What Stable-Baselines3 itself would do, in rad."""
    normaliser = model.get_vec_normalize_env()
    seen = normaliser.normalize_obs(inputs) if normaliser is not None else inputs
    actions, _ = model.predict(seen, deterministic=True)
    return np.clip(actions, -1.0, 1.0) * scale


@pytest.mark.parametrize("algorithm", ["sac", "ppo"])
def test_onnx_torch_and_stable_baselines_agree(
    algorithm: str,
    request: pytest.FixtureRequest,
    arm: Contract,
    arm_readings: Readings,
    tmp_path: Path,
) -> None:
    model: SAC | PPO = request.getfixturevalue(algorithm)
    network = deployed_policy(model, model.get_vec_normalize_env(), arm.action.scale)
    policy = export(network, arm, arm_readings, tmp_path / "policy.onnx")
    inputs = observations(arm.observation_size)
    with torch.no_grad():
        by_torch = network(torch.from_numpy(inputs)).numpy()
    by_onnx = np.array([policy(row) for row in inputs])
    by_sb3 = trained_actions(model, inputs, arm.action.scale)
    assert np.abs(by_onnx - by_torch).max() < TOLERANCE
    assert np.abs(by_onnx - by_sb3).max() < TOLERANCE
    # the comparison means something: actions vary over their whole range
    assert (by_onnx.std(axis=0) > 0.1 * np.array(arm.action.scale)).all()


def test_the_normaliser_is_inside_the_graph(ppo: PPO, arm: Contract) -> None:
    normaliser = ppo.get_vec_normalize_env()
    assert isinstance(normaliser, VecNormalize)
    inputs = torch.from_numpy(observations(arm.observation_size))
    with torch.no_grad():
        with_it = deployed_policy(ppo, normaliser, arm.action.scale)(inputs)
        without = deployed_policy(ppo, None, arm.action.scale)(inputs)
    assert (with_it - without).abs().max() > 0.01


def test_the_file_carries_contract_lineage_and_trace(
    sac: SAC, arm: Contract, arm_readings: Readings, tmp_path: Path
) -> None:
    identity = replace(arm.identity, policy="named", parent="a" * 64, method="darc")
    contract = replace(arm, identity=identity)
    network = deployed_policy(sac, None, arm.action.scale)
    policy = export(network, contract, arm_readings, tmp_path / "deep" / "er" / "policy.onnx")
    assert Policy(policy.path).contract == contract
    assert len(policy.golden.ticks) == len(arm_readings)
    assert policy.golden_error < TOLERANCE
    assert len({tick.action for tick in policy.golden.ticks}) == len(arm_readings)
    # a run of the policy repeats the trace from the same sensors
    session = policy.session()
    assert isinstance(session, PolicySession)
    for tick in policy.golden.ticks:
        action = policy(session.observe(tick.state(), np.array(tick.command)))
        assert np.allclose(session.act(action).position, tick.set_point, atol=TOLERANCE)


def privileged(contract: Contract, *names: str) -> Contract:
    terms = tuple(
        ObservationTerm(
            name,
            SOURCES[name].dimension(len(contract.joints), len(contract.command.fields)),
            SOURCES[name].unit,
            SOURCES[name].frame,
        )
        for name in names
    )
    return replace(contract, observation=contract.observation + terms)


def test_the_file_tells_nothing_of_the_machine(
    sac: SAC, arm: Contract, arm_readings: Readings, tmp_path: Path
) -> None:
    network = deployed_policy(sac, None, arm.action.scale)
    data = export(network, arm, arm_readings, tmp_path / "policy.onnx").path.read_bytes()
    assert b".py" not in data
    assert str(Path(__file__).parents[2]).encode() not in data


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.privileged])
def test_privileged_terms_are_refused_by_name(
    name: str, sac: SAC, arm: Contract, arm_readings: Readings, tmp_path: Path
) -> None:
    network = deployed_policy(sac, None, arm.action.scale)
    with pytest.raises(ContractError, match=f"{name}.* cannot be measured on a robot"):
        export(network, privileged(arm, name), arm_readings, tmp_path / "policy.onnx")
    assert list(tmp_path.iterdir()) == []


def test_all_privileged_terms_are_named(
    sac: SAC, arm: Contract, arm_readings: Readings, tmp_path: Path
) -> None:
    contract = privileged(arm, "base_linear_velocity", "ground_friction")
    with pytest.raises(ContractError, match="base_linear_velocity, ground_friction cannot"):
        export(deployed_policy(sac, None, arm.action.scale), contract, arm_readings, tmp_path / "p.onnx")


class Unreliable(DeployedPolicy):
    """A policy that a golden trace cannot pin down: what it did was not what its graph does."""

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        action = super().forward(observation)
        return action if torch.compiler.is_exporting() else action * 0.9


@pytest.mark.parametrize("failure", ["no readings", "graph differs", "contract invalid"])
def test_a_failed_export_leaves_the_old_file_and_nothing_else(
    failure: str, sac: SAC, arm: Contract, arm_readings: Readings, tmp_path: Path
) -> None:
    path = tmp_path / "policy.onnx"
    network = deployed_policy(sac, None, arm.action.scale)
    export(network, arm, arm_readings, path)
    before = path.read_bytes()
    readings, contract = arm_readings, arm
    if failure == "no readings":
        readings = []
    elif failure == "graph differs":
        network = Unreliable(network.actor, network.mean, network.deviation, arm.action.scale).eval()
    else:
        contract = replace(arm, control_rate=-1.0)
    with pytest.raises(ContractError):
        export(network, contract, readings, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
