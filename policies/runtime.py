"""Run an exported policy with onnxruntime: all that a robot needs of this package.

Imports neither torch nor a simulator.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from contract import codec, golden
from contract.errors import ContractError, TerrafirmaError
from contract.golden import GoldenTrace
from contract.record import Contract
from contract.session import PolicySession
from contract.state import Array
from contract.validation import validate
from policies.metadata import CONTRACT_KEY, DIGEST_KEY, GOLDEN_KEY, digest

MAX_BYTES = 100 * 1024 * 1024  # a policy for a CPU is small; refuse to parse anything absurd


class Policy:
    """One ONNX file, verified: contract valid, metadata untouched, golden trace reproduced.

    Raises:
        TerrafirmaError: the file is missing, truncated or not ONNX.
        ContractError: the contract is missing, edited, invalid or not what the graph does.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        data = _read(path)
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._session = _open_session(data, path)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.contract, self.golden = _parse_metadata(metadata, path)
        _match_graph(self._session, self.contract, path)
        self._bind()
        self.reset()
        self.golden_error = self._replay()
        self.reset()

    def _replay(self) -> float:
        try:
            return golden.replay(self.contract, self, self.golden, str(self.path))
        except TerrafirmaError:
            raise
        except Exception as error:  # onnxruntime raises many types, all meaning the same to a user
            raise ContractError(
                f"{self.path}: the graph does not run on what the contract gives it ({error})."
            ) from error

    def _bind(self) -> None:
        """Give the graph the memory that it reads and writes, once: feeds cost more than small networks."""
        self._binding = self._session.io_binding()
        states = self.contract.recurrent_state
        self._observation = _buffer((1, self.contract.observation_size))
        self._action = _buffer((1, len(self.contract.joints)))
        self._states = [(_buffer(state.shape), _buffer(state.shape)) for state in states]  # read, written
        inputs = {"observation": self._observation} | {
            state.name: read for state, (read, _) in zip(states, self._states, strict=True)
        }
        outputs = {"action": self._action} | {
            state.output: written for state, (_, written) in zip(states, self._states, strict=True)
        }
        for name, array in inputs.items():
            self._binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        for name, array in outputs.items():
            self._binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def twin(self) -> Policy:
        """The same graph with a memory of its own, for a run beside this one."""
        twin = copy.copy(self)
        twin._bind()  # noqa: SLF001, its own kind
        return twin

    def reset(self) -> None:
        """Zero the recurrent state, if the graph has any: an episode begins."""
        for read, _ in self._states:
            read[:] = 0.0

    def __call__(self, observation: NDArray[np.float32]) -> Array:
        """Action (n,) rad for one observation (observation_size,), one tick after the last.

        All NaN where the recurrent state is not finite, for then no later action means anything.
        """
        self._observation[0] = observation
        self._session.run_with_iobinding(self._binding)
        action: Array = self._action[0].astype(np.float64)
        for read, written in self._states:
            read[:] = written
            if not np.isfinite(written).all():
                action[:] = np.nan
        return action

    def session(self) -> PolicySession:
        """A fresh observation and action memory for one run of this policy."""
        return PolicySession(self.contract)


def _buffer(shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.zeros(shape, dtype=np.float32)


def _read(path: Path) -> bytes:
    if not path.is_file():
        near = sorted(str(p) for p in path.parent.glob("*.onnx")) if path.parent.is_dir() else []
        raise TerrafirmaError(f"{path}: no such policy file. ONNX files there: {', '.join(near) or 'none'}.")
    if path.stat().st_size > MAX_BYTES:
        raise TerrafirmaError(f"{path}: {path.stat().st_size} bytes is more than the {MAX_BYTES} allowed.")
    return path.read_bytes()


def _open_session(data: bytes, path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many types, all meaning the same to a user
        raise TerrafirmaError(
            f"{path}: not a readable ONNX file ({len(data)} bytes); truncated or damaged? ({error})"
        ) from error


def _parse_metadata(metadata: Mapping[str, str], path: Path) -> tuple[Contract, GoldenTrace]:
    missing = [key for key in (CONTRACT_KEY, GOLDEN_KEY, DIGEST_KEY) if key not in metadata]
    if missing:
        raise ContractError(f"{path}: no {', '.join(missing)} in its metadata; export it with terrafirma.")
    contract_text, golden_text = metadata[CONTRACT_KEY], metadata[GOLDEN_KEY]
    contract = codec.from_json(Contract, contract_text, f"{path}: contract")
    validate(contract, f"{path}: contract")
    trace = codec.from_json(GoldenTrace, golden_text, f"{path}: golden trace")
    if digest(contract_text, golden_text) != metadata[DIGEST_KEY]:
        raise ContractError(
            f"{path}: the contract or golden trace was changed after export (digest mismatch). "
            "Change the recipe and export again."
        )
    return contract, trace


def _match_graph(session: onnxruntime.InferenceSession, contract: Contract, path: Path) -> None:
    """Refuse a graph whose inputs and outputs are not the contract's."""
    states = [state.name for state in contract.recurrent_state]
    inputs = {item.name: item.shape for item in session.get_inputs()}
    outputs = {item.name: item.shape for item in session.get_outputs()}
    wanted_outputs = ["action", *(state.output for state in contract.recurrent_state)]
    if set(inputs) != {"observation", *states} or set(outputs) != set(wanted_outputs):
        raise ContractError(
            f"{path}: the graph maps {sorted(inputs)} to {list(outputs)}, the contract needs "
            f"{['observation', *states]} to {wanted_outputs}."
        )
    size, given = contract.observation_size, inputs["observation"]
    if given[-1:] != [size]:
        raise ContractError(
            f"{path}: the graph takes observations of shape {given}, the contract assembles [1, {size}]."
        )
    wanted: list[tuple[str, Sequence[int | str | None], tuple[int, ...]]] = [
        ("action", outputs["action"], (1, len(contract.joints)))
    ]
    for state in contract.recurrent_state:
        wanted += [(state.name, inputs[state.name], state.shape)]
        wanted += [(state.output, outputs[state.output], state.shape)]
    for name, shape, needed in wanted:
        if not _fits(shape, needed):
            raise ContractError(
                f"{path}: the graph's {name!r} has shape {shape}, the contract needs {list(needed)}."
            )
    for item in session.get_outputs():
        if item.type != "tensor(float)":
            raise ContractError(f"{path}: the graph's {item.name!r} is a {item.type}, not a tensor(float).")


def _fits(shape: Sequence[int | str | None], wanted: tuple[int, ...]) -> bool:
    """Whether a graph's shape, in which a name or None stands for any size, allows `wanted`."""
    return len(shape) == len(wanted) and all(
        size == want or not isinstance(size, int) for size, want in zip(shape, wanted, strict=True)
    )
