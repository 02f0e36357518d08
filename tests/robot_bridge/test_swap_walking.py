"""A walking robot gets another policy: it does not fall, not even by one that turns against it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

from policies.runtime import Policy
from robot_bridge.tick import Mode
from tests.robot_bridge.faults.bench import POLICY, SPEED, Bench
from tests.robot_bridge.successors import column_of, write_similar, write_treacherous

FASTER = 0.5  # m/s
PROBATION = 8.0  # s: what is done here has to be within it


class SwapBench(Bench):
    """A walking robot whose policy node accepts successors."""

    def start_policy(self) -> None:
        self.start(
            *("policy", "policy_node", f"policy:={POLICY}", "autostart:=true"),
            *("swap.accept:=true", f"swap.probation:={PROBATION}"),
        )

    def promote(self, path: Path) -> None:
        began = time.monotonic()
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(path))
        request = SetParameters.Request(parameters=[Parameter(name="candidate", value=value)])
        result = self.call(SetParameters, "/policy/set_parameters", request).results[0]
        assert result.successful, result.reason
        ready = f"ready: {Policy(path).sha256}"
        assert self.until(lambda: self.has_said(ready, began)), self.said
        assert self.trigger("/policy/promote")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SwapBench]:
    bench = SwapBench(tmp_path)
    try:
        assert bench.is_walking()
        bench.spin(1.0)
        bench.forget()
        assert bench.until(bench.is_heard)
        yield bench
    finally:
        bench.close()


def test_a_robot_goes_on_walking_while_its_policy_changes(bench: SwapBench, tmp_path: Path) -> None:
    began = time.monotonic()
    bench.promote(write_similar(tmp_path / "similar.onnx", POLICY, 0.02))
    assert bench.until(lambda: bench.has_said("swap confirmed", began), PROBATION + 10.0), bench.said
    bench.spin(1.0)
    ticks = [seen.tick for seen in bench.ticks]
    assert {tick.mode for tick in ticks} == {Mode.RUNNING}
    assert (np.diff([tick.session_tick for tick in ticks]) == 1).all()
    assert not bench.has_fallen()
    successor = Policy(tmp_path / "similar.onnx")
    assert np.allclose(successor(ticks[-1].observation), ticks[-1].action, atol=1e-5)
    assert not np.allclose(Policy(POLICY)(ticks[-1].observation), ticks[-1].action, atol=1e-5)


def test_one_that_turns_bad_does_not_bring_the_robot_down(bench: SwapBench, tmp_path: Path) -> None:
    contract = Policy(POLICY).contract
    column = column_of("command", contract)
    term = next(term for term in contract.observation if term.source == "command")
    threshold = 0.5 * (SPEED + FASTER) * np.broadcast_to(term.scale, 3)[0]
    bench.promote(write_treacherous(tmp_path / "bad.onnx", POLICY, column, float(threshold)))
    bench.spin(1.0)
    began = time.monotonic()
    bench.twist.linear.x = FASTER
    assert bench.until(lambda: bench.has_said("rolled back", began), 5.0), bench.said
    bench.spin(3.0)
    incumbent = Policy(POLICY)
    turned = [seen.tick for seen in bench.ticks if seen.tick.command[0] > SPEED + 0.01]
    off = [not np.allclose(incumbent(tick.observation), tick.action, atol=1e-5) for tick in turned]
    assert any(off)  # it did act
    last = max(i for i, each in enumerate(off) if each)
    assert (turned[last].joint_stamp - turned[0].joint_stamp) * 1e-9 < 1.0
    assert {tick.mode for tick in turned} == {Mode.RUNNING}
    assert not bench.has_fallen()
