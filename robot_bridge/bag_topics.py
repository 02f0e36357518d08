"""Which topics of a bag belong to one robot."""

from __future__ import annotations

from dataclasses import dataclass

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.bag_reader import Bag

TICK = "policy/tick"


@dataclass(frozen=True)
class BagTopics:
    """Names of the topics that transitions are made of."""

    joint_states: str = "/joint_states"
    imu: str = "/imu/data"
    object_pose: str = "/object_pose"
    tick: str = f"/{TICK}"

    @classmethod
    def below(cls, namespace: str) -> BagTopics:
        """The topics in a namespace such as "/robot_1"; "/" is the one without a name."""
        root = namespace.rstrip("/")
        return cls(root + cls.joint_states, root + cls.imu, root + cls.object_pose, root + cls.tick)


def find_topics(bag: Bag, namespace: str | None, where: object) -> BagTopics:
    """The topics in `namespace`; by default in the only one in which a policy has ticked.

    Args:
        where: the bag's path, for errors.

    Raises:
        UnknownNameError: no policy has ticked in `namespace`.
        TerrafirmaError: no namespace is given and several policies have ticked, or none has.
    """
    suffix = f"/{TICK}"
    found = sorted(topic.removesuffix(suffix) or "/" for topic in bag.topics() if topic.endswith(suffix))
    if namespace is not None:
        wanted = "/" + namespace.strip("/")
        if wanted not in found:
            raise UnknownNameError("namespace", namespace, found, f"{where}")
        return BagTopics.below(wanted)
    if not found:
        raise TerrafirmaError(f"{where}: no topic {TICK} in any namespace: no policy was recorded.")
    if len(found) > 1:
        raise TerrafirmaError(
            f"{where}: holds several robots; choose one by its namespace, of {', '.join(found)}."
        )
    return BagTopics.below(found[0])
