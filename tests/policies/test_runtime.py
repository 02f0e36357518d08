"""A policy file is run as exported, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from contract import codec, golden
from contract.errors import ContractError, TerrafirmaError
from contract.golden import GoldenTrace
from contract.record import Contract, RecurrentState
from contract.session import PolicySession
from contract.state import Array, RobotState
from policies.evaluation import evaluate
from policies.metadata import CONTRACT_KEY, DIGEST_KEY, GOLDEN_KEY, digest, metadata
from policies.runtime import Policy
from sim.domains.reader import load_domain

Readings = Callable[..., list[tuple[RobotState, Array]]]


def rewrite(path: Path, change: Callable[[dict[str, str]], None]) -> None:
    """Change the metadata of a policy file."""
    model = onnx.load(path)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    change(entries)
    del model.metadata_props[:]
    helper.set_model_props(model, entries)
    onnx.save(model, path)


def sealed(entries: dict[str, str]) -> None:
    """Give the entries a digest that fits them, as a careful forger would."""
    entries[DIGEST_KEY] = digest(entries[CONTRACT_KEY], entries[GOLDEN_KEY])


def test_an_untouched_file_runs(policy_file: Path) -> None:
    policy = Policy(policy_file)
    action = policy(np.zeros(policy.contract.observation_size, dtype=np.float32))
    assert action.shape == (3,)
    assert np.allclose(action, 0.0)
    assert policy.golden_error < golden.ACTION_TOLERANCE


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99, 0.9999])
def test_a_truncated_file_is_refused(policy_file: Path, share: float) -> None:
    data = policy_file.read_bytes()
    policy_file.write_bytes(data[: int(share * len(data))])
    with pytest.raises(TerrafirmaError, match=r"arm\.onnx"):
        Policy(policy_file)


def test_bytes_that_are_no_onnx_are_refused(policy_file: Path) -> None:
    policy_file.write_bytes(np.random.default_rng(0).bytes(4_000))
    with pytest.raises(TerrafirmaError, match="not a readable ONNX file"):
        Policy(policy_file)


def test_a_missing_file_names_its_neighbours(policy_file: Path) -> None:
    with pytest.raises(TerrafirmaError, match=r"no such policy file.*arm\.onnx"):
        Policy(policy_file.with_name("leg.onnx"))
    with pytest.raises(TerrafirmaError, match="no such policy file"):
        Policy(policy_file.parent)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"kp": 60.0', '"kp": 61.0'), ('"control_rate": 20.0', '"control_rate": 25.0'), ('"arm_1"', '"arm_7"')],
)
def test_a_contract_edited_by_hand_is_refused(policy_file: Path, old: str, new: str) -> None:
    def edit(entries: dict[str, str]) -> None:
        assert old in entries[CONTRACT_KEY]
        entries[CONTRACT_KEY] = entries[CONTRACT_KEY].replace(old, new)

    rewrite(policy_file, edit)
    with pytest.raises(ContractError, match="changed after export"):
        Policy(policy_file)


def test_an_edited_golden_trace_is_refused(policy_file: Path) -> None:
    rewrite(policy_file, lambda e: e.update({GOLDEN_KEY: e[GOLDEN_KEY].replace("0.1", "0.2", 1)}))
    with pytest.raises(ContractError, match="changed after export"):
        Policy(policy_file)


def test_a_resealed_trace_that_the_policy_does_not_reproduce_is_refused(policy_file: Path) -> None:
    def forge(entries: dict[str, str]) -> None:
        trace = codec.from_json(GoldenTrace, entries[GOLDEN_KEY], "")
        action = (trace.ticks[3].action[0] + 0.01, *trace.ticks[3].action[1:])
        ticks = (*trace.ticks[:3], replace(trace.ticks[3], action=action), *trace.ticks[4:])
        entries[GOLDEN_KEY] = codec.to_json(GoldenTrace(ticks))
        sealed(entries)

    rewrite(policy_file, forge)
    with pytest.raises(ContractError, match=r"tick 3: action\[0\] is .* the golden trace says"):
        Policy(policy_file)


def test_a_resealed_contract_that_the_trace_contradicts_is_refused(policy_file: Path) -> None:
    def forge(entries: dict[str, str]) -> None:
        entries[CONTRACT_KEY] = entries[CONTRACT_KEY].replace('"scale": 2.0', '"scale": 2.1')
        sealed(entries)

    rewrite(policy_file, forge)
    with pytest.raises(ContractError, match=r"tick 0: observation\[\d+\] is"):
        Policy(policy_file)


def test_weights_changed_after_export_are_noticed(policy_file: Path) -> None:
    model = onnx.load(policy_file)
    weights = numpy_helper.to_array(model.graph.initializer[0]) * np.float32(1.01)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "weights"))
    onnx.save(model, policy_file)
    with pytest.raises(ContractError, match=r"action\[\d\] is"):
        Policy(policy_file)


@pytest.mark.parametrize("key", [CONTRACT_KEY, GOLDEN_KEY, DIGEST_KEY])
def test_a_file_without_our_metadata_is_refused(policy_file: Path, key: str) -> None:
    rewrite(policy_file, lambda entries: entries.pop(key) and None)
    with pytest.raises(ContractError, match=f"no {key} in its metadata"):
        Policy(policy_file)


def graph_file(
    path: Path,
    entries: Mapping[str, str],
    shape: list[int | str],
    joints: int = 3,
    names: tuple[str, str] = ("observation", "action"),
    kind: int = TensorProto.FLOAT,
) -> Path:
    """A graph that answers an input of `shape` with zeros (1, joints), under somebody's metadata."""
    given, answer = names
    zeros = numpy_helper.from_array(np.zeros((1, joints), np.float32), "zeros")
    nodes = [
        helper.make_node("ReduceSum", [given], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["number", "zeros"], [answer]),
    ]
    graph = helper.make_graph(
        nodes,
        "other",
        [helper.make_tensor_value_info(given, kind, shape)],
        [helper.make_tensor_value_info(answer, TensorProto.FLOAT, [1, joints])],
        [zeros],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, dict(entries))
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ({"shape": [1, 14]}, r"takes observations of shape \[1, 14\], the contract assembles \[1, 15\]"),
        ({"shape": [1, "any"]}, r"takes observations of shape \[1, 'any'\]"),
        ({"shape": [15]}, "does not run"),
        ({"shape": []}, r"takes observations of shape \[\]"),
        ({"shape": [2, 15]}, "does not run"),
        ({"shape": [1, 15], "joints": 4}, r"'action' has shape \[1, 4\], the contract needs \[1, 3\]"),
        ({"shape": [1, 15], "names": ("input", "action")}, r"maps \['input'\].*needs \['observation'\]"),
        ({"shape": [1, 15], "names": ("observation", "output")}, r"to \['output'\]"),
        ({"shape": [1, 15], "kind": TensorProto.DOUBLE}, "does not run.*double"),
    ],
    ids=str,
)
def test_a_graph_of_other_dimensions_is_refused(
    policy_file: Path, arm_contract: Contract, graph: dict, message: str
) -> None:
    assert arm_contract.observation_size == 15
    entries = {entry.key: entry.value for entry in onnx.load(policy_file).metadata_props}
    with pytest.raises(ContractError, match=message):
        Policy(graph_file(policy_file.with_name("other.onnx"), entries, **graph))


def recurrent_policy(path: Path, contract: Contract, readings: list, state_shape: tuple[int, ...]) -> Path:
    """action = 0.1 tanh(h_out), h_out = 0.5 h + observation @ w: it remembers what it saw."""
    n, m = contract.observation_size, len(contract.joints)
    weights = np.random.default_rng(2).normal(0, 0.3, (n, m)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["observation", "w"], ["seen"]),
            helper.make_node("Mul", ["h", "half"], ["kept"]),
            helper.make_node("Add", ["seen", "kept"], ["h_out"]),
            helper.make_node("Tanh", ["h_out"], ["squashed"]),
            helper.make_node("Mul", ["squashed", "tenth"], ["action"]),
        ],
        "recurrent",
        [
            helper.make_tensor_value_info("observation", TensorProto.FLOAT, [1, n]),
            helper.make_tensor_value_info("h", TensorProto.FLOAT, [1, m]),
        ],
        [
            helper.make_tensor_value_info("action", TensorProto.FLOAT, [1, m]),
            helper.make_tensor_value_info("h_out", TensorProto.FLOAT, [1, m]),
        ],
        [
            numpy_helper.from_array(weights, "w"),
            numpy_helper.from_array(np.array([0.5], np.float32), "half"),
            numpy_helper.from_array(np.array([0.1], np.float32), "tenth"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    memory = np.zeros(m, dtype=np.float32)

    def network(observation: np.ndarray) -> Array:
        nonlocal memory
        memory = observation @ weights + np.float32(0.5) * memory
        return np.asarray(np.float32(0.1) * np.tanh(memory), dtype=np.float64)

    contract = replace(contract, recurrent_state=(RecurrentState("h", state_shape),))
    helper.set_model_props(model, metadata(contract, golden.record(contract, network, readings)))
    onnx.save(model, path)
    return path


def test_recurrent_state_is_carried_and_reset(
    tmp_path: Path, arm_contract: Contract, readings: Readings
) -> None:
    policy = Policy(recurrent_policy(tmp_path / "r.onnx", arm_contract, readings(arm_contract, 8), (1, 3)))
    assert policy.golden_error < golden.ACTION_TOLERANCE
    observation = np.full(arm_contract.observation_size, 0.3, dtype=np.float32)
    first, second = policy(observation), policy(observation)
    assert not np.allclose(first, second, atol=1e-3)
    policy.reset()
    assert np.array_equal(policy(observation), first)
    # a state that somebody forgets to reset shows in the golden trace
    with pytest.raises(ContractError, match="tick 0: action"):
        golden.replay(policy.contract, policy, policy.golden, "r")


def test_every_episode_begins_with_a_fresh_state(
    tmp_path: Path, arm: Contract, arm_readings: list[tuple[RobotState, Array]]
) -> None:
    policy = Policy(recurrent_policy(tmp_path / "r.onnx", arm, arm_readings, (1, 7)))
    domain = load_domain("nominal")
    both = evaluate(policy, domain, 2, seed=5).return_mean
    alone = [evaluate(policy, domain, 1, seed=seed).return_mean for seed in (5, 6)]
    assert both == pytest.approx(np.mean(alone), abs=1e-12)


def test_recurrent_state_of_another_shape_is_refused(
    tmp_path: Path, arm_contract: Contract, readings: Readings
) -> None:
    path = recurrent_policy(tmp_path / "r.onnx", arm_contract, readings(arm_contract, 8), (1, 4))
    with pytest.raises(ContractError, match=r"graph's 'h' has shape \[1, 3\], the contract needs \[1, 4\]"):
        Policy(path)


def test_a_recurrent_graph_without_a_declared_state_is_refused(
    tmp_path: Path, arm_contract: Contract, readings: Readings
) -> None:
    path = recurrent_policy(tmp_path / "r.onnx", arm_contract, readings(arm_contract, 8), (1, 3))

    def forget(entries: dict[str, str]) -> None:
        contract = codec.from_json(Contract, entries[CONTRACT_KEY], "")
        entries[CONTRACT_KEY] = codec.to_json(replace(contract, recurrent_state=()))
        sealed(entries)

    rewrite(path, forget)
    with pytest.raises(ContractError, match=r"maps \['h', 'observation'\]"):
        Policy(path)


def test_sessions_do_not_share_memory(policy_file: Path) -> None:
    policy = Policy(policy_file)
    first, second = policy.session(), policy.session()
    tick = policy.golden.ticks[0]
    before = second.observe(tick.state(), np.array(tick.command)).copy()
    for later in policy.golden.ticks:
        first.act(policy(first.observe(later.state(), np.array(later.command))))
    second.reset()
    assert np.array_equal(second.observe(tick.state(), np.array(tick.command)), before)
    assert isinstance(first, PolicySession)
