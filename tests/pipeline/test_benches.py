"""Benches measure what they say, and name what they do not know."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.errors import TerrafirmaError
from pipeline.benches import bridge, bridge_policy, command, engines, policy, rows, sim
from pipeline.pictures.canvas import description
from pipeline.pictures.histogram import Histogram, write_histograms
from pipeline.places import policy_file
from policies.runtime import Policy
from sim.robots import load_robot

Run = Callable[..., Any]


def test_ratios_are_judged_by_their_goals() -> None:
    assert rows.compare("x", [9.0], "steps/s", [10.0], goal=0.85).met
    missed = rows.compare("x", [8.0, 4.0, 8.0], "steps/s", [10.0, 5.0, 40.0], goal=0.85)
    assert (missed.value, missed.reference, missed.ratio, missed.met) == (8.0, 10.0, 0.8, False)
    assert rows.bounded("x", 3.0, "s", most=5.0).met
    assert not rows.bounded("x", 6.0, "s", most=5.0).met


def test_candidates_take_turns() -> None:
    order = []

    def measure(name: str, values: list[float]) -> Callable[[], float]:
        return lambda: order.append(name) or values.pop()  # type: ignore[func-returns-value, return-value]

    samples = rows.alternate({"a": measure("a", [1.0, 9.0, 2.0]), "b": measure("b", [3.0, 3.0, 4.0])}, 3)
    assert samples == {"a": [2.0, 9.0, 1.0], "b": [4.0, 3.0, 3.0]}
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_an_environment_step_is_slower_than_the_engine_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim, "STEPS", 30)
    monkeypatch.setattr(sim, "ENVIRONMENTS", 2)
    monkeypatch.setattr(sim, "ROUNDS", 3)
    step = sim.pybullet.stepSimulation
    row = sim.against_floor("iiwa", "reach", goal=2.0)
    assert 0.0 < row.ratio < 1.1  # noise
    assert not row.met
    assert sim.pybullet.stepSimulation is step
    assert "advance" in sim.profile("iiwa", "reach")


def test_a_policy_s_matrices_are_those_of_its_layers() -> None:
    """Each twice: the a1's is a symmetric policy, which looks at both sides."""
    shapes = [m.shape for m in policy.layers(policy_file("a1-velocity"))]
    assert sorted(shapes) == sorted([(47, 128), (128, 128), (128, 12)] * 2)


def test_a_tick_costs_more_than_its_parts_and_a_network_more_than_its_products(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy, "STEPS", 100)
    monkeypatch.setattr(policy, "ROUNDS", 5)
    samples = policy.measure(policy_file("iiwa-reach-broken-joint-oracle"))
    least = {name: min(values) for name, values in samples.items()}
    assert 0.0 < least["products"] < 2.0 * least["network"]  # noise
    assert max(least["network"], least["observe"], least["act"]) < least["tick"]
    network, tick = policy.judge("arm", samples)
    assert tick.ratio > 1.0
    assert (network.goal, tick.goal) == ("≤ 100 µs", "")
    slow = samples | {"network": [101.0] * 5}
    assert not policy.judge("arm", slow)[0].met
    assert "101.0  network" in policy.parts(slow)


def test_an_arm_does_the_same_in_both_engines_and_a_weak_one_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(engines, "SECONDS", 1.5)
    robot = load_robot("iiwa")
    motions = {name: engines.drive(robot, domain) for name, domain in engines.ENGINES.items()}
    position, torque = engines.differences(robot, motions)
    assert position.ratio < 0.02
    assert torque.ratio < 0.1
    assert np.std(motions["bullet"].joint_position, axis=0).min() > 0.01  # every joint moves
    broken = engines.drive(robot, "iiwa-broken-joint")
    worst, _ = engines.differences(robot, motions | {"mujoco": broken})
    assert "lbr_iiwa_joint_1" in worst.metric
    assert worst.ratio > 0.5
    assert len(engines.figures(robot, motions).curves) == 3


def test_rows_are_json_without_nan(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim, "run", lambda report: ([rows.bounded("x", 1.0, "s", 2.0)], "because"))
    assert command.measure("sim", as_json=True) == 0
    out, err = capsys.readouterr()
    (row,) = json.loads(out)
    assert row["metric"] == "x"
    assert row["reference"] is None
    assert "because" in err
    assert math.isnan(rows.bounded("x", 1.0, "s", 2.0).ratio)


def test_an_unknown_bench_brings_the_nearest(terrafirma: Run) -> None:
    result = terrafirma("bench", "simm")
    assert result.code == 2
    assert "unknown bench 'simm'" in result.error
    assert "'sim'" in result.error


def test_a_policy_ticks_at_the_rate_that_it_is_timed_at(tmp_path: Path) -> None:
    bridge_policy.write_policy(tmp_path / "fast.onnx", 500.0)
    fast = Policy(tmp_path / "fast.onnx")  # replays its golden trace
    assert fast.contract.control_rate == 500.0
    assert fast.contract.joints == Policy(policy_file("a1-velocity")).contract.joints


def test_workers_are_held_against_one_and_their_time_is_accounted_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"ROUNDS": 3, "VECTOR_STEPS": 20, "ENVIRONMENTS": 2}.items():
        monkeypatch.setattr(sim, name, value)
    (ours, bare), remark = sim.parallel("iiwa", "reach")
    assert ours.goal
    assert not bare.goal
    assert 0.2 < ours.ratio < 2.0
    lines = re.findall(r"(\d) of them: (\d+) µs of a processor an environment step, (.*) of the time", remark)
    assert [(int(count), waits.count("%")) for count, _, waits in lines] == [(1, 1), (2, 2)]
    assert all(int(cost) > 0 for _, cost, _ in lines)


@pytest.mark.timeout(120)
def test_every_reading_has_its_answer_from_every_graph() -> None:
    graphs = {graph: bridge.Turns() for graph in bridge.GRAPHS}
    assert sum(1 for _ in bridge.measure(100, 1, 1.0, graphs)) == 3
    for graph, turns in graphs.items():
        (trips,) = turns.trips
        assert len(trips) > 50
        assert min(trips) > 0.0
        assert 0.0 < turns.busy < 2.0
        assert (turns.ticks >= len(trips)) == (graph != bridge.ECHO)
    rows_of = bridge.judge(100, graphs)
    told = ["round trip, median", "round trip, 99 %", "missed ticks", "of a core"]
    names = ["policy node", "with rehearsal"]
    assert [row.metric for row in rows_of] == [f"100 Hz, {name}: {each}" for name in names for each in told]
    assert not any(row.goal for row in rows_of)


def test_the_rate_that_is_judged_has_goals() -> None:
    turns = [[[400.0] * 100] * 2, [[700.0] * 100] * 2, [[500.0] * 100] * 2]
    graphs = {
        graph: bridge.Turns(trips, 998, 2, 70.0, 7.0, [(10.0, 80.0), (70.0, 83.0)])
        for graph, trips in zip(bridge.GRAPHS, turns, strict=True)
    }
    *plain, median, most, missed, memory, core = bridge.judge(bridge.JUDGED, graphs)
    assert not any(row.goal for row in plain)
    assert plain[0].ratio == 1.75
    assert median.met
    assert most.met
    assert (missed.value, missed.met) == (0.2, False)
    assert (memory.value, memory.met) == (3.0, False)
    assert core.value == pytest.approx(10.0)


def test_an_option_that_a_bench_does_not_have_is_refused() -> None:
    with pytest.raises(TerrafirmaError, match="bench policy has no option --seconds"):
        command.measure("policy", False, seconds=3.0)


def test_a_histogram_says_what_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "trips.png"
    write_histograms(path, "Round trip", "µs", [Histogram("echo", np.arange(1.0, 101.0))])
    assert description(path) == "Round trip in µs: echo: median 50, 99 % below 99."
