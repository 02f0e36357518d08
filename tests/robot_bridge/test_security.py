"""A node that is told to enforce DDS security runs secured, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.errors import UnknownNameError
from robot_bridge.security import check_middleware, check_spelling, enforced
from tests.robot_bridge.conftest import Running

ENFORCE = {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_STRATEGY": "Enforce"}
KEYS = (
    *("identity_ca.cert.pem", "cert.pem", "key.pem"),
    *("permissions_ca.cert.pem", "governance.p7s", "permissions.p7s"),
)


def ask_for_security(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {**ENFORCE, **more}.items():
        monkeypatch.setenv(name, value)


def refused(node: Running) -> str:
    assert node.wait() == 2
    output = node.output()
    assert "Traceback" not in output
    return output


def test_no_keys_no_node(start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch) -> None:
    ask_for_security(monkeypatch)
    output = refused(start("recorder_node", autostart=True))
    assert "nothing runs unsecured" in output
    assert "ROS_SECURITY_KEYSTORE (not set)" in output


def test_keys_but_a_middleware_without_security(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a ROS 2 with security these files, which are no keys, are refused just the same."""
    enclave = tmp_path / "keys" / "enclaves"
    enclave.mkdir(parents=True)
    for name in KEYS:
        (enclave / name).write_text("not a key")
    ask_for_security(monkeypatch, ROS_SECURITY_KEYSTORE=str(tmp_path / "keys"))
    assert "nothing runs unsecured" in refused(start("commander_node"))


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [("ROS_SECURITY_STRATEGY", "enforce", "Enforce"), ("ROS_SECURITY_ENABLE", "True", "true")],
)
def test_a_misspelled_wish_is_no_licence(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, name: str, value: str, meant: str
) -> None:
    """rclpy would start such a node unsecured."""
    ask_for_security(monkeypatch, **{name: value})
    assert f"{name}: unknown value {value!r}. Did you mean {meant!r}" in refused(start("commander_node"))


def test_only_middlewares_that_enforce() -> None:
    assert enforced(ENFORCE)
    check_middleware(ENFORCE, "rmw_fastrtps_cpp")
    with pytest.raises(UnknownNameError, match="ROS_SECURITY_STRATEGY=Enforce: unknown middleware"):
        check_middleware(ENFORCE, "rmw_zenoh_cpp")
    check_middleware({}, "rmw_zenoh_cpp")
    check_spelling(os.environ)
