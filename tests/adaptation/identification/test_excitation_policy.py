"""A chirp as a policy file says by heart what the chirp says, and goes through a real policy node."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from adaptation.identification.excitation import Chirp
from adaptation.identification.excitation_policy import TASK, write_excitation
from policies.runtime import Policy
from robot_bridge.environment import own_domain
from robot_bridge.joint_motion import load_joint_motion
from robot_bridge.launch_runner import run_launch_file
from sim.robots import load_robot

LAUNCH = Path(__file__).parents[3] / "launch" / "emulated.launch.xml"
IIWA = load_robot("iiwa")
DEFAULT = np.array([joint.default_position for joint in IIWA.joints])
CHIRP, RATE = Chirp(seconds=3.0, high=3.0), 50.0
LEAST_RAMP = 100  # ticks


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    set_points = CHIRP.set_points(IIWA.joints, DEFAULT, RATE)
    return write_excitation(IIWA, set_points, RATE, tmp_path_factory.mktemp("chirp") / "chirp.onnx")


def test_it_says_the_chirp_by_heart_and_stays_where_it_ends(policy: Policy) -> None:
    expected = CHIRP.set_points(IIWA.joints, DEFAULT, RATE) - DEFAULT
    seen = np.random.default_rng(0).normal(size=(len(expected) + 5, len(DEFAULT))).astype(np.float32)
    said = np.array([policy(observation) for observation in seen])
    assert np.allclose(said[: len(expected)], expected, atol=1e-6)
    assert np.allclose(said[len(expected) :], expected[-1], atol=1e-6)
    policy.reset()
    assert np.allclose(policy(seen[3]), expected[0], atol=1e-6)


def test_its_contract_is_the_robot_s(policy: Policy) -> None:
    contract = policy.contract
    assert (contract.identity.robot, contract.identity.task) == ("iiwa", TASK)
    assert contract.joints == IIWA.joints
    assert contract.control_rate == RATE
    assert contract.command.low == contract.command.high == (0.0,)


def test_a_policy_node_plays_it_and_its_bag_holds_it(policy: Policy, tmp_path: Path) -> None:
    arguments = {
        "policy": str(policy.path),
        "robot": "iiwa",
        "output": str(tmp_path / "bag"),
        "commander": "false",
        "lockstep": str(RATE),
        "sensor_rate": str(RATE),
        "rate": "10.0",
        "max_ticks": str(round(CHIRP.seconds * RATE)),
    }
    assert run_launch_file(LAUNCH, arguments, own_domain(os.environ, os.getpid())) == 0
    motion = load_joint_motion(tmp_path / "bag")
    expected = CHIRP.set_points(IIWA.joints, DEFAULT, RATE)
    # the last ticks are the chirp, and before it the robot came to where it begins
    assert len(motion.set_point) > len(expected) + LEAST_RAMP
    ends = [
        float(np.abs(motion.set_point[i : i + len(expected)] - expected).max())
        for i in range(len(motion.set_point) - len(expected) + 1)
    ]
    assert min(ends) < 0.02
    swing = np.ptp(motion.position, axis=0)
    assert (swing > 0.5 * np.ptp(expected, axis=0)).all()
