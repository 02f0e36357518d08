"""A recipe: everything that decides the outcome of a run, in one YAML file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError

from adaptation.darc import DarcConfig
from adaptation.fine_tune import FineTuneConfig
from contract.errors import TerrafirmaError, UnknownNameError
from policies.config import RAY, PpoConfig, SacConfig, Strict, TrainConfig
from sim.domains.reader import find_domain

RECIPES = Path(__file__).parent / "recipes"
SWITCHES = (
    "symmetry",
    "recurrent",
    "privileged_critic",
    "teacher_student",
    "stop_at",
    "epopt",
    "widening",
)
TRAIN_CONFIGS: dict[str, type[Strict]] = {"sac": SacConfig, "ppo": PpoConfig}


class CollectConfig(Strict):
    """How target transitions are recorded over ROS 2."""

    steps: PositiveInt = 3_000  # running control ticks: the target budget
    rate: PositiveFloat = 20.0  # simulated seconds per wall second of the emulated robot
    exploration_std: NonNegativeFloat = 0.3  # of the normalised action
    random_fraction: float = Field(0.3, ge=0.0, le=1.0)  # of commands answered with random actions
    interval: PositiveFloat = 3.0  # s between commands
    verify_steps: PositiveInt = 1_200  # ticks of the second deployment, without exploration


class EvaluateConfig(Strict):
    """How policies are compared."""

    episodes: PositiveInt = 100


class Recipe(Strict):
    """One run of the loop; without a target it ends after training and evaluation."""

    name: str
    description: str = ""
    robot: str
    task: str
    source: str  # domain file, or the name of a shipped one
    evaluate_in: tuple[str, ...] = ()  # further domains that the trained policy is tried in
    target: str | None = None
    oracle: str | None = None  # policy trained in the target, for comparison; file or zoo name
    seed: int = Field(0, ge=0)
    train: TrainConfig
    collect: CollectConfig = CollectConfig()
    fine_tune: FineTuneConfig = FineTuneConfig()
    darc: DarcConfig = DarcConfig()
    evaluate: EvaluateConfig = EvaluateConfig()

    def digest(self) -> str:
        """Hash of everything that decides the outcome: the recipe and the domains that it names.

        Where environments run decides nothing, and a switch that is off is as if there were none.
        """
        off = {name for name in SWITCHES if not getattr(self.train, name, None)}
        names = (self.source, *self.evaluate_in, *([self.target] if self.target else []))
        domains = [find_domain(name).read_text(errors="replace") for name in names]
        return hashlib.sha256(
            "\n".join([self.model_dump_json(exclude={"train": {"workers"} | off}), *domains]).encode()
        ).hexdigest()


def load_recipe(name: str | Path, seed: int | None = None, workers: str | None = None) -> tuple[Recipe, str]:
    """Read a recipe file, or a shipped recipe by name; returns it with its text.

    `seed` and `workers` stand in for the recipe's own.

    Raises:
        TerrafirmaError: the file and field that is wrong, and what would be right.
    """
    path = Path(name)
    if not path.is_file():
        shipped = {p.stem: p for p in RECIPES.glob("*.yaml")}
        if str(name) not in shipped:
            raise UnknownNameError("recipe (no such file either)", str(name), shipped)
        path = shipped[str(name)]
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that is none
        raise TerrafirmaError(f"{path}: not valid YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(data, dict):
        raise TerrafirmaError(f"{path}: expected a mapping of recipe fields.")
    if seed is not None:
        data["seed"] = seed
    if workers is not None and not re.fullmatch(rf"[1-9]\d*|{RAY}", workers):
        raise TerrafirmaError(f"--workers {workers!r}: give a number of processes, ray, or ray:N.")
    if workers is not None and isinstance(data.get("train"), dict):
        data["train"]["workers"] = int(workers) if workers.isdecimal() else workers
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        raise _explain(error, path) from error
    if workers is not None and int(re.sub(r"\D", "", workers) or 1) > recipe.train.environments:
        raise TerrafirmaError(
            f"--workers {workers}: there are {recipe.train.environments} environments to share "
            f"(train.environments of {path}); give at most as many."
        )
    return recipe, text


def _explain(error: ValidationError, path: Path) -> TerrafirmaError:
    """The first problem, with the nearest valid name where a key is unknown."""
    problem = error.errors()[0]
    # pydantic puts the algorithm, which picks the settings, into the location
    algorithm = next((part for part in problem["loc"] if part in TRAIN_CONFIGS), "sac")
    location = [str(part) for part in problem["loc"] if part not in TRAIN_CONFIGS]
    if problem["type"] == "extra_forbidden":
        valid = _fields_at(location[:-1], TRAIN_CONFIGS[str(algorithm)])
        owners = [name for name, config in TRAIN_CONFIGS.items() if location[1:] in _names(config)]
        if location[0] == "train" and owners:
            return TerrafirmaError(
                f"{path}: unknown recipe field {'.'.join(location)!r} of algorithm {algorithm!r}; "
                f"it belongs to {' and '.join(map(repr, owners))}. Valid: {', '.join(sorted(valid))}."
            )
        return UnknownNameError("recipe field", ".".join(location), valid, str(path))
    if problem["type"] == "value_error":  # two fields that do not fit together: no single input is wrong
        return TerrafirmaError(f"{path}: {'.'.join(location)}: {problem['ctx']['error']}.")
    return TerrafirmaError(f"{path}: {'.'.join(location)}: {problem['msg']}, got {problem.get('input')!r}.")


def _names(config: type[Strict]) -> list[list[str]]:
    return [[name] for name in config.model_fields]


def _fields_at(location: list[str], train_config: type[Strict]) -> Iterable[str]:
    """Dotted names of the fields that are valid where an unknown one stood."""
    model: Any = Recipe
    for part in location:
        annotation = model.model_fields[part].annotation
        settings = [kind for kind in (annotation, *get_args(annotation)) if hasattr(kind, "model_fields")]
        model = train_config if part == "train" else settings[0]
    return [".".join([*location, name]) for name in model.model_fields]
