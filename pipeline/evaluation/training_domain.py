"""Which domain a policy was trained in: from its run directory, or the recipe that it names."""

from __future__ import annotations

from pathlib import Path

from contract.errors import TerrafirmaError
from pipeline.recipe import RECIPES, load_recipe
from pipeline.run_directory import read_record
from policies.runtime import Policy
from sim.domains.domain import Domain
from sim.domains.reader import load_domain


def run_of(policy: Path) -> Path | None:
    """The run directory that a policy lies in, as RUN/source/policy.onnx, if it does."""
    run = policy.absolute().parent.parent
    return run if (run / "run.json").is_file() and (run / "recipe.yaml").is_file() else None


def training_domain(policy: Policy) -> Domain | None:
    """The source domain of the recipe that made `policy`; None where that recipe cannot be had.

    A recipe counts only if its hash is the one that the policy carries: one that was changed
    since might name other ranges.
    """
    identity = policy.contract.identity
    run = run_of(policy.path)
    recipe = run / "recipe.yaml" if run else RECIPES / f"{Path(identity.policy).name}.yaml"
    if not recipe.is_file():
        return None
    try:
        loaded, _ = load_recipe(recipe, read_record(run / "run.json")["seed"] if run else None)
        return load_domain(loaded.source) if loaded.digest() == identity.recipe_hash else None
    except TerrafirmaError:  # of another version, or it names a domain that is gone
        return None
