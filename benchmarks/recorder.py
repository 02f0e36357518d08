"""What the recorder loses beside a camera: `python benchmarks/recorder.py [--seconds S] [--profile XML]`.

One process publishes joint states of 12 joints and an IMU at 500 Hz each, and RGB images of 640x480 at
30 Hz, reliably, as a driver does. The real recorder writes them in a process of its own. `--profile` gives
both an XML profile of Fast DDS.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import rclpy
import tyro
from sensor_msgs.msg import Image, Imu, JointState

from robot_bridge.bag_reader import Bag
from robot_bridge.environment import node_environment
from robot_bridge.qos import SENSOR_PUBLISHER

RATE, FRAMES = 500.0, 30.0  # Hz
WIDTH, HEIGHT = 640, 480
TOPICS = {
    "/joint_states": "sensor_msgs/msg/JointState",
    "/imu/data": "sensor_msgs/msg/Imu",
    "/camera/image": "sensor_msgs/msg/Image",
}
START_UP = 60.0  # s
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def start_recorder(bag: Path) -> subprocess.Popen[bytes]:
    """The recorder node, active, on these three topics."""
    topics = json.dumps([f"{name} {kind}" for name, kind in TOPICS.items()])
    command = [sys.executable, "-m", "robot_bridge.recorder_node", "--ros-args"]
    command += ["-p", "autostart:=true", "-p", f"output:={bag}", "-p", f"topics:={topics}"]
    return subprocess.Popen(command)


def cpu_seconds(process: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def publish(node: Any, publishers: dict[str, Any], seconds: float) -> Counter[str]:
    """Publish on absolute deadlines; returns how many messages of each topic."""
    joints = JointState(name=[f"joint_{i}" for i in range(12)], position=[0.0] * 12, velocity=[0.0] * 12)
    image = Image(height=HEIGHT, width=WIDTH, encoding="rgb8", step=3 * WIDTH)
    image.data = os.urandom(3 * WIDTH * HEIGHT)
    messages = {"/joint_states": joints, "/imu/data": Imu(), "/camera/image": image}
    due = dict.fromkeys(messages, time.monotonic())
    end, sent = time.monotonic() + seconds, Counter[str]()
    while (now := time.monotonic()) < end:
        for name, message in messages.items():
            if due[name] <= now:
                due[name] += 1.0 / (FRAMES if name == "/camera/image" else RATE)
                message.header.stamp = node.get_clock().now().to_msg()
                publishers[name].publish(message)
                sent[name] += 1
        time.sleep(max(0.0, min(due.values()) - time.monotonic()))
    return sent


def main(seconds: float = 10.0, profile: Path | None = None) -> None:
    """Print a row for each topic.

    Args:
        seconds: of publishing.
        profile: XML file of Fast DDS for both processes.
    """
    os.environ.update(node_environment(os.environ))
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 101))
    if profile is not None:
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = str(profile.absolute())
    with tempfile.TemporaryDirectory() as folder:
        bag = Path(folder) / "bag"
        recorder = start_recorder(bag)
        rclpy.init()
        node = rclpy.create_node("driver")
        kinds = {"/joint_states": JointState, "/imu/data": Imu, "/camera/image": Image}
        publishers = {
            name: node.create_publisher(kind, name, SENSOR_PUBLISHER) for name, kind in kinds.items()
        }
        patience = time.monotonic() + START_UP
        while min(publisher.get_subscription_count() for publisher in publishers.values()) == 0:
            if time.monotonic() > patience:
                recorder.kill()
                raise SystemExit("the recorder did not start")
            time.sleep(0.1)
        time.sleep(1.0)
        before = cpu_seconds(recorder.pid)
        sent = publish(node, publishers, seconds)
        share = (cpu_seconds(recorder.pid) - before) / seconds
        time.sleep(1.0)
        recorder.send_signal(signal.SIGTERM)
        recorder.wait()
        written = Counter(_topics(bag))
        losses = Bag(bag).losses()
        rclpy.try_shutdown()
    print(f"{'topic':15} {'sent':>6} {'Hz':>6} {'lost':>6} {'noticed':>8}")
    for name, count in sent.items():
        lost = count - written[name]
        print(f"{name:15} {count:6} {count / seconds:6.0f} {lost:6} {losses.get(name, 0):8}")
    print(f"the recorder used {share:.0%} of a core")


def _topics(bag: Path) -> list[str]:
    """The topic of each message in the bag."""
    names = list(Bag(bag).topics())
    return [names[message.channel_id - 1] for message in Bag(bag).raw_messages()]


if __name__ == "__main__":
    tyro.cli(main)
