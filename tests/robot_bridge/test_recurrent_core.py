"""On a robot a policy's memory holds the ticks whose actions left for the motors, and only those."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from contract.state import Array, RobotState
from policies.config import PpoConfig, RecurrentConfig
from policies.export import export
from policies.learners import make_ppo
from policies.networks import deployed_policy
from policies.runtime import Policy
from policies.train import golden_readings
from robot_bridge.bag_reader import Bag
from robot_bridge.exploration import Exploration
from robot_bridge.launch_runner import run_launch_file
from robot_bridge.policy_core import PolicyCore
from robot_bridge.safety import SensorSample
from robot_bridge.tick import Mode, Tick, decode
from robot_bridge.transitions import load_transitions
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.vector.spec import EnvironmentSpec

LAUNCH = Path(__file__).parents[2] / "launch" / "emulated.launch.xml"
PERIOD = 0.05
POSE = np.array([0.1, 0.4, -0.1, -1.3, 0.2, 1.0, 0.0])
TARGET = np.array([0.5, 0.0, 0.5])
SPEC = EnvironmentSpec("iiwa", "reach", load_domain("nominal"))
CONFIG = PpoConfig(environments=1, hidden=(16,), rollout_steps=64, recurrent=RecurrentConfig(hidden=10))


@dataclass
class Deployed:
    """A policy file, and the model that it was exported from."""

    policy: Policy
    model: RecurrentPPO
    normaliser: VecNormalize

    def actions(self, ticks: list[Tick]) -> Array:
        """What the model does, (ticks, n) rad, from zeros on over what the ticks saw."""
        state, starts, actions = None, np.array([True]), []
        for tick in ticks:
            seen = self.normaliser.normalize_obs(tick.observation[None])
            action, state = self.model.predict(seen, state, starts, deterministic=True)
            starts = np.array([False])
            actions.append(action[0] * self.policy.contract.action.scale)
        return np.array(actions)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """Never trained, with weights so large that its memory decides what it does."""
    torch.set_num_threads(1)
    env = RobotEnv(SPEC.robot, SPEC.task, SPEC.domain)
    normaliser = VecNormalize(DummyVecEnv([lambda: env]), norm_reward=False, training=False)
    model = make_ppo(CONFIG, normaliser, seed=3)
    assert isinstance(model, RecurrentPPO)
    with torch.no_grad():
        model.policy.action_net.weight *= 50.0
        for weight in model.policy.lstm_actor.parameters():
            weight *= 3.0
    network = deployed_policy(model, normaliser, env.contract.action.scale)
    path = tmp_path_factory.mktemp("deployed") / "policy.onnx"
    policy = export(network, env.contract, golden_readings(SPEC, 0), path)
    env.close()
    return Deployed(policy, model, normaliser)


def seen(k: int) -> SensorSample:
    """An arm that moves all the time, so that there is something to remember."""
    position = POSE + 0.3 * np.sin(0.2 * k + np.arange(7))
    return SensorSample(
        RobotState(position, np.zeros(7), np.zeros(7)), round(k * PERIOD * 1e9), 0, k * PERIOD
    )


def activated(policy: Policy, exploration: Exploration | None = None) -> PolicyCore:
    core = PolicyCore(policy, exploration)
    core.command.set(TARGET, 0.0)
    core.activate()
    return core


def run(core: PolicyCore, ticks: range) -> list[Tick]:
    made = [core.tick(k, k * PERIOD, seen(k)) for k in ticks]
    assert all(tick is not None for tick in made)
    return [tick for tick in made if tick is not None]


def of(ticks: list[Tick], mode: Mode) -> list[Tick]:
    return [tick for tick in ticks if tick.mode is mode]


def test_it_runs_as_the_model_does_from_the_first_unblended_action_on(deployed: Deployed) -> None:
    running = of(run(activated(deployed.policy), range(60)), Mode.RUNNING)
    assert len(running) > 30
    actions = np.array([tick.action for tick in running])
    assert np.abs(actions - deployed.actions(running)).max() < 1e-5
    alone = np.array([deployed.actions([tick])[0] for tick in running])
    assert np.abs(actions - alone)[1:].max(axis=1).mean() > 0.01


def test_the_ramp_is_not_remembered(deployed: Deployed) -> None:
    ticks = run(activated(deployed.policy), range(60))
    ramping = of(ticks, Mode.RAMPING)
    assert len(ramping) > 10
    for tick in ramping:
        np.testing.assert_allclose(tick.action, deployed.actions([tick])[0], atol=1e-5)


@pytest.mark.parametrize("how", ["activation", "hold"])
def test_every_start_is_from_zeros(deployed: Deployed, how: str) -> None:
    core = activated(deployed.policy)
    run(core, range(60))
    if how == "activation":
        core.deactivate()
        core.activate()
    else:
        core.blocked = "no_controller"
        assert run(core, range(60, 64))[-1].mode is Mode.HOLDING
        core.blocked = None
    running = of(run(core, range(64, 120)), Mode.RUNNING)
    assert len(running) > 20
    assert np.abs([tick.action for tick in running] - deployed.actions(running)).max() < 1e-5


def test_a_missed_deadline_is_no_step_of_the_memory(deployed: Deployed) -> None:
    core = activated(deployed.policy)
    ticks = [*run(core, range(40)), *run(core, range(42, 60))]
    running = of(ticks, Mode.RUNNING)
    assert [b.number - a.number for a, b in pairwise(running)].count(3) == 1
    assert np.abs([tick.action for tick in running] - deployed.actions(running)).max() < 1e-5


def test_deviations_leave_too_and_are_steps(deployed: Deployed) -> None:
    """Training explored in the same way: what is remembered is what was seen of them."""
    scale = np.array(deployed.policy.contract.action.scale)
    exploration = Exploration(scale, 0.1, 0.0, np.random.default_rng(0))
    running = of(run(activated(deployed.policy, exploration), range(80)), Mode.RUNNING)
    own = deployed.actions(running)
    noise = (np.array([tick.action for tick in running]) - own) / scale
    free = np.abs(own / scale) < 0.6
    assert free.sum() > 50
    assert 0.08 < noise[free].std() < 0.12


def test_a_state_that_is_not_finite_stops_the_robot(deployed: Deployed) -> None:
    core = activated(deployed.policy)
    run(core, range(40))
    deployed.policy._states[0][0][0, 10] = np.inf  # of a cell: the action itself stays finite
    stopped = run(core, range(40, 44))
    assert {tick.mode for tick in stopped} == {Mode.HOLDING}
    assert core.safety.stopped == "non_finite_action"
    core.safety.reset_emergency_stop()
    running = of(run(core, range(44, 80)), Mode.RUNNING)
    assert np.abs([tick.action for tick in running] - deployed.actions(running)).max() < 1e-5


def test_over_ros_it_does_what_the_model_does(deployed: Deployed, ros_domain: int, tmp_path: Path) -> None:
    """Policy node, recorder and emulated robot, a process each; the bag says what was seen and done."""
    arguments = {
        "policy": str(deployed.policy.path),
        "output": str(tmp_path / "bag"),
        "domain": "iiwa-broken-joint",
        "rate": "10.0",
        "sensor_rate": "20.0",
        "lockstep": "20.0",
        "max_ticks": "80",
        "interval": "2.0",
    }
    assert run_launch_file(LAUNCH, arguments) == 0
    ticks = [decode(message.data) for message in Bag(tmp_path / "bag").messages(["/policy/tick"])]
    running = of(ticks, Mode.RUNNING)
    assert len(running) == 80
    assert {b.number - a.number for a, b in pairwise(running)} == {1}
    assert len({tuple(tick.command) for tick in running}) > 1  # the memory outlasts a target
    assert np.abs([tick.action for tick in running] - deployed.actions(running)).max() < 1e-5
    transitions = load_transitions(tmp_path / "bag")
    assert transitions.contract == deployed.policy.contract
    assert transitions.observation_error <= 1e-6
    assert len(transitions) >= 70
