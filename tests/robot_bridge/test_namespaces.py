"""A bag says itself which of its topics belong to the robot whose policy ticked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.bag import BagWriter
from robot_bridge.bag_reader import Bag
from robot_bridge.transitions import load_transitions
from tests.robot_bridge.test_transitions import record

TOPICS = ("/joint_states", "/imu/data", "/policy/tick")


def merge(folder: Path, bags: dict[str, Path]) -> Path:
    """One bag of the same robot's topics in several namespaces."""
    parts = {namespace: Bag(path) for namespace, path in bags.items()}
    merged = BagWriter(folder, next(iter(parts.values())).metadata())
    for namespace, bag in parts.items():
        for topic, kind in bag.topics().items():
            merged.add_topic(namespace + topic, kind)
    for namespace, bag in parts.items():
        topics = [*bag.topics()]
        for message in bag.raw_messages():
            merged.write(namespace + topics[message.channel_id - 1], message.data, message.log_time)
    merged.close()
    return folder


def test_the_namespace_is_found_where_the_policy_ticked(tmp_path: Path, iiwa_policy: Path) -> None:
    record(tmp_path / "bag", iiwa_policy)
    plain = load_transitions(tmp_path / "bag")
    for namespace in ("/robot_1", "/site/left"):
        named = merge(tmp_path / f"named{len(namespace)}", {namespace: tmp_path / "bag"})
        for given in (None, namespace, namespace.removeprefix("/")):
            found = load_transitions(named, namespace=given)
            assert np.array_equal(found.observation, plain.observation)
            assert np.array_equal(found.action, plain.action)
        with pytest.raises(UnknownNameError, match=f"unknown namespace 'robot_9'.*{namespace}"):
            load_transitions(named, namespace="robot_9")


def test_several_robots_need_a_name(tmp_path: Path, iiwa_policy: Path) -> None:
    record(tmp_path / "a", iiwa_policy)
    record(tmp_path / "b", iiwa_policy, keep=lambda tick: tick.number >= 50)
    both = merge(tmp_path / "both", {"/robot_1": tmp_path / "a", "/robot_2": tmp_path / "b"})
    with pytest.raises(TerrafirmaError, match=r"several robots; choose one .*, of /robot_1, /robot_2"):
        load_transitions(both)
    assert load_transitions(both, namespace="/robot_1").lost_ticks == 0
    assert load_transitions(both, namespace="/robot_2").lost_ticks == 50
    beside = merge(tmp_path / "beside", {"": tmp_path / "a", "/robot_2": tmp_path / "b"})
    assert load_transitions(beside, namespace="/").lost_ticks == 0


def test_a_bag_without_ticks_is_refused(tmp_path: Path) -> None:
    bag = BagWriter(tmp_path / "bag", {"contract": "{}"})
    bag.add_topic("/joint_states", "sensor_msgs/msg/JointState")
    bag.close()
    with pytest.raises(TerrafirmaError, match=r"no topic policy/tick in any namespace|contract"):
        load_transitions(tmp_path / "bag")
