"""What is known of how a policy was made: from its run directory, or from its own identity alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contract.errors import TerrafirmaError
from pipeline.evaluation.training_domain import run_of
from pipeline.places import policy_file
from pipeline.run_directory import read_record
from pipeline.zoo.card import Training
from policies.runtime import Policy
from policies.train import CURVE, POLICY


def find_policy(name: str) -> Path:
    """A run's trained policy, an ONNX file, or a shipped policy."""
    run = Path(name)
    if not run.is_dir():
        return policy_file(name)
    path = run / "source" / POLICY
    if not path.is_file():
        raise TerrafirmaError(f"{run}: has no trained policy yet ({path} is missing).")
    return path


def origin(policy: Policy) -> Training:
    """Recipe, seed, steps and seconds, as far as the files around the policy tell.

    Raises:
        TerrafirmaError: it lies in a run directory that did not make it.
    """
    identity = policy.contract.identity
    known = Training(recipe_hash=identity.recipe_hash, commit=identity.source_commit, parent=identity.parent)
    run = run_of(policy.path)
    if run is None:
        return known
    record = read_record(run / "run.json")
    if record.get("recipe_hash") != identity.recipe_hash:
        raise TerrafirmaError(f"{policy.path}: was made from another recipe or seed than the run {run}.")
    last = _last_line(policy.path.with_name(CURVE))
    stage = "train" if identity.method == "train" else identity.method
    return known.model_copy(
        update={
            "recipe": (run / "recipe.yaml").read_text(encoding="utf-8"),
            "seed": record["seed"],
            "steps": last.get("steps"),
            "seconds": last.get("seconds", record.get("stages", {}).get(stage)),
            "versions": record.get("versions", {}),
        }
    )


def _last_line(curve: Path) -> dict[str, Any]:
    """The last whole line of a learning curve, {} where there is none."""
    lines = curve.read_text(encoding="utf-8", errors="replace").splitlines() if curve.is_file() else []
    for line in reversed(lines):
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError):  # torn by an interruption
            continue
    return {}
