"""A browser sees the robot as its joint states say it stands, and nobody draws while nobody looks."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sensor_msgs.msg import JointState

from contract.errors import TerrafirmaError
from contract.state import Array
from robot_bridge.emulated_pose import RecordedPose
from robot_bridge.picture_server import HOST, PictureServer
from sim.rendering import jpeg
from sim.robots import load_robot


@contextmanager
def looking(port: int, path: str = "/stream") -> Iterator[HTTPResponse]:
    connection = HTTPConnection(HOST, port, timeout=20)
    connection.request("GET", path)
    response = connection.getresponse()
    try:
        yield response
    finally:
        response.close()
        connection.close()


def picture(stream: HTTPResponse) -> Array:
    """The next one."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.read(1)
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length
    jpeg = stream.read(int(length[1]))
    assert stream.read(2) == b"\r\n"
    return np.asarray(Image.open(io.BytesIO(jpeg)), dtype=float)


@pytest.fixture
def server() -> Iterator[PictureServer]:
    made = PictureServer(0, "a <robot>")
    yield made
    made.close()


def grey(value: int) -> bytes:
    return jpeg(np.full((30, 40, 3), value, dtype=np.uint8))


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_all_who_look_see_each_picture(server: PictureServer) -> None:
    assert not server.is_watched
    with looking(server.port) as first, looking(server.port) as second:
        wait_for(lambda: server.is_watched)
        server.show(grey(200))
        assert picture(first).mean() == pytest.approx(200, abs=2)
        assert picture(second).mean() == pytest.approx(200, abs=2)
        server.show(grey(50))
        seen = [picture(first).mean() for _ in range(2)]  # the last one comes again now and then
        assert seen[-1] == pytest.approx(50, abs=2)
    wait_for(lambda: not server.is_watched)  # they have gone


def test_there_is_a_page_and_nothing_else(server: PictureServer) -> None:
    with looking(server.port, "/") as page:
        text = page.read().decode()
    assert "a &lt;robot&gt;" in text
    assert "/stream" in text
    with looking(server.port, "/etc/passwd") as nothing:
        assert nothing.status == 404


def test_a_port_that_is_taken_is_refused(server: PictureServer) -> None:
    with pytest.raises(TerrafirmaError, match=rf"port: {server.port} on 127.0.0.1: Address already in use"):
        PictureServer(server.port, "another")


def test_who_looks_when_it_ends_is_let_go() -> None:
    server = PictureServer(0, "short")
    with looking(server.port) as stream:
        wait_for(lambda: server.is_watched)
        threading.Thread(target=server.close).start()
        assert stream.read() == b""


def test_joints_are_found_by_name() -> None:
    robot = load_robot("iiwa")
    recorded = RecordedPose(robot)
    assert recorded.pose is None
    names = [joint.name for joint in robot.joints]
    recorded.take_joints(JointState(name=["gripper", *names[::-1]], position=[9.0, *np.arange(7.0)[::-1]]))
    assert recorded.pose is not None
    assert recorded.pose.joint_position.tolist() == list(range(7))
    with pytest.raises(TerrafirmaError, match="lack: lbr_iiwa_joint_7"):
        recorded.take_joints(JointState(name=names[:-1], position=[0.0] * 6))


def test_the_node_shows_how_the_robot_moves(start: Callable[..., Any], observer: Any) -> None:
    robot = load_robot("iiwa")
    message = JointState(name=[joint.name for joint in robot.joints])
    message.position = [joint.default_position for joint in robot.joints]
    publisher = observer.node.create_publisher(JointState, "/joint_states", 10)
    stopped = threading.Event()

    def talk() -> None:
        while not stopped.wait(0.05):
            publisher.publish(message)

    talker = threading.Thread(target=talk)
    talker.start()
    viewer = start("emulated_viewer_node", robot="iiwa", port=0, frame_rate=20.0)
    assert observer.until(lambda: "look at" in viewer.output())
    said = re.search(r"localhost:(\d+)", viewer.output())
    assert said
    with looking(int(said[1])) as stream:
        before = picture(stream)
        message.position = [joint.default_position + 0.5 for joint in robot.joints]
        wait_for(lambda: np.abs(picture(stream) - before).max() > 50)
    stopped.set()
    talker.join()
    viewer.process.terminate()
    assert viewer.process.wait(20) == 0
