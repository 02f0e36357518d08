"""Measure many cells: those that are not known yet, in this process or in several."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from contract.errors import TerrafirmaError
from pipeline.evaluation import process
from pipeline.evaluation.cell import Cell, measure_cell
from pipeline.evaluation.store import Store
from pipeline.progress import console, counter, progress
from policies.evaluation import Evaluation

POLL = 0.5  # s between two looks at what the workers have done

Report = Callable[[int], None]


def measure(
    title: str, cells: Sequence[Cell], store: Store, workers: int = 1, fresh: bool = False
) -> list[Evaluation]:
    """The evaluation of every cell, in order; each is stored as soon as it is made.

    Args:
        workers: processes; the figures are the same with any number.
        fresh: measure again what the store has.

    Raises:
        TerrafirmaError: as `evaluate`, or a worker process died.
    """
    wanted = {cell.key: cell for cell in cells if fresh or store.get(cell) is None}
    if known := len({cell.key for cell in cells}) - len(wanted):
        console.print(f"{known} of {len(cells)} measured before; --fresh measures them again.")
    missing = list(wanted.values())
    if missing:
        with progress(title, sum(cell.episodes for cell in missing)) as bar:
            way = _alone if workers == 1 or len(missing) == 1 else _together
            way(missing, store, lambda done: bar(done, {}), min(workers, len(missing)))
    return [_stored(store, cell) for cell in cells]


def _stored(store: Store, cell: Cell) -> Evaluation:
    result = store.get(cell)
    assert result is not None
    return replace(result, policy=str(cell.policy), domain=cell.domain.source)  # where they are now


def _alone(cells: Sequence[Cell], store: Store, report: Report, _: int) -> None:
    count = counter(report)
    for cell in cells:
        store.keep(cell, measure_cell(cell, count))


def _together(cells: Sequence[Cell], store: Store, report: Report, workers: int) -> None:
    context = multiprocessing.get_context("spawn")
    episodes = context.Value("i", 0)
    pool = ProcessPoolExecutor(workers, context, process.prepare, (episodes,))
    try:
        pending: dict[Future[Evaluation | str], Cell] = {pool.submit(_work, cell): cell for cell in cells}
        while pending:
            finished, _ = wait(pending, POLL, FIRST_COMPLETED)
            for future in finished:
                _keep(store, pending.pop(future), future)
            report(episodes.value)
    finally:
        pool.shutdown(cancel_futures=True)


def _keep(store: Store, cell: Cell, future: Future[Evaluation | str]) -> None:
    try:
        result = future.result()
    except BrokenProcessPool as error:
        raise TerrafirmaError(
            f"a worker process died, perhaps evaluating {cell.policy} in {cell.domain.source}; what was "
            "finished is kept, and the same command goes on from there."
        ) from error
    if isinstance(result, str):
        raise TerrafirmaError(result)
    store.keep(cell, result)


def _work(cell: Cell) -> Evaluation | str:
    """In a worker: the evaluation, or the text of what a user did wrong (not all errors can be sent)."""
    try:
        return measure_cell(cell, process.count_episode)
    except TerrafirmaError as error:
        return str(error)
