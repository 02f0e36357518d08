"""Put a trained policy on the shelf: the file, its card with fresh figures, a picture, the page anew."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from contract.errors import TerrafirmaError
from pipeline.rollouts import strip
from pipeline.zoo.card import Card, Training, brief
from pipeline.zoo.measure import measure, shipped_domain
from pipeline.zoo.origin import find_policy, origin
from pipeline.zoo.page import page
from pipeline.zoo.shelf import Shelf
from policies.runtime import Policy
from sim.robots import ROBOTS, load_robot
from sim.tasks import make_task

MAX_BYTES = 1_000_000
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MOMENTS = (0.0, 0.3, 1.0)  # s into the pictured command, before its end
PICTURE_SEED = 10_003  # of an episode in which there is much to do, for a walker as for an arm
JPEG_QUALITY = 85


def add(
    shelf: Shelf,
    source: str,
    name: str,
    domains: Sequence[str],
    episodes: int = 100,
    seed: int = 10_000,
    remark: str = "",
    replace: bool = False,
) -> Card:
    """Measure a policy in every domain, then write policy, card, picture and page.

    Args:
        source: run directory, ONNX file, or the name of a shipped policy to be measured anew.

    Raises:
        TerrafirmaError: it does not pass `check`, is too large, or the name is taken or none.
        UnknownNameError: a domain that is not shipped.
    """
    policy = Policy(find_policy(source))
    _check(shelf, policy, name, replace)
    card = Card(
        name=name,
        remark=remark,
        robot=policy.contract.identity.robot,
        task=policy.contract.identity.task,
        method=policy.contract.identity.method,
        sha256=policy.sha256,
        bytes=policy.path.stat().st_size,
        training=_training(shelf, policy),
        contract=brief(policy.contract),
        measured=tuple(measure(policy, name, domains, episodes, seed)),
    )
    _draw(policy, domains[0], shelf.picture(name))
    shelf.folder.mkdir(parents=True, exist_ok=True)
    _write(shelf.file(name), policy.path.read_bytes())
    _write(shelf.card_file(name), (card.model_dump_json(indent=2) + "\n").encode())
    write_page(shelf)
    return card


def write_page(shelf: Shelf) -> Path:
    """The page from the cards that are there; returns its path."""
    _write(shelf.page, page(shelf.cards()).encode())
    return shelf.page


def _check(shelf: Shelf, policy: Policy, name: str, replace: bool) -> None:
    """Refuse what may not be shipped."""
    size, robot = policy.path.stat().st_size, policy.contract.identity.robot
    if not NAME.fullmatch(name):
        raise TerrafirmaError(f"--name {name!r}: use small letters, digits, single hyphens.")
    if shelf.file(name).exists() and not replace:
        raise TerrafirmaError(f"--name {name!r} is taken; choose another one, or use --replace.")
    if size > MAX_BYTES:
        raise TerrafirmaError(f"{policy.path}: {size} bytes is more than a shipped policy's {MAX_BYTES}.")
    if robot not in ROBOTS:
        raise TerrafirmaError(f"{policy.path}: robot {robot!r} is not shipped, so nobody else could run it.")
    if not shelf.docs.is_dir():
        raise TerrafirmaError(f"{shelf.docs}: no such folder; policies are shipped from a checkout.")


def _training(shelf: Shelf, policy: Policy) -> Training:
    """Where it came from; a shipped policy that is measured anew keeps what its card says."""
    name = policy.path.stem
    if policy.path == shelf.file(name) and shelf.card_file(name).is_file():
        card = shelf.card(name)
        if card.sha256 == policy.sha256:
            return card.training
    return origin(policy)


def _draw(policy: Policy, domain: str, path: Path) -> None:
    """A strip over one command: its start, the motion, and just before its end."""
    identity = policy.contract.identity
    task = make_task(identity.task, load_robot(identity.robot))
    picture = strip(policy, shipped_domain(domain), (*MOMENTS, task.command_seconds - 0.1), PICTURE_SEED)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    picture.save(temporary, quality=JPEG_QUALITY, optimize=True)
    temporary.replace(path)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)
