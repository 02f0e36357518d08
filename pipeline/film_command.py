"""`terrafirma film`: what a bag says that a robot did, as a moving picture."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from contract import codec
from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import Contract

if TYPE_CHECKING:
    from robot_bridge.bag_reader import Bag
    from sim.rendering import Pose
    from sim.robots.spec import RobotSpec

SUFFIX = ".webp"


@dataclass(frozen=True)
class Stretch:
    """The part of a recording that is shown: from `begin` on for `seconds`, so many frames a second."""

    begin: float
    seconds: float
    frame_rate: float

    def __post_init__(self) -> None:
        for name, bound, good in (
            ("begin", "0 or more", self.begin >= 0),
            ("seconds", "more than 0", 0 < self.seconds < math.inf),
            ("frame-rate", "within 1 and 50", 1 <= self.frame_rate <= 50),
        ):
            if not good:
                raise TerrafirmaError(f"--{name}: {getattr(self, name.replace('-', '_'))} is not {bound}.")


def film(
    bag: Positional[Path],
    /,
    out: Path | None = None,
    robot: str = "",
    namespace: str | None = None,
    begin: float = 0.0,
    seconds: float = 10.0,
    frame_rate: float = 10.0,
) -> int:
    """Draw a recorded robot: its joints, and its base where the bag knows that.

    Args:
        bag: folder, or one .mcap file.
        out: animated WebP to write; by default <name of the bag>.webp in the current folder.
        robot: name of a robot, or a robot file; by default that of the recorded policy.
        namespace: of the robot, where the bag has several.
        begin: s of the recording to leave out.
        seconds: of the recording to show, at most.
        frame_rate: pictures a second.
    """
    from robot_bridge.bag_reader import Bag
    from sim.rendering import animation
    from sim.robots import load_robot

    stretch = Stretch(begin, seconds, frame_rate)
    path = out or Path(f"{bag.name.removesuffix('.mcap')}{SUFFIX}")
    if path.suffix != SUFFIX:
        raise TerrafirmaError(f"--out: {path} does not end in {SUFFIX}.")
    recorded = Bag(bag)
    spec = load_robot(robot or _recorded_robot(recorded, bag))
    root = _namespace(recorded, namespace, bag)
    poses = list(_poses(recorded, root, spec, stretch))
    if not poses:
        raise TerrafirmaError(f"{bag}: has no joint states after {begin:g} s.")
    path.write_bytes(animation(spec, poses, frame_rate))
    sys.stdout.write(f"{path}: {len(poses)} pictures, {len(poses) / frame_rate:.1f} s\n")
    return 0


def _recorded_robot(recorded: Bag, bag: Path) -> str:
    text = recorded.metadata().get("contract")
    if text is None:
        raise TerrafirmaError(f"{bag}: does not say which robot it is of; name it with --robot.")
    return codec.from_json(Contract, text, f"{bag}: contract").identity.robot


def _namespace(recorded: Bag, wanted: str | None, bag: Path) -> str:
    """With which the robot's topics begin, without a slash at the end."""
    from robot_bridge.emulated_pose import JOINTS

    found = [topic.removesuffix(f"/{JOINTS}") for topic in recorded.topics() if topic.endswith(f"/{JOINTS}")]
    names = [root or "/" for root in found]
    if wanted is not None:
        root = f"/{wanted.strip('/')}".rstrip("/")
        if root not in found:
            raise UnknownNameError("namespace", wanted, names, str(bag))
        return root
    if len(found) != 1:
        raise TerrafirmaError(
            f"{bag}: holds joint states of {', '.join(names) or 'nobody'}"
            + ("; choose one with --namespace." if found else ".")
        )
    return found[0]


def _poses(recorded: Bag, root: str, spec: RobotSpec, stretch: Stretch) -> Iterator[Pose]:
    """The newest that was known at the time of each picture; while nothing came, the same again."""
    from robot_bridge.emulated_pose import JOINTS, TRUTH, RecordedPose

    newest = RecordedPose(spec)
    start, shown = None, 0
    for message in recorded.messages([f"{root}/{JOINTS}", f"{root}/{TRUTH}"]):
        start = message.time if start is None else start
        now = (message.time - start) * 1e-9 - stretch.begin
        if now >= stretch.seconds:
            return
        while (pose := newest.pose) is not None and now >= shown / stretch.frame_rate:
            shown += 1
            yield pose
        take = newest.take_truth if message.topic.endswith(TRUTH) else newest.take_joints
        take(message.data)
