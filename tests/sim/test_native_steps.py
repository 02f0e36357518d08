"""PyBullet's steps in C are those in Python, and are left out where they cannot be compiled."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contract.state import Array, JointCommand
from sim.engines import bullet_native, c_library
from sim.engines.bullet import pybullet
from sim.engines.bullet_engine import BulletEngine
from sim.robots import ROBOTS, load_robot
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

needs_compiler = pytest.mark.skipif(c_library.compiler() is None, reason="no C compiler")

EVERYTHING = ", ".join(
    [
        "backlash: 0.01",
        "motor_no_load_speed: 20",
        "joint_strength: 0.9",
        "battery_voltage_scale: 0.8",
        "torque_limit_scale: 0.7",
        "kp_scale: 0.9",
        "kd_scale: 0.8",
        "joint_friction: 0.05",
        "encoder_offset: 0.01",
        "action_latency: 0.01",
        "action_latency_jitter: 0.01",
        "joint_sensor_latency: 0.006",
        "packet_loss: 0.1",
    ]
)


def bullet(robot: SimulatedRobot) -> BulletEngine:
    assert isinstance(robot.engine, BulletEngine)
    return robot.engine


def signals(robot: SimulatedRobot, native: bool) -> tuple[Array, Array]:
    """Joints and torques, and the base, of two episodes of one random motion."""
    engine = bullet(robot)
    assert engine.native is not None
    if not native:
        engine.native = None
    rng = np.random.default_rng(1)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    joints, base = [], []
    for _ in range(2):
        robot.reset()
        for _ in range(25):
            robot.command(JointCommand.hold(default + rng.uniform(-0.2, 0.2, len(default))))
            robot.step(7)
            state, truth = robot.sense(), robot.truth()
            joints.append([state.joint_position, state.joint_velocity, state.joint_effort, robot.torque])
            base.append(np.concatenate([truth.base_position, truth.world_velocity, state.gyro]))
    return np.array(joints), np.array(base)


@needs_compiler
@pytest.mark.parametrize("domain_text", ["", EVERYTHING], ids=["nominal", "everything"])
@pytest.mark.parametrize("name", ROBOTS)
def test_both_ways_of_stepping_agree(simulate: Simulate, name: str, domain_text: str) -> None:
    (joints, base), (slow_joints, slow_base) = (
        signals(simulate(name, "pybullet", domain_text), native) for native in (True, False)
    )
    # an arm's weight is added up in another order
    weighed = load_robot(name).gravity_compensated
    assert np.allclose(joints, slow_joints, rtol=0.0, atol=1e-9 if weighed else 0.0)
    assert np.allclose(base, slow_base, rtol=0.0, atol=1e-9)
    assert np.ptp(joints, axis=0).max() > 0.1


@needs_compiler
def test_a_robot_that_is_loaded_anew_is_still_stepped(simulate: Simulate) -> None:
    shifted = (
        "base_center_offset: {x: {uniform: [-0.05, 0.05]}}"  # PyBullet loads the robot again for each draw
    )
    first, second = (signals(simulate("a1", "pybullet", shifted), native) for native in (True, False))
    assert np.array_equal(first[0], second[0])


@needs_compiler
def test_a_robot_that_falls_apart_says_so_in_both_ways(simulate: Simulate) -> None:
    """What is not a number is neither clipped to a limit nor hidden."""
    for native in (True, False):
        robot = simulate("iiwa", "pybullet")
        if not native:
            bullet(robot).native = None
        robot.reset()
        robot.command(JointCommand.hold(np.full(7, np.nan)))
        robot.step(1)
        assert np.isnan(robot.torque).all()


@needs_compiler
def test_threads_wait_while_c_steps(simulate: Simulate) -> None:
    """Another thread could remove the robot under the step, or step a world that shares Bullet's memory."""
    robot = simulate("a1", "pybullet")
    seen: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(time.perf_counter())

    watcher = threading.Thread(target=watch)
    watcher.start()
    while not seen:
        time.sleep(0.001)
    begun = time.perf_counter()
    robot.step(2000)
    ended = time.perf_counter()
    done.set()
    watcher.join()
    # the interpreter may switch threads before and after the one call, but not within it
    longest = np.diff([begun, *(at for at in seen if begun < at < ended), ended]).max()
    assert longest > 0.5 * (ended - begun)


@needs_compiler
def test_robots_made_in_threads_have_worlds_of_their_own() -> None:
    found = bullet_native.library()
    assert found is not None
    worlds: list[int] = []
    clients: list[int] = []

    def make() -> None:
        for _ in range(20):
            client = pybullet.connect(pybullet.DIRECT)
            clients.append(client)
            worlds.append(bullet_native.NativeSteps(client, found)._robot.world)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        for client in clients:
            pybullet.disconnect(physicsClientId=client)
    assert len(set(worlds)) == len(worlds) == 80


@needs_compiler
def test_a_closed_robot_is_an_error_and_no_crash(simulate: Simulate) -> None:
    robot = simulate("iiwa", "pybullet")
    robot.close()
    with pytest.raises(pybullet.error):
        robot.step(1)


def test_closing_twice_leaves_the_next_robot_alone(simulate: Simulate) -> None:
    closed = simulate("iiwa", "pybullet")
    closed.close()
    robot = simulate("iiwa", "pybullet")  # in the same place among PyBullet's clients
    closed.close()
    robot.step(1)
    assert robot.time == robot.spec.time_step
    assert np.isfinite(robot.engine.joint_position).all()


def test_whole_numbers_as_defaults_leave_set_points_as_they_are(simulate: Simulate) -> None:
    iiwa = load_robot("iiwa")
    robot = simulate(
        replace(iiwa, joints=tuple(replace(j, default_position=0) for j in iiwa.joints)), "pybullet"
    )
    robot.command(JointCommand.hold(np.full(7, 0.3)))
    robot.step(400)
    assert robot.sense().joint_position == pytest.approx(np.full(7, 0.3), abs=0.05)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "terrafirma"


@needs_compiler
def test_a_source_is_compiled_once(cache: Path, tmp_path: Path) -> None:
    source = tmp_path / "answer.c"
    source.write_text("int answer(void) { return 42; }")
    found: list[Path | None] = []
    threads = [threading.Thread(target=lambda: found.append(c_library.compiled(source))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert list(cache.iterdir()) == [found[0]]
    assert found[0] is not None
    written = found[0].stat().st_mtime_ns
    assert c_library.compiled(source) == found[0]
    assert found[0].stat().st_mtime_ns == written
    source.write_text("int answer(void) { return 43; }")
    assert c_library.compiled(source) != found[0]


@needs_compiler
def test_a_source_that_does_not_compile_leaves_nothing(cache: Path, tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("this is not C")
    assert c_library.compiled(source) is None
    assert list(cache.iterdir()) == []


def test_nothing_is_compiled_without_a_compiler(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    assert c_library.compiled(bullet_native.SOURCE) is None
    assert not cache.exists()


@needs_compiler
def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert c_library.compiled(bullet_native.SOURCE) is None


@needs_compiler
@pytest.mark.parametrize("what", ["folder", "library"])
def test_a_library_that_others_can_replace_is_not_run(cache: Path, what: str) -> None:
    library = c_library.compiled(bullet_native.SOURCE)
    assert library is not None
    open_to_all = cache if what == "folder" else library
    mode = open_to_all.stat().st_mode
    open_to_all.chmod(0o777)
    assert c_library.compiled(bullet_native.SOURCE) is None
    open_to_all.chmod(mode)
    assert c_library.compiled(bullet_native.SOURCE) == library


@needs_compiler
def test_a_umask_for_teams_changes_nothing(cache: Path) -> None:
    before = os.umask(0o002)
    try:
        assert c_library.compiled(bullet_native.SOURCE) is not None
    finally:
        os.umask(before)


@needs_compiler
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_user_s_library_is_not_run(cache: Path) -> None:
    library = c_library.compiled(bullet_native.SOURCE)
    assert library is not None
    os.chown(library, 1, 1)
    assert c_library.compiled(bullet_native.SOURCE) is None


@needs_compiler
def test_a_user_without_a_home_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", homeless)
    assert c_library.compiled(bullet_native.SOURCE) is None


@pytest.mark.parametrize("command", ["'", " "])
def test_a_compiler_that_is_none_is_no_error(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("CC", command)
    assert c_library.compiler() in (None, ["cc"])


def test_robots_walk_without_native_steps(simulate: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engines.bullet_engine.library", lambda: None)
    robot = simulate("a1", "pybullet")
    assert bullet(robot).native is None
    robot.reset()
    robot.step(100)
    assert robot.truth().base_height > 0.2
