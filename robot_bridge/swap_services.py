"""How others give a running policy node a successor, and take it back.

    ros2 param set /policy candidate FILE      is read and checked while the robot goes on; see /diagnostics
    ros2 param set /policy candidate ""        is forgotten
    ros2 service call /policy/promote std_srvs/srv/Trigger
    ros2 service call /policy/roll_back std_srvs/srv/Trigger

Only where parameter `swap.accept` is true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from contract.errors import TerrafirmaError
from robot_bridge.newcomer import Newcomer
from robot_bridge.succession import Succession

CANDIDATE = "candidate"


class SwapServices:
    """Parameter `candidate` and services `~/promote` and `~/roll_back` of a node.

    Args:
        accept: whether there is to be any swap.
        succession: of the policy at work; None while there is none.
    """

    def __init__(self, node: Node, accept: bool, succession: Callable[[], Succession | None]) -> None:
        self._node, self._accept, self._succession = node, accept, succession
        self._newcomer: Newcomer | None = None
        about = "policy file that is to take over; needs swap.accept"
        node.declare_parameter(CANDIDATE, "", ParameterDescriptor(description=about))
        node.add_on_set_parameters_callback(self._take)
        if accept:
            node.create_service(Trigger, "~/promote", self._promote)
            node.create_service(Trigger, "~/roll_back", self._roll_back)

    def report(self) -> dict[str, str]:
        """For diagnostics; empty where there is nothing to tell."""
        succession = self._succession()
        if not self._accept or succession is None:
            return {}
        newcomer = "" if self._newcomer is None else str(self._newcomer)
        return {CANDIDATE: newcomer, "swap": succession.outcome}

    def _take(self, parameters: Sequence[Parameter[Any]]) -> SetParametersResult:
        paths = [str(each.value) for each in parameters if each.name == CANDIDATE]
        if not paths:
            return SetParametersResult(successful=True)
        succession = self._succession()
        why = ""
        if not self._accept or succession is None:
            why = "there is no policy at work" if self._accept else "swap.accept is false"
        elif self._newcomer is not None and self._newcomer.is_reading:
            why = "another one is being read"
        if why or succession is None:
            return SetParametersResult(
                successful=not paths[-1], reason=f"no policy can take over here: {why}"
            )
        self._newcomer = Newcomer(Path(paths[-1]), succession.policy.contract) if paths[-1] else None
        return SetParametersResult(successful=True)

    def _promote(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        succession, newcomer = self._succession(), self._newcomer
        if succession is None or newcomer is None or newcomer.policy is None:
            said = "there is no candidate" if newcomer is None else str(newcomer)
            response.success, response.message = False, f"nothing to promote: {said}"
            return response
        try:
            succession.promote(newcomer.policy)
        except TerrafirmaError as error:
            response.success, response.message = False, str(error)
            return response
        self._newcomer = None
        response.success, response.message = True, f"{newcomer.policy.sha256} takes over, on probation"
        self._node.get_logger().info(response.message)
        return response

    def _roll_back(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        succession = self._succession()
        response.success = succession is not None and succession.roll_back("asked to")
        response.message = "the policy before is back" if response.success else "no policy is on probation"
        return response
