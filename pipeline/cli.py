"""The `terrafirma` command: one function a subcommand.

Each imports what it needs when it runs, so that the robot's commands work where neither torch
nor a simulator is installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import Positional

from contract.errors import TerrafirmaError
from pipeline.collect_command import collect
from pipeline.evaluate_command import evaluate
from pipeline.excite_command import excite
from pipeline.film_command import film
from pipeline.identify_command import identify
from pipeline.node_commands import deploy, emulate, launch, view
from pipeline.places import policy_file
from pipeline.progress import console
from pipeline.robot_command import robot
from pipeline.run_commands import adapt, run, train
from pipeline.zoo_command import zoo

INVALID_INPUT, INTERRUPTED = 2, 130


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


def bench(
    name: Positional[str],
    /,
    seconds: float | None = None,
    picture: Path | None = None,
    pair: str | None = None,
    source_env: str | None = None,
    target_env: str | None = None,
    methods: tuple[str, ...] | None = None,
    seeds: tuple[int, ...] | None = None,
    steps: int | None = None,
    results: Path | None = None,
    as_json: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Measure, against a floor or a peer in the same run.

    Args:
        name: sim (speed), engines (how they differ), policy (time of a step), bridge (time that a robot
            waits for a policy's answer over ROS 2), offdynamics (methods that close a dynamics gap) or
            darc (one of them, on the tasks of its paper).
        seconds: bridge: of each graph at the rate that is judged, 60 by default.
        picture: bridge: file to draw a histogram of round trips to.
        pair: offdynamics: source and target by name, such as broken-reacher; none: the whole matrix.
        source_env: offdynamics: instead of a pair, a Gymnasium id.
        target_env: offdynamics: the Gymnasium id of what the source_env is to be adapted to.
        methods: offdynamics: such as target source darc, the default for a pair; target is the yardstick.
        seeds: offdynamics, darc: learned at once, 0 1 2 by default (0 1 without a pair).
        steps: offdynamics, darc: in the source; by default the pair's own budget.
        results: offdynamics, darc: JSON lines of finished runs; those that it has are not played again.
        as_json: print a list of rows.
    """
    from pipeline.benches.command import measure

    options = {
        "seconds": seconds,
        "picture": picture,
        "pair": pair,
        "source_env": source_env,
        "target_env": target_env,
        "methods": methods,
        "seeds": seeds,
        "steps": steps,
        "results": results,
    }
    return measure(name, as_json, **options)


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
    "excite": excite,
    "identify": identify,
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


def _print_facts(facts: dict[str, Any], as_json: bool) -> None:
    """On stdout: one JSON object, or a line a fact."""
    lines = [json.dumps(facts)] if as_json else [f"{name:14} {value}" for name, value in facts.items()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
