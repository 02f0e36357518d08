"""The arrows of the loop, each a function from artefacts on disk to one more artefact on disk."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from adaptation import darc, fine_tune
from adaptation.method import Adapted
from adaptation.source import SourceRun
from adaptation.target import LogTarget
from contract.errors import TerrafirmaError, UnknownNameError
from pipeline.places import launch_file
from pipeline.progress import Report, counter, progress
from pipeline.run_directory import RunDirectory, write_json
from pipeline.samples import load_samples
from policies.config import SacConfig
from policies.evaluation import Evaluation, evaluate
from policies.export import export
from policies.networks import deployed_policy
from policies.runtime import Policy
from policies.train import CHECKPOINT, CURVE, POLICY, golden_readings, train
from robot_bridge.environment import DOMAIN, own_domain
from robot_bridge.launch_runner import run_launch_file
from sim.domains.domain import Domain
from sim.domains.reader import load_domain
from sim.vector.spec import EnvironmentSpec

COST = "cost.json"


@dataclass(frozen=True)
class Row:
    """One line of summary.json: a policy judged in a domain."""

    method: str
    domain: str
    return_mean: float
    return_ci95: tuple[float, float]
    success_rate: float
    success_ci95: tuple[float, float]
    episodes: int
    target_steps: int
    seconds: float  # that the policy took to make
    metrics: dict[str, float]


def train_source(run: RunDirectory, resume: bool = False) -> Policy:
    """Train in the source domain; an exported policy that is there already is kept."""
    folder = run.path / "source"
    if (folder / POLICY).is_file():
        return Policy(folder / POLICY)
    recipe = run.recipe
    domain = load_domain(recipe.source)
    resume = resume or (folder / CHECKPOINT).is_file()
    with run.stage("train"), progress(f"train {recipe.name}", recipe.train.total_steps) as report:
        return train(
            recipe.train,
            EnvironmentSpec(recipe.robot, recipe.task, domain),
            run.identity(),
            folder,
            recipe.seed,
            report,
            resume,
        )


def record(run: RunDirectory, policy: Policy, name: str, steps: int, explore: bool, seed: int) -> Path:
    """Deploy `policy` over ROS 2 on the emulated target and record a bag of `steps` running ticks."""
    bag, recipe = run.path / name, run.recipe
    if bag.is_dir() and run.seconds(name):
        return bag
    shutil.rmtree(bag, ignore_errors=True)  # what an interrupted recording left
    arguments = {
        "policy": str(policy.path),
        "output": str(bag),
        "robot": recipe.robot,
        "task": recipe.task,
        "domain": str(recipe.target),
        "rate": str(recipe.collect.rate),
        # in lock-step the emulated robot waits for its policy, so a busy machine costs time, not data
        "lockstep": str(policy.contract.control_rate),
        "sensor_rate": str(policy.contract.control_rate),
        "seed": str(seed),
        "max_ticks": str(steps),
        "interval": str(recipe.collect.interval),
        "exploration_std": str(recipe.collect.exploration_std if explore else 0.0),
        "random_fraction": str(recipe.collect.random_fraction if explore else 0.0),
    }
    wall = steps / policy.contract.control_rate / recipe.collect.rate
    ros = own_domain(os.environ, os.getpid())
    label = f"{name}: {steps} steps over ROS 2 ({DOMAIN} {ros[DOMAIN]}), about {wall:.0f} s"
    with run.stage(name), progress(label, 1):
        code = run_launch_file(launch_file("emulated"), arguments, ros)
        if code:
            raise TerrafirmaError(
                f"the launch that records {name} failed with code {code}; its log is above."
            )
    return bag


def adapt(
    run: RunDirectory, source: Policy, bag: Path, method: str, folder: Path, namespace: str | None = None
) -> Policy:
    """Adapt the source policy to the recording with `method`, and export the result to `folder`."""
    if (folder / POLICY).is_file():
        return Policy(folder / POLICY)
    if method not in METHODS:
        raise UnknownNameError("adaptation method", method, METHODS)
    recipe = run.recipe
    if source.contract.recurrent_state:
        raise TerrafirmaError(
            f"{method} goes on training actors that see one transition at a time; {recipe.name} trained a "
            "recurrent one, whose action depends on the ticks before."
        )
    if not isinstance(recipe.train, SacConfig):
        raise TerrafirmaError(f"{method} adapts policies trained with sac; {recipe.name} uses ppo.")
    transitions, recorded = load_samples(bag, source.contract, namespace)
    target = LogTarget(transitions, recorded.running_ticks)
    spec = EnvironmentSpec(recipe.robot, recipe.task, load_domain(recipe.source))
    start = SourceRun(spec, recipe.train, run.path / "source" / CHECKPOINT)
    steps = recipe.darc.steps if method == "darc" else recipe.fine_tune.updates
    folder.mkdir(parents=True, exist_ok=True)
    curve = folder / CURVE
    curve.unlink(missing_ok=True)
    own = run.stage(method) if folder == run.path / method else nullcontext()
    with own, progress(f"adapt with {method}", steps) as bar:
        adapted = METHODS[method](run, start, target, _logging(curve, bar))
        network = deployed_policy(adapted.model, None, adapted.contract.action.scale)
        contract = replace(adapted.contract, identity=run.identity(method, source.sha256))
        write_json(folder / COST, {"target_steps": adapted.target_steps})
        return export(network, contract, golden_readings(spec, recipe.seed), folder / POLICY)


def target_steps(folder: Path) -> int:
    """Steps in the target that the policy in `folder` has cost, as its `Target` counted them."""
    return int(json.loads((folder / COST).read_text())["target_steps"])


def _fine_tune(run: RunDirectory, start: SourceRun, target: LogTarget, report: Report) -> Adapted:
    return fine_tune.adapt(run.recipe.fine_tune, start, target, run.recipe.seed, report)


def _darc(run: RunDirectory, start: SourceRun, target: LogTarget, report: Report) -> Adapted:
    return darc.adapt(run.recipe.darc, start, target, run.recipe.seed, report)


METHODS: dict[str, Callable[[RunDirectory, SourceRun, LogTarget, Report], Adapted]] = {
    "fine-tune": _fine_tune,
    "darc": _darc,
}


def _logging(path: Path, bar: Report) -> Report:
    """A report that also appends to a curve file."""

    def report(done: int, metrics: dict[str, float]) -> None:
        with path.open("a") as stream:
            stream.write(json.dumps({"steps": done} | metrics) + "\n")
        bar(done, metrics)

    return report


def judge(run: RunDirectory, method: str, policy: Policy, domain: Domain, target_steps: int) -> Row:
    """Evaluate a policy in a domain as one row of the summary."""
    episodes = run.recipe.evaluate.episodes
    with progress(f"evaluate {method} in {Path(domain.source).stem}", episodes) as report:
        result = judge_quietly(policy, domain, episodes, report)
    seconds = run.seconds("train" if method in ("source", "zero-shot") else method)
    return Row(
        method=method,
        domain=Path(domain.source).stem,
        return_mean=result.return_mean,
        return_ci95=result.return_ci95,
        success_rate=result.success_rate,
        success_ci95=result.success_ci95,
        episodes=result.episodes,
        target_steps=target_steps,
        seconds=seconds,
        metrics=result.metrics | {"fall_rate": result.fall_rate},
    )


def judge_quietly(
    policy: Policy, domain: Domain, episodes: int, report: Report, seed: int = 10_000
) -> Evaluation:
    """`evaluate` with a progress report."""
    return evaluate(policy, domain, episodes, seed, counter(lambda done: report(done, {})))


def write_summary(run: RunDirectory, rows: list[Row]) -> Path:
    """summary.json: the rows as plain objects."""
    path = run.path / "summary.json"
    write_json(path, [asdict(row) for row in rows])
    return path
