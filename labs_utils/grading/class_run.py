"""Grading a class: choose the attempts, skip what is graded already, spread the rest over processes, keep the books."""

import contextlib
import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from labs_utils.errors import LabsError
from labs_utils.exercises import checking
from labs_utils.grading import feedback, gradebook, intake, names, released, report, runner, submission
from labs_utils.grading.gradebook import Record
from labs_utils.grading.intake import Submission
from labs_utils.grading.submission import Submitted
from labs_utils.grading.workers import WorkerDied, Workers

ROOM = 20 * 2**20  # bytes free for a report


@dataclass(frozen=True)
class Settings:
    """How to grade.

    Attributes:
        out: the folder for gradebook, results and feedback; made if need be.
        sandbox: ``bwrap`` or ``none``, as `sandbox.choose` gives it.
        lab: only this lab (full name); all labs by default.
        jobs: submissions graded at once.
        seed: of the inputs; by default that of the results in `out`, or a random one.
        seconds: how long a student's code may take in one exercise.
        rules: how to tell whose a file is.
        exports: platforms and kinds of file, of `exports.KINDS`.
        deadlines: lab, or "" for all others → when it was due, in seconds.
    """

    out: Path
    sandbox: str
    lab: str | None = None
    jobs: int = 2
    seed: int | None = None
    seconds: float = checking.TIME_LIMIT
    rules: intake.Rules = intake.Rules()
    exports: tuple[str, ...] = ()
    deadlines: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A submission as it will be graded: what was handed in, what was read in it, and the record begun for it."""

    handed_in: Submission
    submitted: Submitted
    record: Record


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
    entries = sorted(_entries(handed_in, settings, seed), key=lambda entry: entry.record.key[:2])
    done = {record.key: record for record in known if not record.problem}
    records = [done.get(entry.record.key, entry.record) for entry in entries]
    records = [replace(new, **_said_by_intake(entry.record)) for new, entry in zip(records, entries, strict=True)]
    todo = [place for place, record in enumerate(records) if not record.results and not record.problem]
    jobs = [_job(entries[place].submitted, entries[place].record.lab, seed, settings) for place in todo]
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
                records[place] = _finished(records[place], future)
                gradebook.append(path, records[place])
                graded.add(place)
                bar.advance(task)
        except BaseException:
            for future in futures:
                future.cancel()
            if executor is None:
                pool.stop()  # their answers may run for minutes yet
            raise
    for place, record in enumerate(records):
        if place not in graded and record not in known:  # it cannot be graded, or more is known about it
            gradebook.append(path, record)
    try:
        report.write(settings.out, gradebook.merged(known, records), settings.rules.people, settings.exports)
    except OSError as error:
        raise LabsError(
            f"{error.filename or settings.out} cannot be written ({error.strerror}); nothing graded is lost: "
            "close the file or make room, then give the same command again"
        ) from error
    return records


def _said_by_intake(record: Record) -> dict:
    """What of a record is anew in each run, also where the results are known."""
    fields = ("notes", "file", "id", "platform", "handle", "answers", "written")
    return {name: getattr(record, name) for name in fields}


def _expect_room(source: Path, out: Path) -> None:
    """Makes the report folder, and finds out before the work whether it can be written.

    Raises:
        LabsError: it cannot; the message says what to do.
    """
    if out.exists() and source.exists() and out.samefile(source):
        raise LabsError(f"{out} holds the submissions: give --out another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in (gradebook.RESULTS, gradebook.GRADEBOOK, gradebook.STUDENTS):
            if (out / name).is_dir():
                raise LabsError(f"{out / name} is a folder; move it away, or give --out another folder")
            if (out / name).exists():
                with (out / name).open("ab"):
                    pass
        (out / "feedback").mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=out / "feedback"):
            pass
        free = shutil.disk_usage(out).free
    except OSError as error:
        raise LabsError(
            f"{error.filename or out} cannot be written ({error.strerror}): give --out another folder"
        ) from error
    if free < ROOM:
        raise LabsError(f"the disk of {out} is full ({free >> 20} MB free): make room, or give --out another folder")


def _entries(handed_in: Iterable[Submission], settings: Settings, seed: int) -> Iterator[Entry]:
    """What is to be graded: of each student and lab the latest attempt, and everything that has a problem."""
    attempts: dict[tuple[str, str], list[Entry]] = {}
    for one in handed_in:
        entry = _entry(one, settings, seed)
        if entry.record.problem:
            yield entry
        elif settings.lab in (None, entry.record.lab):
            attempts.setdefault((entry.record.student, entry.record.lab), []).append(entry)
    for entries in attempts.values():
        *earlier, latest = sorted(entries, key=lambda entry: entry.handed_in.time)
        notes = [
            f"the latest of {len(entries)} attempts by file time; left out: {entry.record.file}" for entry in earlier
        ]
        yield replace(latest, record=replace(latest.record, notes=(*notes, *latest.record.notes)))


def _entry(one: Submission, settings: Settings, seed: int) -> Entry:
    named = names.lab_in_name(one.file)
    submitted, lab, problem = Submitted(), named or settings.lab, one.problem
    if one.data is not None:
        try:
            submitted = submission.read(one.data)
            lab = submitted.lab or lab
            if lab is None:
                problem = "neither a Lab(…) in the notebook nor the name of the file tells which lab it is; give --lab"
        except LabsError as error:
            problem = str(error)
        except Exception as error:  # one notebook never costs the class its grades
            problem = f"it cannot be read as a notebook ({type(error).__name__})"
    mark = hashlib.sha256(one.data or b"").hexdigest()[:16]
    begun = Record(
        one.student, lab or "", one.file, mark, seed=seed, id=one.id, platform=one.platform, handle=one.handle
    )
    if problem:
        return Entry(one, submitted, replace(begun, problem=problem, notes=one.notes))
    of_lab = released.load(lab)
    notes = [*one.notes, *_lateness(one, lab, settings.deadlines)]
    if named and named != lab:
        notes.append(f"the file is named after {named}, but the notebook says it is {lab}; it is graded as {lab}")
    notes += [f"{name} is there more than once; the last one counts" for name in submitted.doubled]
    code = {name: text for name, text in (submitted.unread | submitted.answers).items() if name in of_lab.points}
    written = feedback.written_answers(submitted, feedback.questions_of(lab))
    record = replace(begun, version=of_lab.version, notes=tuple(notes), answers=code, written=written)
    return Entry(one, submitted, record)


def _lateness(one: Submission, lab: str, deadlines: Mapping[str, float]) -> list[str]:
    """A note if a submission came after its deadline, or if the platform says so."""
    due = deadlines.get(lab, deadlines.get(""))
    if due is not None and one.time > due:
        hours = (one.time - due) / 3600
        amount = f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
        return [f"late by {amount}, by the time that {'the platform' if one.told else 'the file'} tells"]
    return ["marked as late by the platform"] if one.late else []


def _job(submitted: Submitted, lab: str, seed: int, settings: Settings) -> runner.Job:
    known = released.load(lab).points
    answers = {name: source for name, source in submitted.answers.items() if name in known}
    taken = {name: submitted.taken[name] for name in answers if name in submitted.taken}
    return runner.Job(released.load(lab), answers, submitted.broken, seed, settings.seconds, settings.sandbox, taken)


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


def _finished(record: Record, future: Future) -> Record:
    """The record with the results, or with the reason why there are none."""
    try:
        return replace(record, results=tuple(future.result()))
    except WorkerDied as death:
        return replace(record, problem=f"it cannot be graded: {death}")
    except Exception as error:  # one submission never costs the others their grades; the record says what happened
        return replace(record, problem=f"the grader failed ({type(error).__name__}: {str(error)[:200]})")


@contextlib.contextmanager
def _pool(executor: Executor | None, jobs: int, waiting: int) -> Iterator[Executor | None]:
    if executor is not None or not waiting:
        yield executor
        return
    with Workers(min(jobs, waiting), _longest) as pool:
        yield pool


def _longest(job: runner.Job) -> float:
    """Seconds that grading one submission may take in all: a few times what its answers may take, and our own work."""
    return 300 + 4 * job.seconds * len(job.released.points)


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
