"""One ONNX file from a trained policy: graph, contract, golden trace, digest."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from dataclasses import replace
from pathlib import Path

import onnx
import torch

from contract.golden import record
from contract.record import Contract
from contract.state import Array, RobotState
from contract.validation import validate
from policies.metadata import metadata
from policies.networks import Deployed
from policies.runtime import Policy

OPSET = 18


def export(
    network: Deployed,
    contract: Contract,
    readings: list[tuple[RobotState, Array]],
    path: Path,
) -> Policy:
    """Write `path` and read it back through the runtime, which replays the golden trace.

    The contract is given the state that the network has, if it has one.

    Args:
        readings: consecutive (state, command) pairs from a reset on, for the golden trace.

    Raises:
        ContractError: the contract is invalid, e.g. it uses privileged observations.
    """
    contract = replace(contract, recurrent_state=network.recurrent_state)
    validate(contract, contract.identity.policy)
    model = _graph(network, contract)
    trace = record(contract, _Runner(network), readings)
    for key, value in metadata(contract, trace).items():
        model.metadata_props.add(key=key, value=value)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.tmp.onnx")
    try:
        onnx.save(model, temporary)
        Policy(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return Policy(path)


class _Runner:
    """The network in torch, with its state carried from a reset on."""

    def __init__(self, network: Deployed) -> None:
        self._network = network
        self._states = [torch.zeros(state.shape) for state in network.recurrent_state]

    def __call__(self, observation: object) -> Array:
        with torch.no_grad():
            outputs = self._network(torch.as_tensor(observation)[None], *self._states)
        action, *self._states = outputs if self._states else (outputs,)
        return action[0].numpy().astype("float64")  # type: ignore[no-any-return]


def _graph(network: Deployed, contract: Contract) -> onnx.ModelProto:
    states = network.recurrent_state
    examples = [torch.zeros(1, contract.observation_size), *(torch.zeros(s.shape) for s in states)]
    batch = torch.export.Dim("batch")
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    # the exporter reports its steps on stdout and warns about libraries that nobody asked for
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            tuple(examples),
            input_names=["observation", *(state.name for state in states)],
            output_names=["action", *(state.output for state in states)],
            dynamic_shapes=tuple({0: batch} for _ in examples),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    quiet.setLevel(level)
    assert program is not None
    model = program.model_proto
    _forget_origin(model)
    return model


def _forget_origin(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes: they name files of the machine that it ran on."""
    del model.metadata_props[:]
    graph = model.graph
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer, graph):
        del part.metadata_props[:]
        part.doc_string = ""
