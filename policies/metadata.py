"""The keys under which a policy file carries its contract, golden trace and their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from contract import codec
from contract.golden import GoldenTrace
from contract.record import Contract

CONTRACT_KEY = "terrafirma.contract"
GOLDEN_KEY = "terrafirma.golden_trace"
DIGEST_KEY = "terrafirma.digest"


def digest(contract_text: str, golden_text: str) -> str:
    """Fingerprint that shows whether somebody edited the metadata by hand."""
    return hashlib.sha256(f"{contract_text}\n{golden_text}".encode()).hexdigest()


def metadata(contract: Contract, golden: GoldenTrace) -> dict[str, str]:
    """All metadata of a policy file: ours, and the lossy CSV keys that other runtimes read."""
    contract_text, golden_text = codec.to_json(contract), codec.to_json(golden)
    return {
        CONTRACT_KEY: contract_text,
        GOLDEN_KEY: golden_text,
        DIGEST_KEY: digest(contract_text, golden_text),
        "joint_names": ",".join(contract.joint_names),
        "joint_stiffness": _csv(j.kp for j in contract.joints),
        "joint_damping": _csv(j.kd for j in contract.joints),
        "default_joint_pos": _csv(j.default_position for j in contract.joints),
        "action_scale": _csv(contract.action.scale),
        "observation_names": ",".join(term.source for term in contract.observation),
        "observation_history_lengths": ",".join(str(term.history) for term in contract.observation),
        "command_names": contract.command.name,
    }


def _csv(values: Iterable[float]) -> str:
    return ",".join(repr(float(value)) for value in values)
