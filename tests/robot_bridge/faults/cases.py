"""Every fault of the matrix: how it is brought about, what has to follow, and how it ends."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from geometry_msgs.msg import Twist
from std_msgs.msg import Float64MultiArray

from tests.robot_bridge.faults.bench import COMMANDS, Bench

HOLDS, RUNS, ENDS = "holds", "runs on", "ends, the robot stands"
TRANSPORT = 0.02  # s, for messages to come and go
NOTICE = 0.06  # s without sensors that the contract of the A1 allows
PERIOD = 0.02  # s
AT_ONCE = PERIOD + TRANSPORT
TIMED_OUT = NOTICE + PERIOD + TRANSPORT

Act = Callable[[Bench], object]


@dataclass(frozen=True)
class Case:
    """One fault.

    Args:
        name: for the table.
        begin: brings it about.
        end: ends it.
        reaction: what has to follow.
        within: s until then, of wall time.
        says: what the policy's diagnostics say.
        why: of a reaction that is none, or takes longer than 100 ms.
    """

    name: str
    begin: Act
    end: Act
    reaction: str
    within: float
    says: str
    why: str = ""


def _robot(name: str, faults: str, reaction: str, within: float, says: str, why: str = "") -> Case:
    """A fault of the emulated robot."""
    return Case(
        name, lambda bench: bench.fail(faults), lambda bench: bench.fail(""), reaction, within, says, why
    )


def _reset(bench: Bench) -> None:
    assert bench.trigger("/policy/reset_emergency_stop")


def _well_again(bench: Bench) -> None:
    bench.fail("")
    _reset(bench)


def _twist(bench: Bench, speed: float) -> None:
    bench.twist = Twist()
    bench.twist.linear.x = speed


def _silence(bench: Bench) -> None:
    bench.commanding = False


def _speak(bench: Bench) -> None:
    bench.commanding = True


def _strange(bench: Bench) -> None:
    bench.stranger = bench.node.create_publisher(Float64MultiArray, COMMANDS, 1)


def _gone(bench: Bench) -> None:
    bench.node.destroy_publisher(bench.stranger)
    time.sleep(0.5)
    _reset(bench)


def _pause(bench: Bench) -> None:
    bench.signal("policy", signal.SIGSTOP)
    time.sleep(0.5)
    bench.signal("policy", signal.SIGCONT)


def _restart(bench: Bench) -> None:
    bench.recover()


def _nothing(bench: Bench) -> None:
    pass


WAITS = "the contract gives sensors 60 ms"
CASES = (
    _robot("joint states fall silent", "{silent: [joint_states]}", HOLDS, TIMED_OUT, "stale_sensors", WAITS),
    _robot("the IMU falls silent", "{silent: [imu]}", HOLDS, TIMED_OUT, "stale_sensors", WAITS),
    _robot(
        "all sensors fall silent", "{silent: [joint_states, imu]}", HOLDS, TIMED_OUT, "stale_sensors", WAITS
    ),
    _robot("joint states freeze", "{frozen: [joint_states]}", HOLDS, TIMED_OUT, "stale_sensors", WAITS),
    _robot("the IMU freezes", "{frozen: [imu]}", HOLDS, TIMED_OUT, "stale_sensors", WAITS),
    _robot("joint states are not numbers", "{nan: [joint_states]}", HOLDS, AT_ONCE, "non_finite_sensors"),
    _robot("the IMU's readings are not numbers", "{nan: [imu]}", HOLDS, AT_ONCE, "non_finite_sensors"),
    _robot("a joint is missing", "{missing: [RR_lower_joint]}", HOLDS, TIMED_OUT, "no_sensors", WAITS),
    _robot(
        *("the first joint is missing", "{missing: [FR_hip_joint]}", HOLDS, TIMED_OUT, "stale_sensors"),
        f"messages without it are taken for another device's; {WAITS}",
    ),
    _robot(
        "joints come in another order", "{shuffled: true}", RUNS, 0.0, "running", "they are found by name"
    ),
    _robot("readings come 0.3 s late", "{late: 0.3}", HOLDS, TIMED_OUT, "stale_sensors", WAITS),
    _robot(
        "readings come 30 ms late",
        "{late: 0.03}",
        RUNS,
        0.0,
        "running",
        "the policy has learned with latency",
    ),
    _robot("stamps jump back by 2 s", "{stamp_shift: -2.0}", HOLDS, AT_ONCE, "late_sensors"),
    Case(
        *("stamps jump ahead by 2 s", lambda bench: bench.fail("{stamp_shift: 2.0}"), _well_again),
        *(RUNS, 0.0, "running", "readings are prompt by them from then on"),
    ),
    _robot(
        *("a third of the set-points is lost", "{parameters: {packet_loss: 0.33}}", RUNS, 0.0, "running"),
        "the next is due in 20 ms",
    ),
    _robot(
        *("a third of the readings is lost", "{parameters: {sensor_loss: 0.33}}", RUNS, 0.0, "running"),
        "the next is due in 5 ms",
    ),
    _robot(
        *(
            "motors lose a fifth of their strength",
            "{parameters: {joint_strength: 0.8}}",
            RUNS,
            0.0,
            "running",
        ),
        "the policy has learned with it",
    ),
    _robot(
        *("the floor becomes slippery", "{parameters: {ground_friction: 0.4}}", RUNS, 0.0, "running"),
        "the policy has learned with it",
    ),
    Case(
        *("the IMU comes loose and hangs", lambda bench: bench.fail("{turned: 1.57}"), _well_again),
        *(HOLDS, AT_ONCE, "tilt"),
    ),
    Case("the velocity command stops", _silence, _speak, RUNS, 0.0, "running", "it stands after 0.5 s"),
    Case(
        *("the velocity command is not a number", lambda bench: _twist(bench, math.nan)),
        *(lambda bench: _twist(bench, 0.4), RUNS, 0.0, "running", "it is ignored, and times out"),
    ),
    Case(
        *("the velocity command is 100 m/s", lambda bench: _twist(bench, 100.0)),
        *(lambda bench: _twist(bench, 0.4), RUNS, 0.0, "running", "it is clipped to 1 m/s"),
    ),
    Case(
        *("somebody calls the emergency stop", lambda bench: bench.trigger("/policy/emergency_stop"), _reset),
        *(HOLDS, AT_ONCE, "emergency_stop"),
    ),
    Case(
        *("a stranger publishes set-points", _strange, _gone, HOLDS, 0.5, "stranger"),
        "discovery has to tell of it",
    ),
    Case(
        *("the policy's process hangs for 0.5 s", _pause, _nothing, HOLDS, AT_ONCE, "stale_sensors"),
        "counted from its awakening; the robot's own time-out has made it stand",
    ),
    Case(
        *("the policy's process is killed", lambda bench: bench.signal("policy", signal.SIGKILL)),
        *(_restart, ENDS, TIMED_OUT, "", "the robot's own time-out makes it stand"),
    ),
    Case(
        *("the policy's process is told to end", lambda bench: bench.signal("policy", signal.SIGTERM)),
        *(_restart, ENDS, 0.3, "", "it makes the robot stand first"),
    ),
    Case(
        *("somebody presses Ctrl-C", lambda bench: bench.signal("policy", signal.SIGINT)),
        *(_restart, ENDS, 0.3, "", "it makes the robot stand first"),
    ),
    Case(
        *("the robot's process is killed", lambda bench: bench.signal("robot", signal.SIGKILL)),
        *(_restart, HOLDS, TIMED_OUT, "stale_sensors", WAITS),
    ),
)
