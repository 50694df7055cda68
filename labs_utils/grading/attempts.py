"""Which of the files handed in are graded: of each student and lab the latest attempt, read and ready."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from labs_utils.errors import LabsError
from labs_utils.grading import feedback, lateness, names, released, submission
from labs_utils.grading.gradebook import Record
from labs_utils.grading.intake import Submission
from labs_utils.grading.submission import Submitted
from labs_utils.grading.workers import WorkerDied

_PERSONAL = ("canvas", "blackboard", "brightspace", "ilias", "nbgrader")


@dataclass(frozen=True)
class Rules:
    """What is graded, and what came late.

    Attributes:
        lab: only this lab (full name); all labs by default.
        exercise: only this exercise.
        student: only this student, by name or id.
        deadlines: lab, or "" for all others → when it was due, in seconds.
        late: what lateness costs; nothing without.
    """

    lab: str | None = None
    exercise: str | None = None
    student: str | None = None
    deadlines: Mapping[str, float] = field(default_factory=dict)
    late: lateness.Rule | None = None


@dataclass(frozen=True)
class Entry:
    """A submission as it will be graded: what was handed in, what was read in it, and the record begun for it."""

    handed_in: Submission
    submitted: Submitted
    record: Record


def choose(handed_in: Iterable[Submission], rules: Rules, seed: int) -> list[Entry]:
    """What is to be graded, by student and lab: of each the latest attempt, and everything that has a problem.

    Raises:
        LabsError: nobody, or no lab, is what the rules ask for.
    """
    handed_in = list(handed_in)
    if rules.student:
        handed_in = _of_student(handed_in, rules.student)
    entries = sorted(_latest(handed_in, rules, seed), key=lambda entry: entry.record.key[:2])
    if rules.exercise:
        entries = _with_exercise(entries, rules.exercise)
    return entries


def _of_student(handed_in: list[Submission], wanted: str) -> list[Submission]:
    theirs = [one for one in handed_in if wanted.casefold() in (one.student.casefold(), one.id.casefold())]
    if not theirs:
        here = ", ".join(dict.fromkeys(one.student for one in handed_in))
        raise LabsError(f"--student {wanted}: nobody who handed in has this name or id; there are {here[:300]}")
    return theirs


def _with_exercise(entries: list[Entry], exercise: str) -> list[Entry]:
    ours = [entry for entry in entries if entry.record.version]
    theirs = [entry for entry in ours if exercise in released.load(entry.record.lab).points]
    if not theirs:
        there = dict.fromkeys(name for entry in ours for name in released.load(entry.record.lab).points)
        raise LabsError(f"--exercise {exercise}: no lab that was handed in has it; there are {', '.join(there)[:300]}")
    return theirs


def told_apart(handed_in: Iterable[Submission], known: Iterable[Record]) -> list[Submission]:
    """The submissions; who has the name of somebody whom the report knows by another id carries it in his own.

    Only for platforms whose ids are of a person, not of one assignment.
    """
    first: dict[tuple[str, str], str] = {}
    for record in known:
        first.setdefault((record.student, record.platform), record.id)
    told = []
    for one in handed_in:
        other = first.get((one.student, one.platform), one.id)
        if one.platform in _PERSONAL and one.id and other and other != one.id:
            note = f"the report knows another {one.student}, with the id {other}; --roster tells who is who"
            one = replace(one, student=f"{one.student} ({one.id})", notes=(*one.notes, note))
        told.append(one)
    return told


def replaced(record: Record, known: Iterable[Record]) -> tuple[str, ...]:
    """A note if another file of the same student and lab was graded in another run."""
    others = [one for one in known if one.row == record.row and one.results and one.hash != record.hash]
    if record.problem or not others:
        return ()
    last = others[-1]
    return (f"{last.file} was graded under this name before ({last.points:g} points); this one counts",)


def _latest(handed_in: list[Submission], rules: Rules, seed: int) -> Iterator[Entry]:
    attempts: dict[tuple[str, str], list[Entry]] = {}
    for one in handed_in:
        entry = _entry(one, rules, seed)
        if entry.record.problem:
            yield entry
        elif rules.lab in (None, entry.record.lab):
            attempts.setdefault((entry.record.student, entry.record.lab), []).append(entry)
    for entries in attempts.values():
        *earlier, latest = sorted(entries, key=lambda entry: entry.handed_in.time)
        notes = [
            f"the latest of {len(entries)} attempts by file time; left out: {entry.record.file}" for entry in earlier
        ]
        yield replace(latest, record=replace(latest.record, notes=(*notes, *latest.record.notes)))


def _entry(one: Submission, rules: Rules, seed: int) -> Entry:
    named = names.lab_in_name(one.file)
    submitted, lab, problem = Submitted(), named or rules.lab, one.problem
    if one.data is not None:
        try:
            submitted = submission.read_apart(one.data)
            lab = submitted.lab or lab
            if lab is None:
                problem = "neither a Lab(…) in the notebook nor the name of the file tells which lab it is; give --lab"
        except LabsError as error:
            problem = str(error)
        except WorkerDied as death:
            problem = f"it cannot be read: {death}"
        except Exception as error:  # one notebook never costs the class its grades
            problem = f"it cannot be read as a notebook ({type(error).__name__})"
    mark = hashlib.sha256(one.data or b"").hexdigest()[:16]
    begun = Record(
        one.student, lab or "", one.file, mark, seed=seed, id=one.id, platform=one.platform, handle=one.handle
    )
    if problem:
        return Entry(one, submitted, replace(begun, problem=problem, notes=one.notes))
    of_lab = released.load(lab)
    less, late = lateness.judge(one, lab, rules.deadlines, rules.late)
    notes = [*one.notes, *late]
    if named and named != lab:
        notes.append(f"the file is named after {named}, but the notebook says it is {lab}; it is graded as {lab}")
    notes += [f"{name} is there more than once; the last one counts" for name in submitted.doubled]
    code = {name: text for name, text in (submitted.unread | submitted.answers).items() if name in of_lab.points}
    written = feedback.written_answers(submitted, feedback.questions_of(lab))
    record = replace(begun, version=of_lab.version, notes=tuple(notes), answers=code, written=written, less=less)
    return Entry(one, submitted, record)
