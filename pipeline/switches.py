"""Whether a recipe's robustness switches fit its task and its source domain."""

from __future__ import annotations

from contract.errors import DomainError, TerrafirmaError, UnknownNameError
from pipeline.recipe import Recipe
from policies.config import PpoConfig
from policies.symmetry import Mirror
from sim.contracts import build_contract, unnamed_identity
from sim.domains.domain import Domain
from sim.domains.reader import LIBRARY, load_domain
from sim.domains.widening import WideningDomain, varying
from sim.environment_batch import episode_steps
from sim.robots.spec import RobotSpec
from sim.tasks.base import Task


def check_switches(recipe: Recipe, robot: RobotSpec, task: Task, source: Domain) -> None:
    """Refuse switches that would change nothing, or that contradict each other.

    Raises:
        TerrafirmaError: with the recipe's field, and what would be right.
    """
    config = recipe.train
    if not isinstance(config, PpoConfig):
        return
    if config.symmetry:
        Mirror(build_contract(task, unnamed_identity(task)))
    if config.epopt is not None and config.widening is not None:
        raise TerrafirmaError(
            f"{recipe.name}: train: epopt and widening exclude each other: widening counts successes over "
            "all episodes, and epopt cuts some short. Leave one out."
        )
    if config.epopt is not None:
        _check_epopt(recipe, config, robot, task, source)
    if config.widening is not None:
        _check_varies(recipe, "widening", robot, source)
        WideningDomain(source, robot)


def _check_epopt(recipe: Recipe, config: PpoConfig, robot: RobotSpec, task: Task, source: Domain) -> None:
    assert config.epopt is not None
    _check_varies(recipe, "epopt", robot, source)
    if source.has_curriculum:
        raise TerrafirmaError(
            f"{recipe.name}: train.epopt: the curriculum of {recipe.source!r} rises with success, and of the "
            "episodes that epopt cuts nobody knows how they end; choose a source without one."
        )
    steps = episode_steps(task)
    rollout = config.epopt.rollout_steps or config.rollout_steps
    if rollout < steps:
        field = "train.epopt.rollout_steps" if config.epopt.rollout_steps else "train.rollout_steps"
        raise TerrafirmaError(
            f"{recipe.name}: {field}: epopt compares whole episodes, and one of {task.name!r} has {steps} "
            f"steps; got {rollout}, give {steps} or more, better twice as many."
        )
    if config.epopt.warm_up >= config.steps:
        raise TerrafirmaError(
            f"{recipe.name}: train.epopt.warm_up: {config.epopt.warm_up} steps are all of the "
            f"{config.steps} that are trained; give fewer."
        )


def _check_varies(recipe: Recipe, switch: str, robot: RobotSpec, source: Domain) -> None:
    if not varying(source, robot):
        valid = [path.stem for path in sorted(LIBRARY.glob("*.yaml")) if _fits(path.stem, robot, source)]
        raise UnknownNameError(
            f"source with distributions, as train.{switch} needs,", recipe.source, valid, recipe.name
        )


def _fits(name: str, robot: RobotSpec, source: Domain) -> bool:
    """Whether a shipped domain would do instead."""
    domain = load_domain(name)
    try:
        domain.check(robot)
    except (DomainError, UnknownNameError):
        return False
    return domain.engine == source.engine and bool(varying(domain, robot))
