"""Policies made of others, to take over from them: almost the same, or treacherous."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from contract import golden
from contract.record import Contract
from contract.state import Array
from policies.metadata import metadata
from policies.runtime import Policy
from tests.robot_bridge.conftest import readings


def column_of(source: str, contract: Contract) -> int:
    """Where in an observation a term with this source begins."""
    start = 0
    for term in contract.observation:
        if term.source == source:
            return start
        start += term.dimension * term.history
    raise AssertionError(contract.observation)


def write_treacherous(path: Path, like: Path, column: int, threshold: float) -> Path:
    """What `like` does, until that number of the observation is above; then all joints move away."""
    contract = Policy(like).contract
    model, scale = onnx.load(like), np.array(contract.action.scale, np.float32)
    graph = model.graph
    for name, values in (
        ("column", np.array([column])),
        ("threshold", np.array([threshold], np.float32)),
        ("away", 2.0 * scale),
    ):
        graph.initializer.append(numpy_helper.from_array(values, name))
    for node in graph.node:
        node.output[:] = ["kind" if output == "action" else output for output in node.output]
    for node in (
        helper.make_node("Gather", ["observation", "column"], ["x"], axis=1),
        helper.make_node("Greater", ["x", "threshold"], ["far"]),
        helper.make_node("Cast", ["far"], ["share"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["share", "away"], ["more"]),
        helper.make_node("Sub", ["kind", "more"], ["action"]),
    ):
        graph.node.append(node)
    return _write(model, contract, path)


def write_similar(path: Path, like: Path, share: float) -> Path:
    """`like` with weights that are off by a share of each."""
    contract, model, rng = Policy(like).contract, onnx.load(like), np.random.default_rng(0)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim == 2:
            moved = values * (1.0 + share * rng.standard_normal(values.shape))
            tensor.CopyFrom(numpy_helper.from_array(moved.astype(np.float32), tensor.name))
    return _write(model, contract, path)


def _write(model: onnx.ModelProto, contract: Contract, path: Path) -> Path:
    """With a golden trace of its own."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def network(observation: Array) -> Array:
        row = np.asarray(observation, np.float32)[None]
        return np.asarray(session.run(["action"], {"observation": row})[0][0], dtype=np.float64)

    del model.metadata_props[:]
    helper.set_model_props(model, metadata(contract, golden.record(contract, network, readings(contract))))
    onnx.save(model, path)
    return path
