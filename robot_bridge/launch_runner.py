"""Start the processes of a launch file where ROS's own launch is missing, and end them together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge import refusal
from robot_bridge.environment import node_environment
from robot_bridge.launch_file import NodeProcess, load

PACKAGE = "terrafirma"
MODULES = {
    "policy_node": "robot_bridge.policy_node",
    "emulated_robot": "robot_bridge.emulated_robot_node",
    "recorder": "robot_bridge.recorder_node",
    "commander": "robot_bridge.commander_node",
    "viewer": "robot_bridge.emulated_viewer_node",
    "fine_tuner": "robot_bridge.fine_tuner_node",
}
POLL = 0.05  # s
ESCALATION = ((signal.SIGINT, 5.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0))  # signal, s to obey
PR_SET_PDEATHSIG = 1


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    node: NodeProcess
    refusal: IO[bytes]  # where it says why it gives up

    @property
    def code(self) -> int:
        """Exit code as a shell gives it; 0 while it runs."""
        code = self.process.poll() or 0
        return code if code >= 0 else 128 - code

    def cause(self) -> str:
        self.refusal.seek(0)
        said = self.refusal.read().decode(errors="replace").split("\n")[0]
        return (
            f"{self.node.where}: {self.node.executable} failed with code {self.code}: {said or 'see above'}\n"
        )


def run_launch_file(
    path: Path, arguments: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> int:
    """Run a launch file until it is done or a signal comes; all its processes end with it.

    Nodes inherit this process's environment variables, with those of `environment` on top.

    A node with `on_exit="shutdown"` ends the others when it ends. The cause of a failure is the last
    line on standard error.

    Returns:
        0 when such a node ended well and no other failed; otherwise the exit code of the first
        that failed (128 + n for signal n), or 128 + n when signal n ended the launch itself.

    Raises:
        TerrafirmaError: the file, an argument or an executable is not valid; nothing was started.
    """
    nodes = load(path, arguments)
    for node in nodes:
        _module(node)
    children: list[_Child] = []
    with _signals() as received:
        try:
            for node in nodes:
                # no comprehension: a failed start must end the started
                children.append(_start(node, environment or {}))  # noqa: PERF401
            failed = _supervise(children, received)
        finally:
            clean = _end(children)
    if received:
        return 128 + received[0]
    if failed is not None:
        sys.stderr.write(failed.cause())
        return failed.code
    return 0 if clean else 1


def _module(node: NodeProcess) -> str:
    if node.package != PACKAGE:
        raise TerrafirmaError(
            f"{node.where}: package {node.package!r}: only ROS's own launch runs nodes outside {PACKAGE!r}."
        )
    if node.executable not in MODULES:
        raise UnknownNameError("executable", node.executable, MODULES, node.where)
    return MODULES[node.executable]


def _start(node: NodeProcess, environment: Mapping[str, str]) -> _Child:
    command = [sys.executable, "-m", _module(node), "--ros-args", *node.ros_arguments]
    said = tempfile.TemporaryFile()  # noqa: SIM115  (open for as long as the node runs)
    number = said.fileno()
    process = subprocess.Popen(
        command,
        env=node_environment({**os.environ, **environment, refusal.VARIABLE: str(number)}),
        pass_fds=(number,),
        preexec_fn=partial(_prepare, os.getpid()),  # noqa: PLW1509  (it takes no lock)
    )
    return _Child(process, node, said)


def _prepare(launcher: int) -> None:
    """In the new process: it ends with its launcher, and takes no SIGINT before it can heed it.

    Linux ends it too if the launcher is killed: a robot must not run on unattended.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:  # it died before it could be asked to take this process along
            os._exit(1)
    os.setpgid(0, 0)  # a Ctrl-C reaches the launcher alone, which then ends the children in order


def _supervise(children: list[_Child], received: list[int]) -> _Child | None:
    """Wait until a required child or all of them end; returns the first that failed."""
    failed = None
    running = list(children)
    while running and not received:
        for child in list(running):
            if child.process.poll() is None:
                continue
            running.remove(child)
            if child.code != 0:
                failed = failed or child
                if not child.node.required:
                    sys.stderr.write(child.cause())
            if child.node.required:
                return failed
        time.sleep(POLL)
    return failed


def _end(children: list[_Child]) -> bool:
    """End whatever still runs; returns whether all of it ended well by itself."""
    running = [child for child in children if child.process.poll() is None]
    for number, patience in ESCALATION:
        for child in running:
            if child.process.poll() is None:
                child.process.send_signal(number)
        deadline = time.monotonic() + patience
        while any(child.process.poll() is None for child in running) and time.monotonic() < deadline:
            time.sleep(POLL)
    return all(child.process.poll() == 0 for child in running)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM for as long as it lasts; elsewhere than in the main thread, none."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
