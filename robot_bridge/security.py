"""DDS security fails closed: who asks for it gets it, or nothing.

ROS 2 reads its security variables to the letter. `ROS_SECURITY_ENABLE=True` or
`ROS_SECURITY_STRATEGY=enforce` is no error to it: the node runs, and anybody may command it.
"""

from __future__ import annotations

from collections.abc import Mapping

from contract.errors import TerrafirmaError, UnknownNameError

ENABLE = "ROS_SECURITY_ENABLE"
STRATEGY = "ROS_SECURITY_STRATEGY"
KEYSTORE = "ROS_SECURITY_KEYSTORE"
# The middlewares that read a keystore, or refuse to start where they were built without security.
ENFORCING = ("rmw_connextdds", "rmw_cyclonedds_cpp", "rmw_fastrtps_cpp", "rmw_fastrtps_dynamic_cpp")


def check_spelling(environment: Mapping[str, str]) -> None:
    """Refuse security variables that ROS 2 would pass over.

    Raises:
        UnknownNameError: a value that ROS 2 does not know.
    """
    for name, valid in ((ENABLE, ("true", "false")), (STRATEGY, ("Enforce", "Permissive"))):
        if environment.get(name, "") not in ("", *valid):
            raise UnknownNameError("value", environment[name], valid, name)


def enforced(environment: Mapping[str, str]) -> bool:
    """Whether nothing may be said or heard in the clear."""
    return environment.get(ENABLE) == "true" and environment.get(STRATEGY) == "Enforce"


def check_middleware(environment: Mapping[str, str], middleware: str) -> None:
    """Refuse a middleware that is not known to enforce what is asked for.

    Raises:
        UnknownNameError: security is enforced, and `middleware` may ignore it.
    """
    if enforced(environment) and middleware not in ENFORCING:
        raise UnknownNameError("middleware with DDS security", middleware, ENFORCING, f"{STRATEGY}=Enforce")


def refusal(environment: Mapping[str, str], error: Exception) -> TerrafirmaError:
    """Why ROS 2 did not start a node; `error` is what it said itself."""
    said = " ".join(str(error).split())  # in one line
    if environment.get(ENABLE) != "true":
        return TerrafirmaError(f"ROS 2 did not start: {said}.")
    return TerrafirmaError(
        f"ROS 2 did not start with {ENABLE}=true, and nothing runs unsecured: {said}. It needs a middleware "
        f"built with security (the wheels' is not) and the enclave's keys in {KEYSTORE} "
        f"({environment.get(KEYSTORE) or 'not set'})."
    )
