"""Rough ground: the field itself, what stands on it in both engines, and what tasks know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from contract.state import Array
from sim import terrain
from sim.domains.domain import ENGINES, Domain
from sim.engines.bullet import pybullet
from sim.environment import RobotEnv
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot
from sim.tasks.base import Step

Simulate = Callable[..., SimulatedRobot]

ROUGH = "terrain_roughness: 0.02"


def field(seed: int = 0, roughness: float = 0.05) -> Array:
    return terrain.heights(roughness, np.random.default_rng(seed))


def test_a_field_is_a_function_of_the_generator() -> None:
    assert np.array_equal(field(3), field(3))
    assert not np.allclose(field(3), field(4))
    middle = slice(20, -20)
    assert np.allclose(2 * field(3)[middle, middle], field(3, 0.1)[middle, middle])


def test_heights_are_as_rough_and_as_smooth_as_said() -> None:
    away = np.stack([field(seed)[20:80, 20:-20] for seed in range(20)])
    assert away.std() == pytest.approx(0.05, rel=0.03)
    assert abs(away.mean()) < 0.003
    apart = (away[:, :, :-3] * away[:, :, 3:]).mean() / away.var()
    assert apart == pytest.approx(np.exp(-((3 * terrain.CELL / terrain.LENGTH) ** 2) / 2), abs=0.05)
    assert np.abs(away).max() <= terrain.HIGHEST * 0.05 + 1e-12


def test_it_is_flat_at_the_start_and_meets_the_plane_at_the_edge() -> None:
    heights = field(roughness=0.1)
    x, y = np.meshgrid(terrain.AXIS, terrain.AXIS)
    assert not heights[np.hypot(x, y) <= terrain.FLAT].any()
    edge = np.concatenate([heights[0], heights[-1], heights[:, 0], heights[:, -1]])
    assert np.allclose(edge, -terrain.DEPTH)
    assert terrain.height_at(heights, terrain.HALF + 1.0, 0.0) == -terrain.DEPTH
    assert heights.min() >= -terrain.DEPTH


def test_heights_between_nodes() -> None:
    heights = field()
    x, y = terrain.AXIS[40], terrain.AXIS[70]
    assert terrain.height_at(heights, x, y) == pytest.approx(heights[70, 40], abs=1e-9)
    middle = terrain.height_at(heights, x + terrain.CELL / 2, y + terrain.CELL / 2)
    assert middle == pytest.approx(heights[70:72, 40:42].mean(), abs=1e-9)


def put(robot: SimulatedRobot, x: float, y: float, z: float) -> None:
    """Let a floating base fall from a point (m), at rest."""
    world = robot.engine
    if robot.domain.engine == "pybullet":
        c = world._client
        pybullet.resetBasePositionAndOrientation(world._body, [x, y, z], [0, 0, 0, 1], physicsClientId=c)
        pybullet.resetBaseVelocity(world._body, [0, 0, 0], [0, 0, 0], physicsClientId=c)
    else:
        world._data.qpos[:3], world._data.qvel[:6] = (x, y, z), 0.0


def hit(robot: SimulatedRobot, x: float, y: float) -> float:
    """Height at which a ray from above meets the ground, m."""
    world = robot.engine
    if robot.domain.engine == "pybullet":
        ray = pybullet.rayTest([x, y, 1.0], [x, y, -1.0], physicsClientId=world._client)[0]
        return float(ray[3][2])
    down, geom = np.array([0.0, 0.0, -1.0]), np.zeros(1, np.int32)
    start = np.array([x, y, 1.0])
    return 1.0 - mujoco.mj_ray(world._model, world._data, start, down, None, 1, -1, geom)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.shows("terrain_roughness")
def test_the_engine_s_ground_is_the_field(simulate: Simulate, ball: RobotSpec, engine: str) -> None:
    robot = simulate(ball, engine, ROUGH, seed=5)
    nodes = np.random.default_rng(0).integers(10, terrain.CELLS - 10, (50, 2))
    for _ in range(2):  # also after it was replaced
        robot.reset()
        assert robot.terrain is not None
        for row, column in nodes:
            x, y = terrain.AXIS[column] + 1e-4, terrain.AXIS[row] + 2e-4
            assert hit(robot, x, y) == pytest.approx(robot.terrain[row, column], abs=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("x", "y", "height"), [(3.0, -2.0, 0.2), (-5.0, 4.0, -0.15), (2.0, 6.0, 0.05)])
@pytest.mark.shows("terrain_roughness")
def test_a_dropped_ball_rests_on_the_field(
    simulate: Simulate, ball: RobotSpec, engine: str, x: float, y: float, height: float
) -> None:
    robot = simulate(ball, engine, ROUGH)
    plateaus = np.zeros((terrain.NODES, terrain.NODES))
    near_y, near_x = (np.abs(terrain.AXIS - middle) < 1.0 for middle in (y, x))
    plateaus[np.ix_(near_y, near_x)] = height
    robot.engine.shape_ground(plateaus)
    put(robot, x, y, height + 0.3)
    robot.step(800)
    position = robot.truth().base_position
    assert position[:2] == pytest.approx([x, y], abs=0.05)  # it fell on the edge between two triangles
    assert position[2] == pytest.approx(height + 0.1, abs=3e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_leaves_the_field_lands_on_the_plane_around_it(
    simulate: Simulate, ball: RobotSpec, engine: str
) -> None:
    robot = simulate(ball, engine, ROUGH)
    for x in (terrain.HALF - 0.3, terrain.HALF + 5.0):  # it rolls off, or falls beside it
        put(robot, x, 0.0, 0.3)
        robot.step(1600)
        truth = robot.truth()
        assert truth.base_position[0] > terrain.HALF
        assert truth.ground_height == -terrain.DEPTH
        assert truth.base_height == pytest.approx(0.1, abs=5e-3)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("friction", [0.1, 0.4])
def test_friction_on_terrain_is_the_coefficient_too(simulate: Simulate, engine: str, friction: float) -> None:
    """But for the seams between its triangles, which slow down what slides fast by some 0.25 m/s²."""
    robot = simulate("a1", engine, f"terrain_roughness: 1.0e-6, ground_friction: {friction}")
    robot.step(400)
    robot.engine.kick(np.array([3.0, 0.0, 0.0]))
    robot.step(40)  # the legs give way a little first
    before = robot.truth().world_velocity[0]
    robot.step(100)
    assert (before - robot.truth().world_velocity[0]) / 0.25 == pytest.approx(friction * 9.81, abs=0.3)


@pytest.mark.parametrize("engine", ENGINES)
def test_feet_feel_the_terrain(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine, ROUGH)
    world, pose, height = robot.engine, robot.pose()[2], robot.spec.base_height
    world.shape_ground(np.full((terrain.NODES, terrain.NODES), 0.2))
    world.reset(pose, height + 0.2)
    robot.step(400)
    truth = robot.truth()
    assert robot.foot_contacts().tolist() == [1.0] * 4
    assert truth.base_position[2] > 0.4
    world.shape_ground(np.zeros((terrain.NODES, terrain.NODES)))
    world.reset(pose, height + 0.2)
    robot.step(20)
    assert not robot.foot_contacts().any()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.shows("terrain_roughness")
def test_an_open_loop_trot_crosses_mild_terrain(
    domain: Callable[..., Domain], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bases rise and fall with the ground below them."""
    env = RobotEnv("a1", "velocity", domain(engine, ROUGH))
    monkeypatch.setattr(env.task, "sample_command", lambda rng: np.array([0.6, 0.0, 0.0]))
    for seed in range(2):
        env.reset(seed=seed)
        ground, base, terminated = [], [], False
        for _ in range(249):  # the next would be another command
            _, _, terminated, _, _ = env.step(np.zeros(12, np.float32))
            truth = env.robot.truth()
            ground.append(truth.ground_height)
            base.append(truth.base_position[2])
            assert not terminated
        assert np.ptp(ground) > 0.01
        assert np.linalg.norm(env.robot.truth().base_position[:2]) > 1.8
        over_steps = np.ones(25) / 25  # half a second each
        smooth = [np.convolve(heights[100:], over_steps, "valid") for heights in (ground, base)]
        assert np.corrcoef(*smooth)[0, 1] > 0.5
    env.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["a1", "half_cheetah", "walker2d"])
def test_a_robot_starts_as_quietly_as_on_the_plane(simulate: Simulate, engine: str, name: str) -> None:
    """Whatever the ground was when it was loaded, and in the episode before."""
    robot = simulate(name, engine, "terrain_roughness: 0.1")
    for _ in range(2):
        robot.reset()
        fastest = 0.0
        for _ in range(100):
            robot.step(1)
            fastest = max(fastest, float(np.abs(robot.engine.joint_velocity).max()))
        assert fastest < 6.0
        assert robot.truth().base_height == pytest.approx(robot.spec.base_height, rel=0.2)


@pytest.mark.parametrize("engine", ENGINES)
def test_each_episode_has_new_ground_and_a_seed_repeats_it(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine, "terrain_roughness: {uniform: [0.01, 0.03]}")
    runs = []
    for seed in (1, None, 1):
        if seed:
            robot.reseed(np.random.default_rng(seed))
        robot.reset()
        robot.engine.kick(np.array([2.0, 1.0, 0.0]))
        robot.step(400)
        runs.append((robot.terrain, np.concatenate(robot.pose())))
    (first, one), (second, _), (third, again) = runs
    assert not np.allclose(first, second)
    assert np.array_equal(first, third)
    assert np.array_equal(one, again)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_domain_without_it_has_only_the_plane(simulate: Simulate, engine: str) -> None:
    plain, flat = (simulate("a1", engine, parameters) for parameters in ("", "terrain_roughness: 0"))
    for robot in (plain, flat):
        world = robot.engine
        if engine == "pybullet":
            assert pybullet.getNumBodies(physicsClientId=world._client) == 2
        else:
            assert world._model.nhfield == 0
        robot.step(200)
        assert robot.truth().ground_height == 0.0
    assert all(np.array_equal(a, b) for a, b in zip(plain.pose(), flat.pose(), strict=True))


@pytest.mark.parametrize(("robot", "task"), [("a1", "velocity"), ("ant", "run")])
def test_a_fall_is_judged_from_the_ground_up(domain: Callable[..., Domain], robot: str, task: str) -> None:
    env = RobotEnv(robot, task, domain("mujoco"))
    env.reset(seed=0)
    still, truth = np.zeros(env.action_space.shape), env.robot.truth()
    step = Step(env.robot.sense(), env.command, still, still, None, truth)
    on_a_hill = replace(truth, ground_height=truth.base_position[2] - 0.05)
    assert not env.task.terminated(step)
    assert env.task.terminated(replace(step, truth=on_a_hill))
    env.close()
