"""One ONNX file from a trained policy: graph, contract, golden trace, digest."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from pathlib import Path

import onnx
import torch

from contract.golden import record
from contract.record import Contract
from contract.state import Array, RobotState
from contract.validation import validate
from policies.metadata import metadata
from policies.networks import DeployedPolicy
from policies.runtime import Policy

OPSET = 18


def export(
    network: DeployedPolicy,
    contract: Contract,
    readings: list[tuple[RobotState, Array]],
    path: Path,
) -> Policy:
    """Write `path` and read it back through the runtime, which replays the golden trace.

    Args:
        readings: consecutive (state, command) pairs from a reset on, for the golden trace.

    Raises:
        ContractError: the contract is invalid, e.g. it uses privileged observations.
    """
    validate(contract, contract.identity.policy)
    model = _graph(network, contract.observation_size)

    def act(observation: object) -> Array:
        with torch.no_grad():
            action = network(torch.as_tensor(observation)[None])[0]
        return action.numpy().astype("float64")  # type: ignore[no-any-return]

    trace = record(contract, act, readings)
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


def _graph(network: DeployedPolicy, observation_size: int) -> onnx.ModelProto:
    example = torch.zeros(1, observation_size)
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    # the exporter reports its steps on stdout and warns about libraries that nobody asked for
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["observation"],
            output_names=["action"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    quiet.setLevel(level)
    assert program is not None
    model = program.model_proto
    del model.metadata_props[:]
    return model
