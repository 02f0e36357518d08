"""The `terrafirma` command: one function a subcommand.

Each imports what it needs when it runs, so that the robot's commands work where neither torch
nor a simulator is installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import Positional

from contract.errors import TerrafirmaError
from pipeline.collect_command import collect
from pipeline.evaluate_command import evaluate
from pipeline.film_command import film
from pipeline.node_process import become_node
from pipeline.places import launch_file, policy_file
from pipeline.progress import console
from pipeline.robot_command import robot
from pipeline.zoo_command import zoo

INVALID_INPUT, INTERRUPTED = 2, 130


def run(
    recipe: Positional[str],
    /,
    out: Path | None = None,
    seed: int | None = None,
    workers: str | None = None,
) -> int:
    """Do the whole loop of a recipe: train, deploy, record, adapt, deploy again, compare, report.

    An interrupted run goes on where it stopped when it is started again with the same --out.

    Args:
        recipe: recipe file, or the name of a shipped one.
        out: run directory; by default runs/<recipe>-<seed>.
        seed: instead of the recipe's.
        workers: processes that step environments, or ray, or ray:N for N actors.
    """
    from pipeline.loop import run_loop
    from pipeline.tables import show_rows

    directory = _run_directory(recipe, out, seed, workers)
    with _resumable(directory.path, f"the same command, with --out {directory.path}"):
        show_rows(run_loop(directory))
    return 0


def train(
    recipe: Positional[str],
    /,
    out: Path | None = None,
    seed: int | None = None,
    resume: bool = False,
    workers: str | None = None,
) -> int:
    """Train a recipe's policy, export it, evaluate it and write a report.

    Args:
        recipe: recipe file, or the name of a shipped one.
        out: run directory; by default runs/<recipe>-<seed>.
        seed: instead of the recipe's.
        resume: go on from the run's checkpoint.
        workers: processes that step environments, or ray, or ray:N for N actors.
    """
    from pipeline.loop import train_only
    from pipeline.tables import show_rows

    directory = _run_directory(recipe, out, seed, workers, resume)
    with _resumable(directory.path, f"the same command, with --out {directory.path} --resume"):
        show_rows(train_only(directory, resume))
    return 0


def check(
    policy: Positional[str],
    /,
    controllers: Path | None = None,
    as_json: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Verify a policy file: contract, digest, golden trace; and say what it expects of a robot.

    Args:
        policy: ONNX file, or the name of a shipped one.
        controllers: parameter file of ros2_control, whose joints and their order have to be the policy's.
        as_json: print one JSON object.
    """
    from policies.runtime import Policy

    loaded = Policy(policy_file(policy))
    contract = loaded.contract
    facts: dict[str, Any] = {
        "policy": contract.identity.policy,
        "robot": contract.identity.robot,
        "task": contract.identity.task,
        "method": contract.identity.method,
        "parent": contract.identity.parent,
        "control_rate": contract.control_rate,
        "joints": list(contract.joint_names),
        "action": contract.action.kind,
        "observation": {term.source: term.dimension * term.history for term in contract.observation},
        "command": dict(zip(contract.command.fields, contract.command.units, strict=True)),
        "recurrent_state": {state.name: list(state.shape) for state in contract.recurrent_state},
        "golden_ticks": len(loaded.golden.ticks),
        "golden_error": loaded.golden_error,
        "sha256": loaded.sha256,
    }
    if controllers is not None:
        from robot_bridge.controller_file import compare_controllers

        facts["controllers"] = compare_controllers(controllers, contract.joint_names)
    _print_facts(facts, as_json)
    return 0


def adapt(
    source_run: Positional[Path],
    /,
    samples: Path,
    method: str = "darc",
    out: Path | None = None,
    namespace: str | None = None,
) -> int:
    """Adapt a trained run's policy to a bag recorded on its target.

    Args:
        source_run: run directory of `terrafirma train` or `run`.
        samples: bag that `terrafirma collect` or a launch recorded.
        method: darc or fine-tune.
        out: folder for the adapted policy; by default <run>/<method>. It must not hold a policy yet.
        namespace: of the robot, e.g. /robot_1, where the bag holds several.
    """
    from pipeline.loop import adapt_only
    from pipeline.recipe import load_recipe
    from pipeline.run_directory import RunDirectory, read_record

    recipe_file = source_run / "recipe.yaml"
    if not recipe_file.is_file():
        raise TerrafirmaError(f"{source_run}: holds no recipe.yaml; give the directory of a training run.")
    seed = read_record(source_run / "run.json")["seed"]
    directory = RunDirectory(source_run, *load_recipe(recipe_file, seed))
    sys.stdout.write(f"{adapt_only(directory, samples, method, out, namespace).path}\n")
    return 0


def launch(file: Positional[str], /, *arguments: Positional[str]) -> int:
    """Start the processes of a ROS 2 launch file, also where ROS's own launch is not installed.

    Args:
        file: *.launch.xml file, or the name of a shipped one (emulated, deploy).
        arguments: launch arguments as name:=value.
    """
    from robot_bridge.launch_runner import run_launch_file

    given = _launch_arguments(arguments)
    if given.get("policy"):
        given["policy"] = str(policy_file(given["policy"]))
    return run_launch_file(launch_file(file), given)


def deploy(policy: Positional[str], /, output: Path, activate: bool = False, seconds: float = 0.0) -> int:
    """Run a policy against a robot that speaks ROS 2, and record what happens.

    Nothing moves until the policy is activated: `ros2 lifecycle set /policy activate`, or --activate.

    Args:
        policy: ONNX file, or the name of a shipped one.
        output: folder to create for the bag.
        activate: configure and activate the policy at once.
        seconds: stop after so long; 0 means never.
    """
    from robot_bridge.launch_runner import run_launch_file

    arguments = {
        "policy": str(policy_file(policy)),
        "output": str(output),
        "autostart": str(activate).lower(),
        "seconds": str(float(seconds)),
    }
    return run_launch_file(launch_file("deploy"), arguments)


def emulate(
    robot: Positional[str],
    /,
    domain: str = "nominal-mujoco",
    rate: float = 1.0,
    seed: int = 0,
    task: str = "",
) -> int:
    """Run an emulated robot as a ROS 2 node: joint states out, position commands in.

    Args:
        robot: name of a robot, or a robot file.
        domain: domain file, or the name of a shipped one.
        rate: simulated seconds per wall second; publishes /clock.
        seed: of the domain's draw.
        task: name of the task that says what stands around the robot; by default nothing.
    """
    from sim.domains.reader import load_domain
    from sim.robots import load_robot
    from sim.tasks import make_task

    spec = load_robot(robot)
    load_domain(domain).check(spec)
    if task:
        make_task(task, spec)
    parameters = {
        "autostart": "true",
        "robot": robot,
        "task": task,
        "domain": domain,
        "rate": str(float(rate)),
        "seed": str(seed),
        "publish_clock": str(rate != 1.0).lower(),
    }
    return become_node("emulated_robot_node", parameters)


def view(robot: Positional[str], /, port: int = 8080, frame_rate: float = 10.0) -> int:
    """Show a running robot in a browser on this computer, as its joint states say it stands.

    Args:
        robot: name of a robot, or a robot file.
        port: of the page, http://localhost:PORT.
        frame_rate: pictures a second, while somebody looks.
    """
    from sim.robots import load_robot

    load_robot(robot)
    parameters = {"robot": robot, "port": str(port), "frame_rate": str(float(frame_rate))}
    return become_node("emulated_viewer_node", parameters)


def bench(
    name: Positional[str],
    /,
    seconds: float | None = None,
    picture: Path | None = None,
    as_json: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Measure, against a floor or a peer in the same run.

    Args:
        name: sim (speed), engines (how they differ), policy (time of a step) or bridge (time that
            a robot waits for a policy's answer over ROS 2).
        seconds: bridge: of each graph at the rate that is judged, 60 by default.
        picture: bridge: file to draw a histogram of round trips to.
        as_json: print a list of rows.
    """
    from pipeline.benches.command import measure

    return measure(name, as_json, seconds=seconds, picture=picture)


def doctor() -> int:
    """Say what is installed, and what would not work without the rest."""
    from pipeline.doctor import examine

    return examine()


COMMANDS: dict[str, Callable[..., Any]] = {
    "run": run,
    "train": train,
    "check": check,
    "evaluate": evaluate,
    "adapt": adapt,
    "launch": launch,
    "deploy": deploy,
    "emulate": emulate,
    "view": view,
    "collect": collect,
    "film": film,
    "bench": bench,
    "robot": robot,
    "zoo": zoo,
    "doctor": doctor,
}


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 success, 2 invalid input, 130 interrupted."""
    try:
        return int(
            tyro.extras.subcommand_cli_from_dict(
                COMMANDS,
                prog="terrafirma",
                description="Robot policies from simulation to solid ground.",
                args=sys.argv[1:] if arguments is None else arguments,
            )
        )
    except TerrafirmaError as error:
        console.print(f"error: {error}", style="bold red", highlight=False, markup=False, soft_wrap=True)
        return INVALID_INPUT
    except OSError as error:
        if error.filename is None:
            raise
        console.print(
            f"error: {error.filename}: {error.strerror}.", style="bold red", markup=False, soft_wrap=True
        )
        return INVALID_INPUT
    except ModuleNotFoundError as error:
        console.print(
            f"error: this command needs {error.name!r}, which is not installed; "
            "`terrafirma doctor` says what belongs to what.",
            style="bold red",
            markup=False,
        )
        return INVALID_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED


def _run_directory(
    recipe: str, out: Path | None, seed: int | None, workers: str | None, resume: bool = False
) -> Any:
    from pipeline.loop import check_recipe
    from pipeline.recipe import load_recipe
    from pipeline.run_directory import RunDirectory
    from policies.train import CHECKPOINT

    loaded, text = load_recipe(recipe, seed, workers)
    check_recipe(loaded)  # before anything is created
    path = out or Path("runs") / f"{loaded.name}-{loaded.seed}"
    if resume and not (path / "source" / CHECKPOINT).is_file():
        raise TerrafirmaError(f"{path}: holds no checkpoint to go on from; leave --resume out to begin.")
    return RunDirectory(path, loaded, text)


@contextmanager
def _resumable(path: Path, how: str) -> Iterator[None]:
    """Say, of a run that is interrupted once it has a checkpoint, how it goes on."""
    from policies.train import CHECKPOINT

    try:
        yield
    except KeyboardInterrupt:
        if any(path.rglob(CHECKPOINT)):
            console.print(f"interrupted; it goes on with {how}", markup=False, soft_wrap=True)
        raise


def _print_facts(facts: dict[str, Any], as_json: bool) -> None:
    """On stdout: one JSON object, or a line a fact."""
    lines = [json.dumps(facts)] if as_json else [f"{name:14} {value}" for name, value in facts.items()]
    sys.stdout.write("\n".join(lines) + "\n")


def _launch_arguments(arguments: tuple[str, ...]) -> dict[str, str]:
    parsed = {}
    for argument in arguments:
        name, separator, value = argument.partition(":=")
        if not separator or not name:
            raise TerrafirmaError(f"launch argument {argument!r}: expected name:=value.")
        parsed[name] = value
    return parsed


if __name__ == "__main__":
    raise SystemExit(main())
