"""`terrafirma run`: train, deploy, record, adapt, deploy again, compare, report."""

from __future__ import annotations

from pathlib import Path

from contract.errors import TerrafirmaError
from pipeline import stages
from pipeline.places import policy_file
from pipeline.progress import console
from pipeline.recipe import RECIPES, Recipe, load_recipe
from pipeline.run_directory import RunDirectory, write_json
from pipeline.run_report import write_run_report
from pipeline.samples import load_samples, success_on_robot
from pipeline.stages import Row
from pipeline.switches import check_switches
from policies.asymmetric import require_privileged
from policies.config import PpoConfig, SacConfig
from policies.runtime import Policy
from policies.statistics import wilson_interval
from policies.train import POLICY
from sim.contracts import build_contract, unnamed_identity
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.tasks import make_task
from sim.tasks.base import Task

ADAPTATIONS = ("fine-tune", "darc")


def run_loop(run: RunDirectory) -> list[Row]:
    """Do every stage that is not done yet; writes summary.json and report.html."""
    source = stages.train_source(run)
    policies = {"source": source} | (_adapt_all(run, source) if run.recipe.target else {})
    return _conclude(run, policies)


def train_only(run: RunDirectory, resume: bool) -> list[Row]:
    """Train, export and judge in the source and the recipe's further domains."""
    return _conclude(run, {"source": stages.train_source(run, resume)})


def adapt_only(
    run: RunDirectory, bag: Path, method: str, folder: Path | None, namespace: str | None = None
) -> Policy:
    """Adapt the run's trained policy to a bag; refuses to replace a policy that is there."""
    folder = folder or run.path / method
    if (folder / POLICY).is_file():
        raise TerrafirmaError(f"{folder} holds an adapted policy already; choose another --out.")
    path = run.path / "source" / POLICY
    if not path.is_file():
        raise TerrafirmaError(f"{run.path}: has no trained policy yet ({path} is missing).")
    return stages.adapt(run, Policy(path), bag, method, folder, namespace)


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe whose names do not exist before hours are spent on it."""
    robot = load_robot(recipe.robot)
    task = make_task(recipe.task, robot)
    build_contract(task, unnamed_identity(task))
    if recipe.target is not None:
        _check_adaptable(recipe, task)
    for name in (recipe.source, *recipe.evaluate_in, *([recipe.target] if recipe.target else [])):
        load_domain(name).check(robot)
    if isinstance(recipe.train, PpoConfig) and recipe.train.privileged:
        require_privileged(robot, load_domain(recipe.source), recipe.train.privileged)
    check_switches(recipe, robot, task, load_domain(recipe.source))
    if recipe.oracle:
        Policy(policy_file(recipe.oracle))


def _check_adaptable(recipe: Recipe, task: Task) -> None:
    if not isinstance(recipe.train, SacConfig):
        raise TerrafirmaError(f"{recipe.name}: target: adaptation needs a policy trained with sac, not ppo.")
    if task.reward_needs_truth:
        raise TerrafirmaError(
            f"{recipe.name}: target: the reward of task {task.name!r} cannot be computed from a recording."
        )
    if recipe.collect.interval < task.command_seconds:
        raise TerrafirmaError(
            f"{recipe.name}: collect.interval: {recipe.collect.interval:g} s is less than the "
            f"{task.command_seconds:g} s that {task.name!r} has for a command."
        )
    shortest = round(2 * recipe.collect.interval * task.control_rate)
    if min(recipe.collect.verify_steps, recipe.collect.steps) < shortest:
        raise TerrafirmaError(
            f"{recipe.name}: collect: steps and verify_steps must be at least {shortest}, two commands."
        )


def _conclude(run: RunDirectory, policies: dict[str, Policy]) -> list[Row]:
    recipe = run.recipe
    if len(policies) > 1:
        rows = _compare(run, policies)
    else:
        domains = [load_domain(name) for name in dict.fromkeys((recipe.source, *recipe.evaluate_in))]
        rows = [stages.judge(run, "source", policies["source"], domain, 0) for domain in domains]
    summary = stages.write_summary(run, rows)
    report = write_run_report(run, rows, policies)
    console.print(f"rows    {summary}\nreport  {report}")
    return rows


def _adapt_all(run: RunDirectory, source: Policy) -> dict[str, Policy]:
    """Record the target once, adapt with every method, and put the last one on the robot again."""
    collect, seed = run.recipe.collect, run.recipe.seed
    bag = stages.record(run, source, "samples", collect.steps, explore=True, seed=seed)
    adapted = {method: stages.adapt(run, source, bag, method, run.path / method) for method in ADAPTATIONS}
    outcomes = {}
    for name, policy in (("zero-shot", source), ("darc", adapted["darc"])):
        # the same seed gives both policies the same commands
        bag = stages.record(
            run, policy, f"deployed-{name}", collect.verify_steps, explore=False, seed=seed + 1
        )
        _, recorded = load_samples(bag, policy.contract)
        successes, commands = success_on_robot(recorded)
        outcomes[name] = {
            "successes": successes,
            "commands": commands,
            # a recording too short for one whole command says nothing
            "success_rate": successes / commands if commands else None,
            "success_ci95": wilson_interval(successes, commands) if commands else (0.0, 1.0),
        }
    write_json(run.path / "deployed.json", outcomes)
    return adapted


def _compare(run: RunDirectory, policies: dict[str, Policy]) -> list[Row]:
    recipe = run.recipe
    source, target = load_domain(recipe.source), load_domain(str(recipe.target))
    rows = [
        stages.judge(run, "source", policies["source"], source, 0),
        stages.judge(run, "zero-shot", policies["source"], target, 0),
    ]
    for method in ADAPTATIONS:
        spent = stages.target_steps(run.path / method)
        rows.append(stages.judge(run, method, policies[method], target, spent))
    if recipe.oracle:
        oracle = Policy(policy_file(recipe.oracle))
        policies["oracle"] = oracle
        rows.append(stages.judge(run, "oracle", oracle, target, _oracle_steps(recipe.oracle)))
    return rows


def _oracle_steps(name: str) -> int:
    """Target steps that an oracle was trained with, from the recipe of the same name, else 0."""
    return load_recipe(name)[0].train.steps if (RECIPES / f"{name}.yaml").is_file() else 0
