"""The HTML report of a run, gathered from its directory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pipeline.evaluation.figures import MATRIX, SWEEP
from pipeline.pictures.canvas import description
from pipeline.progress import progress
from pipeline.report import (
    Diagnostic,
    GapParameter,
    LearningCurve,
    ReportData,
    Stage,
    SummaryRow,
    Video,
    write_report,
)
from pipeline.rollouts import film
from pipeline.run_directory import RunDirectory
from pipeline.stages import Row
from policies.runtime import Policy
from policies.train import CURVE
from sim.domains.domain import Domain
from sim.domains.parameters import PARAMETERS
from sim.domains.reader import load_domain
from sim.robots import load_robot

FILM_SECONDS = 9.0


def write_run_report(run: RunDirectory, rows: list[Row], policies: dict[str, Policy]) -> Path:
    """Write report.html into the run; returns its path."""
    recipe = run.recipe
    data = ReportData(
        title=recipe.name,
        rows=tuple(_summary_row(row) for row in rows),
        description=recipe.description + _stopped(run) + _deployed(run),
        curves=_training_curves(run),
        gap=_gap(run) if "darc" in policies else (),
        diagnostics=_diagnostics(run),
        videos=_films(run, policies),
        pictures=_pictures(run.path),
        stages=tuple(Stage(name, seconds) for name, seconds in run.state["stages"].items()),
        commands=_commands(run),
        recipe=run.text,
        commit=run.state["commit"],
        versions=tuple(run.state["versions"].items()),
    )
    path = run.path / "report.html"
    write_report(data, path)
    return path


def _summary_row(row: Row) -> SummaryRow:
    return SummaryRow(
        row.method,
        row.domain,
        row.return_mean,
        row.return_ci95,
        row.success_rate,
        row.success_ci95,
        row.episodes,
        row.target_steps,
        row.seconds,
    )


def _stopped(run: RunDirectory) -> str:
    """One sentence where training ended before its last step, being good enough."""
    wanted, train = run.recipe.train.stop_at, run.recipe.train
    lines = _curve(run.path / "source" / CURVE)
    if wanted is None or not lines or lines[-1]["steps"] >= train.steps:
        return ""
    bounds = [f"{name} ≤ {bound:g}" for name, bound in wanted.at_most.items()]
    bounds += [f"{name} ≥ {bound:g}" for name, bound in wanted.at_least.items()]
    return (
        f" Training ended after {lines[-1]['steps']:,} of {train.steps:,} steps: for {wanted.hold:,} steps "
        f"on end, recent episodes had {', '.join(bounds)}."
    )


def _deployed(run: RunDirectory) -> str:
    """One sentence on what happened on the robot itself, over ROS 2."""
    path = run.path / "deployed.json"
    if not path.is_file():
        return ""
    outcomes = json.loads(path.read_text())
    said = [f"{name} {o['successes']} of {o['commands']}" for name, o in outcomes.items()]
    return f" Deployed over ROS 2 on the emulated robot, targets reached: {', '.join(said)}."


def _curve(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def _series(lines: list[dict[str, float]], key: str, label: str, axis: str) -> LearningCurve:
    kept = [line for line in lines if key in line]
    return LearningCurve(label, [x["steps"] for x in kept], [x[key] for x in kept], key, axis)


def _training_curves(run: RunDirectory) -> tuple[LearningCurve, ...]:
    lines = _curve(run.path / "source" / CURVE)
    named = ("return", "success", "latent_error", "action_error")
    keys = [key for key in named if any(key in line for line in lines)]
    return tuple(_series(lines, key, "source training", "environment steps") for key in keys)


def _diagnostics(run: RunDirectory) -> tuple[Diagnostic, ...]:
    lines = _curve(run.path / "darc" / CURVE)
    if not lines:
        return ()
    axis = "further source steps"
    return (
        Diagnostic(
            "DARC: mean Δr of source transitions",
            (_series(lines, "delta_r", "mean Δr", axis),),
            "How much less likely the target's dynamics make what the policy does in the source. It "
            "moves towards 0 as the policy stops relying on what the target cannot do.",
        ),
        Diagnostic(
            "DARC: classifier loss",
            (
                _series(lines, "loss_sa", "from (s, a)", axis),
                _series(lines, "loss_sas", "from (s, a, s')", axis),
            ),
            "Cross entropy; log 2 ≈ 0.69 is guessing. Near 0 the classifiers are saturated.",
        ),
    )


def _gap(run: RunDirectory) -> tuple[GapParameter, ...]:
    """What the two domain files say; for a joint-wise parameter, each joint that is named."""
    robot = load_robot(run.recipe.robot)
    source, target = load_domain(run.recipe.source), load_domain(str(run.recipe.target))
    rng = np.random.default_rng(0)
    gap = [GapParameter("engine", source.engine, target.engine)]
    named = {(s.parameter.name, s.component) for domain in (source, target) for s in domain.settings}
    joints = tuple(joint.name for joint in robot.joints)
    for name, component in sorted(named, key=str):
        nominal = Domain(source.engine).draw(robot, rng)[name]
        index = PARAMETERS[name].components(joints).index(component) if component else 0
        default = float(np.atleast_1d(nominal)[index])
        before, after = (_stated(domain, name, component, default) for domain in (source, target))
        gap.append(GapParameter(f"{name} {component or ''}".strip(), before, after, PARAMETERS[name].unit))
    return tuple(gap)


def _stated(domain: Domain, name: str, component: str | None, nominal: float) -> str | float:
    for setting in domain.settings:
        if setting.parameter.name == name and setting.component in (component, None):
            low, high = setting.support(nominal)
            return low if low == high else f"{low:g} to {high:g}"
    return nominal


def _pictures(folder: Path) -> tuple[Video, ...]:
    """What `terrafirma evaluate` has drawn into the run: curves, then matrices."""
    pictures = []
    for path in (*sorted(folder.rglob(f"{SWEEP}-*.png")), *sorted(folder.rglob(f"{MATRIX}.png"))):
        try:
            pictures.append(Video(description(path), path.read_bytes()))
        except OSError:  # no picture after all; a report is worth more than its absence
            continue
    return tuple(pictures)


def _films(run: RunDirectory, policies: dict[str, Policy]) -> tuple[Video, ...]:
    recipe = run.recipe
    shots = [("source", recipe.source, "in the source")]
    if "darc" in policies:
        shots += [("source", str(recipe.target), "on the target, as trained")]
        shots += [("darc", str(recipe.target), "on the target, after DARC")]
    else:
        shots += [("source", name, f"in {name}") for name in recipe.evaluate_in]
    videos = []
    with progress("render", len(shots)) as report:
        for done, (name, domain_name, where) in enumerate(shots, start=1):
            domain = load_domain(domain_name)
            caption = f"{name} policy {where} (physics: {domain.engine}; drawn by TinyRenderer)"
            videos.append(Video(caption, film(policies[name], domain, FILM_SECONDS)))
            report(done, {})
    return tuple(videos)


def _commands(run: RunDirectory) -> tuple[str, ...]:
    recipe, out = run.recipe, run.path
    commands = [f"terrafirma run {recipe.name} --seed {recipe.seed} --out {out}"]
    if recipe.target:
        commands.append(
            f"terrafirma evaluate {out}/darc/policy.onnx --domain {recipe.target} "
            f"--episodes {recipe.evaluate.episodes}"
        )
    return tuple(commands)
