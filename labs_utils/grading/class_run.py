"""Grading a class: skip what is graded already, spread the rest over processes, keep the books."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from labs_utils import files
from labs_utils.errors import LabsError
from labs_utils.exercises import checking
from labs_utils.grading import anonymous, attempts, contest, gradebook, intake, questions, released, report, runner
from labs_utils.grading.gradebook import Record
from labs_utils.grading.submission import Submitted
from labs_utils.grading.workers import WorkerDied, Workers

ROOM = 20 * 2**20  # bytes free for a report


@dataclass(frozen=True)
class Settings:
    """How to grade.

    Attributes:
        out: the folder for gradebook, results and feedback; made if need be.
        sandbox: ``bwrap`` or ``none``, as `sandbox.choose` gives it.
        jobs: submissions graded at once.
        seed: of the inputs; by default that of the results in `out`, or a random one.
        seconds: how long a student's code may take in one exercise.
        rules: how to tell whose a file is.
        exports: platforms and kinds of file, of `exports.KINDS`.
        which: what of all that was handed in is graded.
        anonymous: the report has codes for names.
        similar: list answers that are the same but for names and formatting.
    """

    out: Path
    sandbox: str
    jobs: int = 2
    seed: int | None = None
    seconds: float = checking.TIME_LIMIT
    rules: intake.Rules = intake.Rules()
    exports: tuple[str, ...] = ()
    which: attempts.Rules = attempts.Rules()
    anonymous: bool = False
    similar: bool = False


def grade_class(
    source: Path, settings: Settings, executor: Executor | None = None, progress: Progress | None = None
) -> list[Record]:
    """Grades every submission in `source` that is not in the results yet, and writes all reports.

    Args:
        source: folder or zip of submissions.
        settings: how.
        executor: any pool that is compatible with `concurrent.futures`; by default processes on this machine. Its
            workers need this course and, unless the sandbox is ``none``, bubblewrap.
        progress: shows how far it is; a new progress bar by default.

    Returns:
        One record for each student and lab, and one for each file that could not be graded.

    Raises:
        LabsError: there is nothing to grade, a lab is not complete, or the reference solution itself does not earn all
            points in this sandbox: then the fault is not the students', and nothing is graded.
    """
    handed_in = intake.collect(source, replace(settings.rules, report=settings.out))
    _expect_room(source, settings.out)
    path = settings.out / gradebook.RESULTS
    known = gradebook.read(path)
    seed = settings.seed if settings.seed is not None else known[-1].seed if known else secrets.randbelow(2**31)
    codes = anonymous.Codes(settings.out)
    marks = questions.read(settings.out / questions.OPEN)
    if settings.anonymous:
        codes.expect_only_codes(known, settings.out)
    else:
        known = [replace(record, student=codes.named(record.student)) for record in known]
        marks = {(codes.named(student), *rest): mark for (student, *rest), mark in marks.items()}
    entries = attempts.choose(attempts.told_apart(handed_in, [*codes.people(), *known]), settings.which, seed)
    people = settings.rules.people
    if settings.anonymous:
        entries, people = codes.hidden(entries, people)
    else:  # what could not be graded is known by its path
        back = {codes.file_of(entry.record) for entry in entries if entry.record.problem}
        known = [record for record in known if record.file not in back]
    questions.expect_students(marks, [*known, *(entry.record for entry in entries)], settings.out / questions.OPEN)
    records = [_so_far(entry.record, known, settings.which) for entry in entries]
    exercise = settings.which.exercise
    again = bool(exercise or settings.which.student)
    todo = [place for place, one in enumerate(records) if not one.problem and (again or not one.results)]
    only = [exercise if records[place].results else None for place in todo]  # what is new is graded whole
    jobs = [
        _job(entries[place].submitted, records[place].lab, seed, settings, one)
        for place, one in zip(todo, only, strict=True)
    ]
    with progress or _progress() as bar, _pool(executor, settings.jobs, len(todo)) as pool:
        task = bar.add_task("grading", total=len(todo))
        references = [_reference_job(lab, seed, settings) for lab in sorted({job.released.lab for job in jobs})]
        proofs = [pool.submit(runner.grade, job) for job in references]
        futures = {pool.submit(runner.grade, job): place for job, place in zip(jobs, todo, strict=True)}
        graded = set()
        try:
            _expect_full_points(references, proofs)
            for future in as_completed(futures):
                place = futures[future]
                records[place] = _finished(records[place], future, exercise)
                gradebook.append(path, records[place])
                graded.add(place)
                bar.advance(task)
        except BaseException:
            for future in futures:
                future.cancel()
            if executor is None:
                pool.stop()  # their answers may run for minutes yet
            raise
    outcome = _contest(entries, records, seed, settings, executor)
    newest = gradebook.newest(known)
    for place, record in enumerate(records):
        if place not in graded and newest.get(record.row) != record:  # it cannot be graded, or more is known about it
            gradebook.append(path, record)
    try:
        if outcome is not None:
            contest.write(settings.out, outcome)
        report.write(settings.out, gradebook.merged(known, records), people, settings.exports, marks, settings.similar)
    except OSError as error:
        raise LabsError(
            f"{error.filename or settings.out} cannot be written ({error.strerror}); nothing graded is lost: "
            "close the file or make room, then give the same command again"
        ) from error
    return records


def _contest(
    entries: list[attempts.Entry], records: list[Record], seed: int, settings: Settings, executor: Executor | None
) -> contest.Outcome | None:
    """The contest of the pictures that were handed in; None if there are none, or a part of the class is graded."""
    if settings.which.exercise or settings.which.student:
        return None
    for lab in sorted({record.lab for record in records if record.results}):
        rules = contest.of_lab(lab)
        of_lab = zip(entries, records, strict=True)
        theirs = [(one, record) for one, record in of_lab if record.lab == lab and one.handed_in.beside]
        if rules is not None and theirs:
            handed_in = [
                (record.student, dict(one.handed_in.beside), _job(one.submitted, lab, seed, settings))
                for one, record in theirs
            ]
            with _pool(executor, settings.jobs, len(handed_in)) as pool:
                return contest.hold(lab, rules, handed_in, pool, seed)
    return None


def _so_far(begun: Record, known: list[Record], rules: attempts.Rules) -> Record:
    """A record with the results that are known of it, and with what is anew in each run."""
    if rules.exercise:  # whatever the checks were then: the other exercises stay as they are
        done = {(*record.row, record.hash): record for record in known if record.results}
        results = done.get((*begun.row, begun.hash), begun).results
    else:
        done = {record.key: record for record in known if not record.problem}
        results = done.get(begun.key, begun).results
    return replace(begun, results=results, notes=(*begun.notes, *attempts.replaced(begun, known)))


def _expect_room(source: Path, out: Path) -> None:
    """Makes the report folder, and finds out before the work whether it can be written.

    Raises:
        LabsError: it cannot; the message says what to do.
    """
    if out.exists() and source.exists() and out.samefile(source):
        raise LabsError(f"{out} holds the submissions: give --out another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in (gradebook.RESULTS, gradebook.GRADEBOOK, gradebook.STUDENTS, questions.OPEN):
            if (out / name).is_dir():
                raise LabsError(f"{out / name} is a folder; move it away, or give --out another folder")
            if (out / name).exists():
                with (out / name).open("ab"):
                    pass
        files.try_folder(out / "feedback")
        free = shutil.disk_usage(out).free
    except OSError as error:
        raise LabsError(
            f"{error.filename or out} cannot be written ({error.strerror}): give --out another folder"
        ) from error
    if free < ROOM:
        raise LabsError(f"the disk of {out} is full ({free >> 20} MB free): make room, or give --out another folder")


def _job(submitted: Submitted, lab: str, seed: int, settings: Settings, only: str | None = None) -> runner.Job:
    """The work on one submission; of `only` one exercise, and those before it that it uses."""
    of_lab = released.load(lab)
    answers = {name: source for name, source in submitted.answers.items() if name in of_lab.points}
    taken = {name: submitted.taken[name] for name in answers if name in submitted.taken}
    if only:
        used = of_lab.needs(only, taken[only].text if only in taken else answers[only]) if only in answers else []
        answers = {name: source for name, source in answers.items() if name in (only, *used)}
    return runner.Job(of_lab, answers, submitted.broken, seed, settings.seconds, settings.sandbox, taken)


def _reference_job(lab: str, seed: int, settings: Settings) -> runner.Job:
    return _job(Submitted(lab, answers=released.load(lab).references), lab, seed, settings)


def _expect_full_points(jobs: list[runner.Job], proofs: list[Future]) -> None:
    for job, proof in zip(jobs, proofs, strict=True):
        for result in proof.result():
            if result.points < result.maximum:
                raise LabsError(
                    f"the reference solution of {job.released.lab} earns only {result.points:g} of {result.maximum:g}"
                    f" points for {result.exercise} here (seed {job.seed}), so nothing was graded:"
                    f"{''.join(result.messages)}"
                )


def _finished(record: Record, future: Future, exercise: str | None) -> Record:
    """The record with the results, or with the reason why there are none; of one `exercise`, the others stay."""
    try:
        results = tuple(future.result())
        if exercise and record.results:
            new = {result.exercise: result for result in results}
            results = tuple(new[one.exercise] if one.exercise == exercise else one for one in record.results)
        return replace(record, results=results)
    except WorkerDied as death:
        return replace(record, results=(), problem=f"it cannot be graded: {death}")
    except Exception as error:  # one submission never costs the others their grades; the record says what happened
        return replace(record, results=(), problem=f"the grader failed ({type(error).__name__}: {str(error)[:200]})")


@contextlib.contextmanager
def _pool(executor: Executor | None, jobs: int, waiting: int) -> Iterator[Executor | None]:
    if executor is not None or not waiting:
        yield executor
        return
    with Workers(min(jobs, waiting), _longest) as pool:
        yield pool


def _longest(job: runner.Job, *more: object) -> float:
    """Seconds that grading one submission may take in all: a few times what its answers may take, and our own work."""
    return 300 + 4 * job.seconds * len(job.released.points)


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
