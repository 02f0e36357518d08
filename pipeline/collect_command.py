"""`terrafirma collect`: record a robot's topics, or repair such a recording."""

from __future__ import annotations

import sys
from pathlib import Path

from contract.errors import TerrafirmaError
from pipeline.node_process import become_node
from pipeline.places import policy_file


def collect(
    out: Path | None = None, seconds: float = 0.0, policy: str = "", repair: Path | None = None
) -> int:
    """Record a robot's topics to a bag until interrupted; or repair a bag that was cut off.

    Args:
        out: folder to create.
        seconds: stop after so long; 0 means never.
        policy: policy that is running, to be noted in the bag.
        repair: instead of recording, complete this bag (folder or .mcap file) after a crash. The damaged
            files are kept beside it.
    """
    if repair is not None:
        if out is not None or seconds or policy:
            raise TerrafirmaError("--repair: records nothing, so leave --out, --seconds and --policy out.")
        return _repair(repair)
    if out is None:
        raise TerrafirmaError("--out: give the folder to create for the bag, or --repair and a damaged bag.")
    parameters = {
        "autostart": "true",
        "output": str(out),
        "seconds": str(float(seconds)),
        "policy": str(policy_file(policy)) if policy else "",
    }
    return become_node("recorder_node", parameters)


def _repair(bag: Path) -> int:
    from robot_bridge.bag_repair import DAMAGED, repair

    done = repair(bag)
    if not done.was_needed:
        sys.stdout.write(f"{bag}: complete, left as it is\n")
    for file, salvaged in done.salvaged.items():
        left_out = f"; {salvaged.broken_chunks} broken chunks left out" if salvaged.broken_chunks else ""
        sys.stdout.write(
            f"{file}: saved {salvaged.summary.message_count} messages, {salvaged.seconds:.2f} s{left_out}; "
            f"the damaged file is kept as {file.name}{DAMAGED}\n"
        )
    if done.index is not None:
        sys.stdout.write(f"{done.index}: written anew\n")
    return 0
