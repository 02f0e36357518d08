"""The shipped A1 policy at another control rate, for timing only: it would not walk well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from contract import golden
from contract.codec import from_json
from contract.golden import GoldenTrace
from contract.state import Array
from pipeline.places import policy_file
from policies.metadata import GOLDEN_KEY, metadata
from policies.runtime import Policy


def write_policy(path: Path, control_rate: float) -> None:
    """Write a policy file that ticks at `control_rate` Hz."""
    source = policy_file("a1-velocity")
    policy = Policy(source)
    model = onnx.load(source)
    text = next(entry.value for entry in model.metadata_props if entry.key == GOLDEN_KEY)
    trace = from_json(GoldenTrace, text, str(source))
    contract = replace(policy.contract, control_rate=control_rate)

    def network(observation: NDArray[np.float32]) -> Array:
        return policy(observation).copy()

    readings = [(tick.state(), np.array(tick.command)) for tick in trace.ticks]
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata(contract, golden.record(contract, network, readings)))
    onnx.save(model, path)
