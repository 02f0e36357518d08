"""Lifecycle node that runs an exported policy: sensors and task command in, joint commands out.

Its parameters are those of `robot_bridge.policy_parameters`, autostart and use_sim_time.
"""

from __future__ import annotations

import gc

from rclpy.executors import Executor
from std_srvs.srv import Trigger

from contract.errors import TerrafirmaError
from robot_bridge import bridge_node, ros
from robot_bridge.deadlines import TimeBase
from robot_bridge.deployment import Deployment
from robot_bridge.diagnostics import Diagnostics
from robot_bridge.policy_parameters import read_parameters
from robot_bridge.realtime import make_realtime
from robot_bridge.succession import Succession
from robot_bridge.swap_services import SwapServices
from robot_bridge.tick import Mode


class PolicyNode(bridge_node.ManagedNode):
    """Refuses a robot that its contract does not fit, and is silent until activated."""

    def __init__(self) -> None:
        super().__init__("policy")
        self._settings = read_parameters(self)
        make_realtime(self._settings.realtime_priority, self._settings.cpu)
        self._simulated = ros.is_simulated(self)
        self._time = TimeBase(lambda: self.get_clock().now().nanoseconds, self._simulated)
        self._diagnostics = Diagnostics(self)
        self._deployment: Deployment | None = None
        self._swap = SwapServices(self, self._settings.accepts_successors, self._succession)
        self.create_service(Trigger, "~/emergency_stop", self._emergency_stop)
        self.create_service(Trigger, "~/reset_emergency_stop", self._reset_emergency_stop)

    def configure(self) -> None:
        if not self._settings.policy:
            raise TerrafirmaError("parameter policy: give the path of an exported ONNX file.")
        self._deployment = Deployment(self, self._settings, self._seconds)
        policy = self._deployment.policy
        self.get_logger().info(
            f"policy {policy.contract.identity.policy!r} {policy.sha256[:12]} at "
            f"{policy.contract.control_rate:g} Hz, golden trace reproduced to {policy.golden_error:.1e} rad"
        )

    def activate(self) -> None:
        assert self._deployment is not None
        self._deployment.activate()
        # what lives now lives as long as the node; what comes is looked at between two ticks
        gc.collect()
        gc.freeze()
        gc.disable()

    def deactivate(self) -> None:
        assert self._deployment is not None
        self._deployment.deactivate()
        gc.enable()

    def cleanup(self) -> None:
        if self._deployment is not None:
            self._deployment.destroy()
            self._deployment = None

    def iterate(self, executor: Executor) -> None:
        deployment = self._deployment
        waiting_for_clock = self._simulated and self.get_clock().now().nanoseconds == 0
        if deployment is None or not self.active or waiting_for_clock:
            executor.spin_once(timeout_sec=ros.IDLE)
        else:
            now = self._time.now()
            remaining = deployment.remaining(now)
            if remaining > 0:
                executor.spin_once(timeout_sec=min(remaining, deployment.rest(now), ros.IDLE))
                if self.active:
                    deployment.follow()
                return
            deployment.tick(now)
        if self._diagnostics.due(self._state()):
            self._report()
            if not gc.isenabled():
                gc.collect()

    def _succession(self) -> Succession | None:
        return None if self._deployment is None else self._deployment.core.succession

    def _seconds(self) -> float:
        return self._time.now() * 1e-9

    def _emergency_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._stop_or_reset(response, stop=True)

    def _reset_emergency_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._stop_or_reset(response, stop=False)

    def _stop_or_reset(self, response: Trigger.Response, stop: bool) -> Trigger.Response:
        if self._deployment is None:
            response.success, response.message = False, "not configured: there is nothing to stop"
            return response
        safety = self._deployment.core.safety
        if stop:
            safety.emergency_stop()
        else:
            safety.reset_emergency_stop()
        response.success = True
        response.message = "holding until reset_emergency_stop" if stop else "ramping in when sensors allow"
        return response

    def _state(self) -> str:
        """In a word, what it does and why."""
        if self._deployment is None:
            return "not configured"
        core = self._deployment.core
        state = core.mode.name.lower() + (f": {core.hold_cause}" if core.hold_cause else "")
        told = self._swap.report()  # each turn of the loop: nothing to tell costs nothing
        return state if not told else "; ".join([state, *(f"{k} {v}" for k, v in told.items() if v)])

    def _report(self) -> None:
        deployment = self._deployment
        if deployment is None:
            self._diagnostics.publish(Diagnostics.OK, self._state(), {"policy": self._settings.policy})
            return
        core = deployment.core
        level = Diagnostics.OK
        if core.mode is Mode.HOLDING:
            level = Diagnostics.ERROR if core.safety.stopped else Diagnostics.WARN
        values = {
            "policy": self._settings.policy,
            "policy_sha256": core.succession.policy.sha256,
            "missed_ticks": deployment.deadlines.missed,
            "tick_us": deployment.tick_time,
            "answer_us": deployment.answer_time,
            "sensor_error": deployment.sensors.error or "",
            **self._swap.report(),
            **core.safety.counts,
        }
        self._diagnostics.publish(level, self._state(), values)


def main(args: list[str] | None = None) -> int:
    """Run the policy node; returns its exit code."""
    return bridge_node.run(PolicyNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
