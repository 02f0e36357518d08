"""The ROS parameters of the policy node: read once, at the start, and checked."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from robot_bridge.actuation import check_interface
from robot_bridge.limits import Limits
from robot_bridge.ros import setting
from robot_bridge.succession import SwapRules


@dataclass(frozen=True)
class PolicyParameters:
    """What a user says about a deployment."""

    policy: str
    robot_timeout: float  # s
    command_interface: str
    on_stop: str
    limits: Limits
    command_listeners: int
    tick_listeners: int
    base_frame: str
    stamped_cmd_vel: bool
    exploration_std: float
    random_fraction: float
    seed: int
    realtime_priority: int
    cpu: int
    rehearsal: bool
    accepts_successors: bool
    swap: SwapRules


def read_parameters(node: Node) -> PolicyParameters:
    """Declare and read them all.

    Raises:
        TerrafirmaError: one has the wrong type, or a value out of its range.
    """
    interface = setting(
        node, "command_interface", "forward_position", "kind of the robot's controller, see actuation.py"
    )
    on_stop = setting(
        node, "on_stop", "hold", "what to do after a fault: hold, damp or release, as the controller can"
    )
    return PolicyParameters(
        policy=setting(node, "policy", "", "path of the exported ONNX file"),
        robot_timeout=setting(
            node, "robot_timeout", 10.0, "s to wait for each of the robot's sensors", low=0.0
        ),
        command_interface=check_interface(interface, on_stop),
        on_stop=on_stop,
        limits=_read_limits(node),
        command_listeners=setting(
            node, "command_listeners", 1, "subscribers of the commands that must be there", low=0
        ),
        tick_listeners=setting(
            node, "tick_listeners", 0, "subscribers of the ticks that must be there", low=0
        ),
        base_frame=setting(node, "base_frame", "base_link", "frame of target points and of an object's pose"),
        stamped_cmd_vel=setting(node, "stamped_cmd_vel", False, "whether cmd_vel is a TwistStamped"),
        exploration_std=setting(
            node, "exploration_std", 0.0, "noise on actions, normalised; for collecting data", low=0.0
        ),
        random_fraction=setting(
            node, "random_fraction", 0.0, "share of commands answered with random actions", low=0.0, high=1.0
        ),
        seed=setting(node, "seed", 0, "of the exploration", low=0),
        realtime_priority=setting(
            node, "realtime_priority", 0, "SCHED_FIFO priority of the process; 0: none", low=0, high=99
        ),
        cpu=setting(node, "cpu", -1, "processor that the loop is pinned to; -1: any", low=-1),
        rehearsal=setting(
            node, "rehearsal", False, "whether each tick is done once for nothing before its reading comes"
        ),
        accepts_successors=setting(
            node, "swap.accept", False, "whether another policy may take over while the robot runs"
        ),
        swap=_read_swap_rules(node),
    )


def _read_swap_rules(node: Node) -> SwapRules:
    return SwapRules(
        setting(node, "swap.blend", SwapRules.blend, "s, in which a successor comes in", low=0.0),
        setting(node, "swap.probation", SwapRules.probation, "s of acting, before it may stay", low=0.0),
        setting(
            node, "swap.max_distance", SwapRules.max_distance, "of its actions meanwhile", low=0.0, high=2.0
        ),
    )


def _read_limits(node: Node) -> Limits:
    def read(name: str, about: str) -> float:
        return setting(node, f"limits.{name}", float(getattr(Limits, name)), about)

    return Limits(
        position_margin=read("position_margin", "rad kept from both ends of every joint"),
        velocity_scale=read("velocity_scale", "share of the contract's joint velocities"),
        effort_scale=read("effort_scale", "share of the contract's joint efforts"),
        command_scale=read("command_scale", "share of the contract's range of task commands"),
        tilt_limit=read("tilt_limit", "rad; 0: the contract's"),
        sensor_timeout=read("sensor_timeout", "s; 0: the contract's"),
        unlocked=setting(node, "limits.unlocked", False, "allow limits wider than the contract's"),
    )
