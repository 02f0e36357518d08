"""`terrafirma evaluate`: its arguments, and which of them go together."""

from __future__ import annotations

import tyro
from tyro.conf import Positional

from contract.errors import TerrafirmaError
from pipeline.evaluation.options import Options


def evaluate(
    policy: Positional[str],
    /,
    *others: Positional[str],
    domain: str = "nominal",
    sweep: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    trained_in: str = "",
    matrix: bool = False,
    domains: tuple[str, ...] = (),
    work: tyro.conf.OmitArgPrefixes[Options] = Options(),  # noqa: B008, frozen
) -> int:
    """Run whole episodes of a policy: success, falls, return and metrics, with 95 % intervals.

    With --sweep, curves over a parameter of the domain; with --matrix, several policies in several
    domains. Both write rows and a picture, and go on where they were interrupted.

    Args:
        policy: ONNX file, or the name of a shipped one.
        others: further policies, with --matrix.
        domain: domain file, or the name of a shipped one.
        sweep: NAME=LOW:HIGH:COUNT or NAME/JOINT=LOW:HIGH:COUNT, in the parameter's unit; may be repeated.
        trained_in: domain that the policy was trained in, where its run or recipe does not say.
        matrix: evaluate every policy in every one of --domains.
        domains: domains of the matrix.
        work: how much, and where the results go.
    """
    work.check()
    _check_matrix(matrix, others, domain, domains, sweep)
    if trained_in and not sweep:
        raise TerrafirmaError("--trained-in is for --sweep.")
    if (work.out or work.fresh) and not (sweep or matrix):
        raise TerrafirmaError("--out and --fresh are for --sweep and --matrix.")
    from pipeline.evaluation import command

    if matrix:
        command.evaluate_matrix((policy, *others), domains, work)
    elif sweep:
        command.evaluate_sweeps(policy, domain, sweep, trained_in, work)
    else:
        command.evaluate_once(policy, domain, work)
    return 0


def _check_matrix(
    matrix: bool, others: tuple[str, ...], domain: str, domains: tuple[str, ...], sweep: tuple[str, ...]
) -> None:
    """Refuse arguments that only a matrix has, or that it would ignore."""
    wrong = (
        (bool(others) and not matrix, f"{others and others[0]!r}: several policies need --matrix."),
        (bool(domains) and not matrix, "--domains is for --matrix; one evaluation takes --domain."),
        (matrix and not domains, "--matrix needs --domains DOMAIN ..., its columns."),
        (matrix and domain != "nominal", "--domain is for one evaluation; --matrix takes --domains."),
        (matrix and bool(sweep), "--sweep and --matrix are two commands; give one of them."),
    )
    for applies, message in wrong:
        if applies:
            raise TerrafirmaError(message)
