"""Who solves the parts of a plan: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from typing import Any

from quarterhour.data.faults import FaultLog, InputFaults
from quarterhour.data.study import STUDY_FILE
from quarterhour.optimize.part_work import processes

from .study_run import StudyRun

#: Seconds a scheduler has to answer.
_ANSWER = "5s"

#: How often a part is given to another worker when its own has died.
_RETRIES = 3


@contextmanager
def part_workers(run: StudyRun) -> Iterator[Executor | None]:
    """Yield what solves the parts of a study's plan side by side; None: one after the other.

    With a scheduler they go to its cluster, else to ``plan.threads`` processes.

    Raises
    ------
    InputFaults
        If the scheduler cannot be used, or processes die while they work.
    """
    if run.scheduler is not None:
        with _cluster(run.scheduler) as executor:
            yield executor
    elif run.config.plan.threads > 1:
        try:
            with processes(run.config.plan.threads) as executor:
                yield executor
        except BrokenExecutor as error:
            given, said = run.config.plan.threads, str(error)
            log = FaultLog()
            log.add(
                "part_process_died", file=STUDY_FILE, column="plan.threads", value=given, said=said
            )
            raise InputFaults(log.faults) from error
    else:
        yield None


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        import distributed  # noqa: PLC0415 - optional

        dask: Any = distributed
        client = dask.Client(address, timeout=_ANSWER, set_as_default=False)
    except (ImportError, OSError, ValueError) as error:
        raise _unusable(address, error) from error
    lost = (dask.CancelledError, dask.KilledWorker, dask.comm.CommClosedError)
    try:
        with client:
            yield client.get_executor(pure=False, retries=_RETRIES)
    except lost as error:
        raise _unusable(address, error) from error


def _unusable(address: str, error: Exception) -> InputFaults:
    log = FaultLog()
    log.add("scheduler_unusable", column="--scheduler", value=address, said=str(error))
    return InputFaults(log.faults)
