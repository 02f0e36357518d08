"""The environments of one process: physics robot by robot, everything else once for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.session import PolicySession
from contract.state import Array, JointCommand, RobotState
from sim.contracts import build_contract, unnamed_identity
from sim.curriculum import Curriculum
from sim.domains.domain import Domain
from sim.privileged import Privileged, PrivilegedBatch
from sim.robots import load_robot
from sim.sensors import ALL, Sensors
from sim.simulated_robot import SimulatedRobot
from sim.tasks import make_task
from sim.tasks.base import Step, Task
from sim.truth import Truth


class EnvironmentBatch:
    """`count` robots with one task in one domain, each in an episode of its own.

    Rows do not influence each other: each has its own engine and draws from its own generator.
    After `reset` and `step`, `observation` (count, observation_size) is what the policies see;
    after `step`, `reward`, `terminated` and `truncated` (count,) say how it went. An episode that
    has ended waits for the `reset` of its row.

    With `privileged`, `privileged` (count, len(privileged_names)) is what no sensor says, at the same
    moments; `everything` is both, side by side in one array.
    """

    def __init__(
        self,
        robot: str,
        task: str,
        domain: Domain,
        count: int,
        curriculum: bool = False,
        privileged: bool = False,
    ) -> None:
        spec = self.robot_spec = load_robot(robot)
        self.task = make_task(task, spec)
        self.contract = build_contract(self.task, unnamed_identity(self.task))
        self.session = PolicySession(self.contract, (count,))
        self.domain = domain
        self._sensors = Sensors(spec, domain, count)
        self.robots = [
            SimulatedRobot(spec, domain, scene=self.task.scene, sensors=self._sensors, row=row)
            for row in range(count)
        ]
        self._generators = [np.random.default_rng(0)] * count
        self.curricula = [Curriculum(follows=curriculum) for _ in range(count)]
        self._scale = np.array(self.contract.action.scale)
        self._substeps = round(1.0 / (self.task.control_rate * spec.time_step))
        self._episode_ticks = episode_steps(self.task)
        self._command_ticks = round(self.task.command_seconds * self.task.control_rate)
        self.command: Array = np.tile(np.array(self.contract.command.neutral), (count, 1))
        self._previous_action: Array = np.zeros((count, len(spec.joints)))
        self.tick = np.zeros(count, dtype=int)
        self._reveal(privileged)
        self.reward, self.episode_return = np.zeros(count), np.zeros(count)
        self.terminated, self.truncated = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self._measured: dict[str, Array] = {}  # each (count, episode ticks)

    def _reveal(self, privileged: bool) -> None:
        """Make the arrays of what is seen, and of what only training may see."""
        numbers = Privileged(self.robot_spec, self.domain) if privileged else None
        self.privileged_names = numbers.names if numbers else ()
        size = self.contract.observation_size
        self.everything = np.zeros((len(self.robots), size + len(self.privileged_names)), dtype=np.float32)
        self.observation, self.privileged = self.everything[:, :size], self.everything[:, size:]
        self._hidden = PrivilegedBatch(numbers, self.robots, self.privileged) if numbers else None

    def reset(self, row: int, rng: np.random.Generator, anew: bool) -> None:
        """Begin an episode in one row.

        Args:
            rng: what the row draws from until its next reset.
            anew: whether the row's curriculum begins anew as well.
        """
        robot, rows = self.robots[row], slice(row, row + 1)
        self._generators[row] = rng
        robot.reseed(rng)
        if anew:
            self.curricula[row].restart()
        robot.reset(self.task.initial_position(rng), self.curricula[row].level)
        self.session.reset(rows)
        self.command[row] = self.task.sample_command(rng)
        self._previous_action[row] = 0.0
        self.tick[row] = 0
        self.episode_return[row] = 0.0
        self.observation[rows] = self.session.observe(self._sense(rows), self.command[rows], rows)
        if self._hidden:
            self._hidden.begin(row)

    def redistribute(self, domain: Domain) -> None:
        """Draw from `domain` from each row's next reset on: the same settings, of other shapes."""
        self.domain = domain
        for robot in self.robots:
            robot.redistribute(domain)

    def level(self, row: int) -> dict[str, Any]:
        """The row's curriculum level, for an info; empty where the domain has no curriculum."""
        return {"curriculum_level": self.curricula[row].level} if self.domain.has_curriculum else {}

    def drawn(self, row: int) -> dict[str, Any]:
        """The domain parameters that a robot has now: their names, units and values."""
        names, units, values = self.robots[row].drawn.as_vector(self.contract.joint_names)
        return {"names": names, "units": units, "values": values}

    def step(self, action: NDArray[np.float32]) -> None:
        """One control period in every row; `action` (count, n) in [-1, 1]."""
        normalised = np.minimum(np.maximum(np.asarray(action, dtype=np.float64), -1.0), 1.0)
        targets = self.session.act(normalised * self._scale)
        for robot, position, velocity, effort in zip(
            self.robots, targets.position, targets.velocity, targets.effort, strict=True
        ):
            robot.command(JointCommand(position, velocity, effort))
            robot.step(self._substeps)
        step = self._look(normalised)
        self.reward[:] = self.task.reward(step)
        self.terminated[:] = self.task.terminated(step)
        self._measure(step)
        self._previous_action = normalised
        self.tick += 1
        self.episode_return += self.reward
        np.logical_and(self.tick >= self._episode_ticks, ~self.terminated, out=self.truncated)
        for row in np.flatnonzero((self.tick % self._command_ticks == 0) & ~self.truncated).tolist():
            self.command[row] = self.task.sample_command(self._generators[row])
        self.observation[:] = self.session.observe(step.state, self.command)
        if self._hidden:
            self._hidden.update(step.truth or self._truth())

    def _look(self, normalised: Array) -> Step:
        state = self._sense(ALL)
        tool = np.array([r.tool_position() for r in self.robots]) if self.robot_spec.tool else None
        truth = self._truth() if self.task.reward_needs_truth else None
        return Step(state, self.command, normalised, self._previous_action, tool, truth)

    def _sense(self, rows: slice) -> RobotState:
        state = self._sensors.read(rows)
        if self.task.scene is not None:
            state.object_position = np.array([robot.see_object() for robot in self.robots[rows]])
        return state

    def _truth(self) -> Truth:
        motion, now = self._sensors.motion, self._sensors.now
        newest = np.arange(len(now)), now % motion.slots
        return Truth.of(motion, newest, np.array([robot.ground_height() for robot in self.robots]))

    def _measure(self, step: Step) -> None:
        rows = np.arange(len(self.tick))
        column = np.minimum(self.tick, self._episode_ticks - 1)  # whoever steps on after the end
        for name, values in self.task.measure(step).items():
            if name not in self._measured:
                self._measured[name] = np.zeros((len(rows), self._episode_ticks))
            self._measured[name][rows, column] = values

    def finish(self, row: int) -> dict[str, Any]:
        """What to tell of an episode that has ended; moves the row's curriculum on."""
        ticks = int(self.tick[row])
        history = {name: values[row, :ticks] for name, values in self._measured.items()}
        level = self.level(row)
        success = bool(self.task.success(history, bool(self.terminated[row])))
        self.curricula[row].judge(success)
        return level | {
            "success": success,
            "episode": {"r": float(self.episode_return[row]), "l": ticks},
            "metrics": {name: float(np.mean(values)) for name, values in history.items()},
        }

    def close(self) -> None:
        """Free every robot's world."""
        for robot in self.robots:
            robot.close()


def episode_steps(task: Task) -> int:
    """Control periods of an episode that nothing ends early."""
    return round(task.episode_seconds * task.control_rate)
