"""A motor weakens while a robot works: `python benchmarks/live_fine_tuning.py RUN`.

RUN is a finished training of `iiwa-reach-broken-joint`. Its policy acts in real time on an arm emulated in
MuJoCo, asked for one random target after another; half-way the base yaw motor loses most of its strength. The
fine-tuner finds out, learns, and lets its candidate take over. What was earned when is read from the bag.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import rclpy
import tyro
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from tyro.conf import Positional

from contract.errors import TerrafirmaError
from contract.state import Array
from pipeline.pictures.curve_panel import Mean, Panel
from pipeline.pictures.curves import draw_curves
from pipeline.progress import console
from pipeline.run_directory import source_commit, write_json
from pipeline.samples import load_samples, success_on_robot
from policies.runtime import Policy
from policies.train import POLICY
from robot_bridge.bag_reader import Bag
from robot_bridge.bag_topics import BagTopics
from robot_bridge.environment import node_environment, own_domain
from robot_bridge.transitions import BagTransitions, read_ticks
from sim import markdown

JOINT, STRENGTH = "lbr_iiwa_joint_1", 0.02
WINDOW = 10.0  # s
NS = 1e-9
SWAPPED = "swap on probation"


@dataclass(frozen=True)
class Said:
    """What a node said for the first time, at `at` s."""

    at: float
    who: str
    message: str


@dataclass(frozen=True)
class Stretch:
    """A part of the run, in s, with the mean reward of a tick."""

    name: str
    start: float
    end: float
    reward: float
    successes: int
    commands: int


def main(
    run: Positional[Path],
    /,
    seconds: float = 300.0,
    out: Path = Path("runs/live-fine-tuning"),
    results: Path = Path("benchmarks/results/live-fine-tuning.json"),
    picture: Path = Path("docs/images/live-fine-tuning.png"),
    page: Path = Path("docs/live-fine-tuning.md"),
) -> None:
    """Let it run, and say what was earned when."""
    if out.exists():
        raise TerrafirmaError(f"{out} exists already; remove it or choose another --out.")
    out.mkdir(parents=True)
    policy = Policy(run / "source" / POLICY)
    weakened = _work(run, policy.path, out, seconds)
    transitions, recorded = load_samples(out / "bag", policy.contract)
    ticks, _ = read_ticks(Bag(out / "bag"), BagTopics(), policy.contract)
    stamps = {tick.number: tick.joint_stamp * NS for tick in ticks}
    at = np.array([stamps[number] for number in recorded.tick.tolist()])
    start = at[0]
    said = list(_said(out / "bag", start))
    swaps = [each.at for each in said if SWAPPED in each.message]
    if len(swaps) != 1 or swaps[0] < weakened - start or any("rolled back" in each.message for each in said):
        raise TerrafirmaError(
            f"{len(swaps)} swaps, at {swaps} s: not the one that is to be shown; see {out}."
        )
    swapped = swaps[0]
    spans = (("healthy", 0.0, weakened - start), ("weakened", weakened - start, swapped))
    spans += (("successor", swapped, at[-1] - start),)
    stretches = [_stretch(*span, at - start, transitions.reward, recorded) for span in spans]
    missed = int(recorded.tick[-1] - recorded.tick[0] + 1 - len(set(stamps) & set(range(*_ends(recorded)))))
    write_json(
        results,
        {
            "commit": source_commit(),
            "strength": STRENGTH,
            "stretches": [asdict(stretch) for stretch in stretches],
            "said": [asdict(each) for each in said],
            "missed_ticks": missed,
        },
    )
    _draw(picture, at - start, transitions.reward, weakened - start, swapped)
    page.write_text(markdown.rewrite(page.read_text(), {"stretches": table(stretches)}, str(page)))
    console.print(f"missed ticks {missed}\nresults  {results}\npicture  {picture}\npage     {page}")


def table(stretches: Sequence[Stretch]) -> str:
    """As the page has it."""
    header = ("stretch", "from, s", "to, s", "mean reward of a tick", "targets reached")
    rows = [
        (s.name, f"{s.start:.0f}", f"{s.end:.0f}", f"{s.reward:.3f}", f"{s.successes} of {s.commands}")
        for s in stretches
    ]
    return markdown.table(header, rows)


def _ends(recorded: BagTransitions) -> tuple[int, int]:
    return int(recorded.tick[0]), int(recorded.tick[-1]) + 1


def _work(run: Path, policy: Path, out: Path, seconds: float) -> float:
    """Run all nodes for so long; returns when the motor weakened, s of wall time."""
    environment = node_environment(os.environ) | own_domain(os.environ, os.getpid())
    os.environ.update(environment)
    robot = (f"policy:={policy}", f"output:={out / 'bag'}", "use_sim_time:=false", "accept_successors:=true")
    tuner = (f"policy:={policy}", f"run:={run}", f"output:={out / 'candidates'}")
    with _launched("emulated", *robot, f"seconds:={seconds}"), _launched("fine_tune", *tuner):
        time.sleep(seconds / 2.0)
        weakened = _weaken()
        time.sleep(seconds / 2.0)
    return weakened


@contextmanager
def _launched(name: str, *arguments: str) -> Iterator[None]:
    command = [sys.executable, "-m", "pipeline.cli", "launch", name, *arguments]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _weaken() -> float:
    """Let the motor weaken; returns when it has, s of wall time."""
    rclpy.init()
    node = rclpy.create_node("weaken")
    client = node.create_client(SetParameters, "/emulated_robot/set_parameters")
    if not client.wait_for_service(timeout_sec=10.0):
        raise TerrafirmaError("no emulated robot: did the launch fail? Its log is above.")
    faults = f"{{parameters: {{joint_strength: {{{JOINT}: {STRENGTH}}}}}}}"
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=faults)
    future = client.call_async(SetParameters.Request(parameters=[Parameter(name="faults", value=value)]))
    rclpy.spin_until_future_complete(node, future, timeout_sec=10.0)
    if not future.done() or not future.result().results[0].successful:
        raise TerrafirmaError("the emulated robot did not take the fault.")
    now = time.time()
    node.destroy_node()
    rclpy.shutdown()
    return now


def _said(bag: Path, start: float) -> Iterator[Said]:
    """Changes in what policy and fine-tuner said of themselves."""
    last: dict[str, str] = {}
    for message in Bag(bag).messages(("/diagnostics",)):
        stamp = message.data.header.stamp
        for status in message.data.status:
            known = status.name in ("policy", "fine_tuner")
            if known and last.get(status.name) != status.message:
                last[status.name] = status.message
                yield Said(round(stamp.sec + stamp.nanosec * NS - start, 2), status.name, status.message)


def _stretch(
    name: str, start: float, end: float, at: Array, reward: Array, recorded: BagTransitions
) -> Stretch:
    rows = (at >= start) & (at < end)
    part = {
        field.name: getattr(recorded, field.name)[rows]
        for field in fields(recorded)
        if isinstance(getattr(recorded, field.name), np.ndarray)
    }
    successes, commands = success_on_robot(replace(recorded, **part))
    ends = round(float(start), 2), round(float(end), 2)
    return Stretch(name, *ends, round(float(reward[rows].mean()), 4), successes, commands)


def _mean(rewards: Array) -> Mean:
    """With two standard errors to either side."""
    mean, error = float(rewards.mean()), float(rewards.std() / np.sqrt(len(rewards)))
    return Mean(mean, mean - 2.0 * error, mean + 2.0 * error)


def _draw(path: Path, at: Array, reward: Array, weakened: float, swapped: float) -> None:
    edges = np.arange(0.0, at[-1], WINDOW)
    parts = [reward[(at >= edge) & (at < edge + WINDOW)] for edge in edges]
    kept = [(edge, part) for edge, part in zip(edges.tolist(), parts, strict=True) if len(part)]
    middles = [edge + WINDOW / 2.0 for edge, _ in kept]
    panel = Panel("reward of a tick", middles, [_mean(p) for _, p in kept], trained=(weakened, swapped))
    title = "A motor weakens while a policy works, and a successor takes over"
    note = f"Means of {WINDOW:g} s; shaded from the weakening of {JOINT} to {STRENGTH:g} until the swap."
    draw_curves(path, title, [note], "seconds", [panel], f"{title}. {note}")


if __name__ == "__main__":
    tyro.cli(main)
