"""The process that learns while a robot works: `python -m pipeline.online_learner RUN OUT`.

It reads requests from its standard input, a JSON object a line, and answers each with lines of its own, the
last of which says `"kind": "same"`, `"changed"`, `"nothing"`, `"candidate"` or `"error"`:

    {"number": 3, "log": "log.npz", "incumbent": "policy.onnx", "candidate": null,
     "search": true, "steps": 8000}

Without `search` it says whether what was found last still explains the log (rate, command, position, velocity
and starts of a `JointLog`). With it, it finds how strong the motors are, judges the incumbent with such
motors, and, if that is worth less than it was in the source, trains on from the run's checkpoint. A candidate
that the request names is judged as it is; all in the same episodes.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO
from zipfile import BadZipFile

import numpy as np
import tyro
import yaml
from tyro.conf import Positional

from adaptation.identification.motors import motor_strengths, strengths, weakened
from adaptation.identification.pace import Estimate, Replays
from adaptation.identification.replay import JointLog
from adaptation.retrain import retrain
from contract.errors import TerrafirmaError
from pipeline.recipe import load_recipe
from pipeline.run_directory import RunDirectory, read_record
from policies.evaluation import run_episodes
from policies.runtime import Policy
from policies.train import CHECKPOINT, POLICY
from sim.domains.domain import Domain
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.vector.spec import EnvironmentSpec

EPISODES, SEED = 30, 20_000
CHANGED = 2.0  # times the error that was left by what was found
LEAST_ERROR = 2e-3  # rad, that a change makes; a robot at rest is replayed without any
WORTH = 0.95  # of its return in the source: an incumbent that keeps so much needs no successor
NICE = 10  # the robot's own processes come first

Answer = dict[str, Any]


class OnlineLearner:
    """Answers requests for one training run.

    Args:
        out: folder for what is found and for candidates, each in one of its own.
    """

    def __init__(self, run: RunDirectory, out: Path) -> None:
        self._run, self._out, recipe = run, out, run.recipe
        self._source = load_domain(recipe.source)
        self._robot = load_robot(recipe.robot)
        self._known: dict[tuple[str, str], float] = {}  # returns by policy and domain
        self._found: Estimate | None = None

    def answer(self, request: Answer) -> Iterator[Answer]:
        """Everything there is to say to a request."""
        number, incumbent = int(request["number"]), Policy(Path(request["incumbent"]))
        log = read_log(Path(request["log"]))
        if not request["search"] and request.get("candidate") is None:
            yield {"kind": "same" if self._explains(log) else "changed", "number": number}
            return
        if request["search"] or self._found is None:
            self._found = motor_strengths(self._robot, self._source, log, number, lambda *_: None)
        found = strengths(self._found)
        domain = weakened(self._source, self._robot, found)
        folder = self._out / f"candidate-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "found.yaml").write_text(yaml.safe_dump(found, sort_keys=False))
        healthy, now = self._worth(incumbent, self._source), self._worth(incumbent, domain)
        facts = {"number": number, "strengths": found, "incumbent_return": now, "source_return": healthy}
        yield {"kind": "found", **facts}
        given = request.get("candidate")
        if given is None and now >= healthy - (1.0 - WORTH) * abs(healthy):
            yield {"kind": "nothing", **facts}
            return
        candidate = Policy(Path(given)) if given else self._learn(request, domain, folder)
        yield {
            "kind": "candidate",
            "path": str(candidate.path),
            "candidate_return": self._worth(candidate, domain),
            **facts,
        }

    def _explains(self, log: JointLog) -> bool:
        """Whether the robot of this log is the one that was found."""
        if self._found is None:
            return False
        replays = Replays(self._robot, self._found.unknowns)
        error = replays.error(self._found.quantiles, log)
        replays.close()
        return error <= max(LEAST_ERROR, CHANGED * self._found.error)

    def _learn(self, request: Answer, domain: Domain, folder: Path) -> Policy:
        recipe, steps = self._run.recipe, int(request["steps"])
        spec = EnvironmentSpec(recipe.robot, recipe.task, domain)
        source = self._run.path / "source"
        # whose weights it begins with, and not whom it succeeds
        identity = self._run.identity("fine-tune-online", Policy(source / POLICY).sha256)
        start = source / CHECKPOINT
        return retrain(
            *(recipe.train, spec, start, steps, identity, folder, recipe.seed + int(request["number"])),
            lambda *_: None,
        )

    def _worth(self, policy: Policy, domain: Domain) -> float:
        """Mean return in the same episodes for all."""
        key = policy.sha256, repr(domain.settings)
        if key not in self._known:
            episodes = run_episodes(policy, domain, range(SEED, SEED + EPISODES))
            self._known[key] = float(np.mean([episode.episode_return for episode in episodes]))
        return self._known[key]


def read_log(path: Path) -> JointLog:
    """The arrays of a `JointLog` in a file of numpy's; raises TerrafirmaError where they are none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            command, position, velocity = (file[name] for name in ("command", "position", "velocity"))
            starts = tuple(file["starts"].tolist())
            return JointLog(float(file["rate"]), command, position, velocity, starts)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise TerrafirmaError(f"{path}: no log of joints ({error}).") from error


def serve(learner: OnlineLearner, requests: TextIO, answers: TextIO) -> None:
    """Until there are no more requests."""
    for line in requests:
        try:
            for said in learner.answer(json.loads(line)):
                print(json.dumps(said), file=answers, flush=True)
        except Exception as error:  # the robot goes on, and may be of use for the next request
            sys.stderr.write(traceback.format_exc())
            print(json.dumps({"kind": "error", "message": repr(error)}), file=answers, flush=True)


def main(run: Positional[Path], out: Positional[Path], /) -> None:
    """Learn for the robot that runs the policy of `run`; see the module."""
    os.nice(NICE)
    seed = read_record(run / "run.json")["seed"]
    directory = RunDirectory(run, *load_recipe(run / "recipe.yaml", seed))
    # whatever a library prints, in C or in a worker, must not come between answers
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        serve(OnlineLearner(directory, out), sys.stdin, answers)


if __name__ == "__main__":
    tyro.cli(main)
