"""Whether a card says the truth: its facts against the file, its figures against new episodes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.evaluation.cell import domain_digest
from pipeline.zoo.card import Card, Interval, Measured, brief
from pipeline.zoo.measure import measure, shipped_domain
from pipeline.zoo.shelf import Shelf
from policies.runtime import Policy

SAME = 1e-6  # relative: figures of equal episodes on equal machines agree to their last bits
NEVER = Interval(mean=math.nan, low=math.nan, high=math.nan)  # a figure that there is no more


@dataclass(frozen=True)
class Compared:
    """One figure of a card beside a new measurement of it."""

    policy: str
    domain: str
    figure: str
    card: Interval
    measured: Interval
    agrees: bool


def verify(
    shelf: Shelf, name: str, episodes: int | None = None, seed: int | None = None
) -> tuple[list[str], list[Compared]]:
    """Contradictions between a card and its file, and every figure of the card measured again.

    Args:
        episodes: of each evaluation, in place of the card's.
        seed: of the first episode, in place of the card's.
    """
    card, policy = shelf.card(name), shelf.policy(name)
    rows: list[Compared] = []
    for said in card.measured:
        count, first = episodes or said.episodes, said.seed if seed is None else seed
        (now,) = measure(policy, name, [said.domain], count, first)
        rows += _compare(name, said, now)
    return list(contradictions(card, policy)), rows


def contradictions(card: Card, policy: Policy) -> Iterator[str]:
    """What the card says of the file and of its domains that is not so."""
    identity = policy.contract.identity
    facts: dict[str, tuple[object, object]] = {
        "name": (card.name, policy.path.stem),
        "sha256": (card.sha256, policy.sha256),
        "bytes": (card.bytes, policy.path.stat().st_size),
        "robot": (card.robot, identity.robot),
        "task": (card.task, identity.task),
        "method": (card.method, identity.method),
        "training.recipe_hash": (card.training.recipe_hash, identity.recipe_hash),
        "training.commit": (card.training.commit, identity.source_commit),
        "training.parent": (card.training.parent, identity.parent),
        "contract": (card.contract, brief(policy.contract)),
    }
    for said in card.measured:
        digest = domain_digest(shipped_domain(said.domain))
        facts[f"measured: domain {said.domain}"] = (said.domain_digest, digest)
    for fact, (said_value, real) in facts.items():
        if said_value != real:
            yield f"{policy.path.stem}: {fact}: the card says {said_value}, it is {real}."


def _compare(name: str, said: Measured, now: Measured) -> list[Compared]:
    same = (said.episodes, said.seed) == (now.episodes, now.seed)
    rows = []
    for figure, value in said.figures.items():
        again = now.figures.get(figure, NEVER)
        rows.append(Compared(name, said.domain, figure, value, again, agree(value, again, same)))
    return rows


def agree(card: Interval, measured: Interval, same_episodes: bool) -> bool:
    """Whether two measurements of a figure may be of one policy.

    Of the same episodes: equal, or the card's mean within the new interval. Other episodes are
    another sample, whose mean is as uncertain as the card's: the intervals have to overlap.
    """
    if same_episodes:
        equal = math.isclose(card.mean, measured.mean, rel_tol=SAME, abs_tol=SAME)
        return equal or measured.low <= card.mean <= measured.high
    return card.low <= measured.high and measured.low <= card.high
