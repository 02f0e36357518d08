"""Environment variables without which ROS 2 does not start, or finds nobody."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

DISCOVERY = "ROS_AUTOMATIC_DISCOVERY_RANGE"
DOMAIN = "ROS_DOMAIN_ID"
SAFE_DOMAINS = 101  # 1 to 101: above, DDS ports overlap with Linux's ephemeral ones


def node_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with what a node needs; whatever the user has set stays.

    Discovery stays on this host by default, logs go somewhere writable even without a home,
    and the ament prefix is this Python environment where no ROS is sourced.
    """
    result = dict(environment)
    result.setdefault(DISCOVERY, "LOCALHOST")
    result.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    if not any(name in result for name in ("HOME", "ROS_LOG_DIR", "ROS_HOME")):
        result["ROS_LOG_DIR"] = str(Path(tempfile.gettempdir()) / f"terrafirma-ros-log-{os.getuid()}")
    return result


def own_domain(environment: Mapping[str, str], process: int) -> dict[str, str]:
    """`ROS_DOMAIN_ID` for the nodes of one process, unless `environment` has one already.

    Two loops at once would otherwise command each other's robots.
    """
    return {DOMAIN: environment.get(DOMAIN) or str(1 + process % SAFE_DOMAINS)}
