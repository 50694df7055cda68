"""Processes that grade: one that dies, hangs or is killed for memory costs its own submission at most.

Each of them has one job at a time, so it is always known whose job it died of. That job is tried once more in a new
process; if this dies too, the job fails with `WorkerDied`, and all others go on.
"""

import contextlib
import multiprocessing
import pickle  # of results between two processes of the grader; no answer ever runs in either
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

MEMORY = 8 * 2**30  # bytes of addresses; a grader with TensorFlow needs half of it
ATTEMPTS = 2


class WorkerDied(Exception):
    """The process that worked on a job ended, or was ended after its time, on each attempt."""


class Workers(Executor):
    """Runs functions in processes of their own, as `concurrent.futures.ProcessPoolExecutor` does, and outlives them.

    Args:
        processes: how many work at once.
        seconds: tells how long a job, given by its arguments, may take in all; for ever by default.
    """

    def __init__(self, processes: int, seconds: Callable[..., float | None] = lambda *arguments: None):
        self._threads = ThreadPoolExecutor(processes)  # each waits for a process of its own
        self._this_thread = threading.local()
        self._workers: list[_Worker] = []
        self._seconds, self._stopped = seconds, False

    def submit(self, function: Callable, /, *arguments: Any) -> Future:
        """Schedules ``function(*arguments)``; both must be picklable, and so must be what comes back."""
        return self._threads.submit(self._run, function, arguments)

    def _run(self, function: Callable, arguments: tuple) -> Any:
        reason = ""
        for _ in range(ATTEMPTS):
            if self._stopped:
                raise WorkerDied("grading was stopped")
            try:
                return self._worker().run(function, arguments, self._seconds(*arguments))
            except WorkerDied as death:
                reason = str(death)
        raise WorkerDied(f"{reason}, {ATTEMPTS} times, each time on this submission")

    def _worker(self) -> "_Worker":
        worker = getattr(self._this_thread, "worker", None)
        if worker is None or not worker.alive:
            worker = self._this_thread.worker = _Worker()
            self._workers = [one for one in self._workers if one.alive] + [worker]
        return worker

    def stop(self) -> None:
        """Ends all processes at once; jobs at work fail."""
        self._stopped = True
        for worker in self._workers:
            worker.end()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the processes once all jobs are done, or those at work if `cancel_futures`."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            self.stop()


class _Worker:
    """One process, and the line to it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # fresh: the parent has threads that draw a progress bar
        self._line, line = context.Pipe()
        self._process = context.Process(target=_serve, args=(line,), daemon=True)
        self._process.start()
        line.close()

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def run(self, function: Callable, arguments: tuple, seconds: float | None) -> Any:
        try:
            self._line.send((function, arguments))
            if not self._line.poll(seconds):
                self.end()
                raise WorkerDied(f"the grader's process took longer than {seconds:g} s")
            value, error = pickle.loads(self._line.recv_bytes())
        except (EOFError, OSError) as ended:
            self.end()
            raise WorkerDied(f"the grader's process ended (exit status {self._process.exitcode})") from ended
        if error is not None:
            raise error
        return value

    def end(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(line: Connection) -> None:
    """What a process does: one job after another, until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent alone answers it
    _limit_memory()
    with contextlib.suppress(EOFError, OSError):
        while True:
            function, arguments = line.recv()
            value, failure = None, None
            try:
                value = function(*arguments)
            except Exception as error:  # the parent raises it again
                failure = error
            try:
                message = pickle.dumps((value, failure))
                pickle.loads(message)
            except Exception as error:  # some exceptions can be pickled and not be read again
                cause = failure or error
                message = pickle.dumps((None, RuntimeError(f"{type(cause).__name__}: {cause}"[:500])))
            line.send_bytes(message)


def _limit_memory() -> None:
    """A job that wants more gets a MemoryError, which its check reports, instead of taking the machine's memory."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most), most))
