"""The one table of QoS: every publisher and subscription of the bridge takes its profile here.

Best-effort publishers never match reliable subscribers, nor volatile ones transient-local
subscribers; REP-2003: publish sensors reliably, subscribe to them with best effort.
"""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, reliability: ReliabilityPolicy) -> QoSProfile:
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability)


SENSOR_PUBLISHER = _profile(10, ReliabilityPolicy.RELIABLE)
SENSOR_SUBSCRIBER = _profile(5, ReliabilityPolicy.BEST_EFFORT)  # several devices may share a topic
COMMAND = _profile(1, ReliabilityPolicy.RELIABLE)  # set-points and task commands
LOG = _profile(1000, ReliabilityPolicy.RELIABLE)  # ticks and whatever a recorder must not lose
LOG_BEST_EFFORT = _profile(1000, ReliabilityPolicy.BEST_EFFORT)  # from publishers that offer no more
CLOCK = _profile(1, ReliabilityPolicy.BEST_EFFORT)
DESCRIPTION = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,  # said once, and heard by whoever comes later
)
