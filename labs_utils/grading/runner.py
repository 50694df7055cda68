"""Grading one submission: its answers in the sandbox, the checks here.

Each exercise is graded first with the student's own version of the exercises before it. Where that loses points,
it is graded again with the references for them, in a new session in which none of them is graded: one mistake costs
once, and no reference is visible where it would be worth points.
"""

import contextlib
import threading
import zlib
from dataclasses import dataclass, field, replace

import numpy as np

from labs_utils.exercises import checking, pipe
from labs_utils.exercises.checking import Result
from labs_utils.exercises.student import ModelView, StudentError, TimeLimit
from labs_utils.exercises.travel import Taken
from labs_utils.grading.released import Released
from labs_utils.grading.sandbox import Sandbox, Session

LONGEST = 2000  # characters of a message
_AT_ONCE = 100  # pictures that a network is shown in one request


@dataclass(frozen=True)
class Job:
    """All that is needed to grade one submission anywhere; can be pickled.

    Attributes:
        released: the lab.
        answers: exercise name → source of the answer's cell.
        broken: exercise name → why its cell cannot be read.
        seed: of the inputs.
        seconds: how long the student's code may take in one exercise.
        sandbox: ``bwrap`` or ``none``.
        taken: exercise name → the answer with what travels with it, as read from a notebook.
    """

    released: Released
    answers: dict[str, str]
    broken: dict[str, str]
    seed: int
    seconds: float
    sandbox: str
    taken: dict[str, Taken] = field(default_factory=dict)

    def of(self, name: str) -> Taken:
        """The answer called `name` with what travels with it; without a notebook, the answer alone."""
        return self.taken.get(name) or Taken.alone(self.answers[name])


_this_thread = threading.local()  # each keeps one sandbox warm


def grade(job: Job) -> list[Result]:
    """One result for each exercise of the lab, in teaching order.

    Raises:
        SandboxError: the sandbox does not work; no fault of the submission.
    """
    _forget()
    grader = _Grader(job)
    own = grader.with_own_versions()
    results = dict(own)
    for name, result in own.items():
        needed = job.released.needs(name, job.of(name).text) if name in job.answers else []
        if result.points < result.maximum and needed:
            references = {other: Taken.alone(job.released.references[other]) for other in needed}
            again = grader.alone(name, references, pipe.REFERENCE)
            _forget()
            if again.points >= result.points:
                results[name] = again
    return [replace(result, messages=tuple(text[:LONGEST] for text in result.messages)) for result in results.values()]


def answers_of_network(job: Job, network: str, weights: list[np.ndarray], inputs: np.ndarray) -> np.ndarray | str:
    """What the network that a student's answer builds says with given weights, asked in the sandbox.

    Args:
        job: the submission.
        network: name of the exercise that builds it.
        weights: one array for each of its own.
        inputs: (n, …) float32.

    Returns:
        (n, k) finite numbers, or a sentence that says why there are none.

    Raises:
        SandboxError: the sandbox does not work; no fault of the submission.
    """
    if network not in job.answers:
        return f"there is no {network} in the notebook"
    _forget()
    grader = _Grader(job)
    for _ in range(2):
        try:
            return grader.answers_of_network(network, weights, inputs)
        except StudentError as error:
            return f"{network} stopped with {error.type}"
        except pipe.PipeError as error:
            if grader.alone_in_sandbox:
                return f"the network could not be asked: {error}"
            close()  # another submission may have caused it
    raise AssertionError("a second attempt is never in an inherited sandbox")


def close() -> None:
    """Ends the sandbox that this thread keeps warm."""
    sandbox = getattr(_this_thread, "sandbox", None)
    if sandbox is not None:
        sandbox.close()
    _this_thread.sandbox = None


def _forget() -> None:
    """Ends the sandbox unless it is sealed: somebody's answers, or references, have been in it."""
    sandbox = getattr(_this_thread, "sandbox", None)
    if sandbox is not None and not sandbox.sealed and _this_thread.wanted[1] != "none":
        close()


class _Grader:
    """Grades the answers of one job."""

    def __init__(self, job: Job):
        self.job, self.released = job, job.released
        self.checks = checking.load(job.released.lab)
        self.inherited = getattr(_this_thread, "sandbox", None)  # other submissions have been in it

    def with_own_versions(self) -> dict[str, Result]:
        """The result of each exercise, all in one session; an answer that ends it costs its own exercise only."""
        results: dict[str, Result] = {}
        waiting = list(self.released.points)
        survivors: list[str] = []
        while waiting:
            ended = None
            with self._sandbox().session() as session:
                try:
                    self._define(session, self._own(survivors), pipe.ANSWERS)
                except pipe.PipeError:
                    survivors = []
                    continue
                while waiting and not ended:
                    name = waiting.pop(0)
                    if name not in self.job.answers:
                        results[name] = self._absent(name)
                        continue
                    try:
                        results[name] = self._check(session, name)
                        survivors.append(name)
                    except pipe.PipeError as error:
                        ended = error
            if ended:
                results[name] = self._verdict(name, ended) or self.alone(name, self._own(survivors), pipe.ANSWERS)
        return results

    @property
    def alone_in_sandbox(self) -> bool:
        """Whether no other submission has been in the sandbox that is in use."""
        return _this_thread.sandbox is not self.inherited

    def answers_of_network(self, network: str, weights: list[np.ndarray], inputs: np.ndarray) -> np.ndarray | str:
        """As the function of that name, in one session; raises what the answer raises."""
        with self._sandbox().session() as session:
            session.line.seconds = self.job.seconds
            session.load(network, self.job.of(network), pipe.ANSWERS)
            model = session.function(network)()
            if not isinstance(model, ModelView):
                return f"{network} returns no network"
            wanted = [shape for _, shape in model.variables()]
            if wanted != [array.shape for array in weights]:
                return f"the weights do not fit the network that {network} builds"
            model.set_weights(weights)
            parts = [model.predict(inputs[k : k + _AT_ONCE]) for k in range(0, len(inputs), _AT_ONCE)]
        for start, part in zip(range(0, len(inputs), _AT_ONCE), parts, strict=True):
            fits = isinstance(part, np.ndarray) and part.dtype.kind == "f" and part.ndim == 2 and part.shape[1] == 2
            if not fits or len(part) != len(inputs[start : start + _AT_ONCE]) or not np.isfinite(part).all():
                return "the network does not give two finite numbers for each picture"
        return np.concatenate(parts).astype(np.float32)

    def _own(self, names: list[str]) -> dict[str, Taken]:
        return {name: self.job.of(name) for name in names}

    def alone(self, name: str, before: dict[str, Taken], file: str) -> Result:
        """The result of one exercise in a session of its own, in which those `before` it have been defined."""
        for _ in range(2):
            try:
                with self._sandbox().session() as session:
                    self._define(session, before, file)
                    return self._check(session, name)
            except pipe.PipeError as error:
                if verdict := self._verdict(name, error):
                    return verdict
        raise AssertionError("a second attempt is never in an inherited sandbox")

    def _verdict(self, name: str, error: pipe.PipeError) -> Result | None:
        """What `error` means for an answer; None if another submission may have caused it: then try again."""
        if isinstance(error, TimeLimit):
            return self._zero(name, "stopped", checking.too_slow(self.job.seconds))
        if self.alone_in_sandbox:
            return self._zero(name, "stopped", f"It could not be graded: {error}.")
        close()
        return None

    def _define(self, session: Session, before: dict[str, Taken], file: str) -> None:
        session.line.seconds = self.job.seconds
        for name, taken in before.items():
            with contextlib.suppress(StudentError):  # told where this answer itself is checked
                session.load(name, taken, file)

    def _check(self, session: Session, name: str) -> Result:
        result = self._asked(session, name)
        session.seed(0)  # a reply too many is found now, and is this answer's fault, not the next one's
        return result

    def _asked(self, session: Session, name: str) -> Result:
        session.line.seconds = self.job.seconds
        try:
            session.seed(zlib.crc32(name.encode()))  # not the job's: that one foretells the hidden inputs
            session.load(name, self.job.of(name), pipe.ANSWERS)
        except StudentError as error:
            return checking.undefined(name, error, self.released.points[name])
        student = session.function(name, self.job.of(name).lost)
        return self.checks.run(name, student, self.released.points[name], self.job.seed)

    def _absent(self, name: str) -> Result:
        if name in self.job.broken:
            return self._zero(name, "broken", f"Its cell cannot be read: {self.job.broken[name]}.")
        return self._zero(name, "missing", "There is no cell with this exercise in the notebook.")

    def _zero(self, name: str, status: str, message: str) -> Result:
        return Result(name, status, 0, self.released.points[name], (f"  {message}",))

    def _sandbox(self) -> Sandbox:
        wanted = (self.released.imports, self.job.sandbox)
        sandbox = getattr(_this_thread, "sandbox", None)
        if sandbox is None or not sandbox.alive or _this_thread.wanted != wanted:
            close()
            _this_thread.sandbox, _this_thread.wanted = Sandbox(*wanted), wanted
        return _this_thread.sandbox
