"""The figures of a card: the evaluations that it names, made here and now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contract.errors import UnknownNameError
from pipeline.evaluation.cell import domain_digest
from pipeline.evaluation.figures import figures
from pipeline.progress import counter, progress
from pipeline.run_directory import source_commit
from pipeline.zoo.card import Interval, Measured
from policies.evaluation import check_evaluable, evaluate
from policies.runtime import Policy
from sim.domains.domain import Domain
from sim.domains.reader import LIBRARY, load_domain


def shipped_domain(name: str) -> Domain:
    """A domain of the library: what a card says has to be there wherever the policy is."""
    shipped = {path.stem for path in LIBRARY.glob("*.yaml")}
    if name not in shipped:
        raise UnknownNameError("shipped domain", name, shipped)
    return load_domain(LIBRARY / f"{name}.yaml")


def measure(policy: Policy, label: str, domains: Sequence[str], episodes: int, seed: int) -> list[Measured]:
    """Evaluate in each domain, after all of them have been found fit for it.

    Raises:
        ContractError, DomainError: as `evaluate`.
    """
    loaded = [shipped_domain(name) for name in domains]
    for domain in loaded:
        check_evaluable(policy, domain)
    return [_measure(policy, label, domain, episodes, seed) for domain in loaded]


def _measure(policy: Policy, label: str, domain: Domain, episodes: int, seed: int) -> Measured:
    name = Path(domain.source).stem
    with progress(f"{label} in {name}", episodes) as report:
        result = evaluate(policy, domain, episodes, seed, counter(lambda done: report(done, {})))
    return Measured(
        domain=name,
        domain_digest=domain_digest(domain),
        episodes=episodes,
        seed=seed,
        commit=source_commit(),
        figures={f.name: Interval(mean=f.mean, low=f.low, high=f.high) for f in figures(result)},
    )
