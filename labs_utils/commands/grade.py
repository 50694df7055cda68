"""Grade a class: a folder of submitted notebooks in, a gradebook and a feedback page for everybody out.

  python -m labs_utils grade SUBMISSIONS --out REPORT

SUBMISSIONS holds a folder for each student, or files called student_lab.ipynb, or is the zip that a learning platform
exports. Open REPORT/index.html: it leads to all tables (students.csv, gradebook.csv, items.csv), to a page for each
student, to everybody's answers to the open questions, and to what to teach again. Graded again with the same REPORT,
only what is new or changed runs; another folder or lab adds to it, and what is no longer handed in keeps its row.
Answers run in a sandbox without network, files or solutions.

Examples:
  grade subs --out R --roster class.csv            names, and who handed in nothing, from your platform's class list
  grade subs --out R --pattern '{lab}_{student}'   how the files are named; with a slash, the folders too
  grade moodle.zip --out R --export moodle         grades with Moodle's own ids, and feedback as the zip it takes back
  grade subs --out R --deadline 2026-10-08T23:59 --late '10% a day, at most 50%'
  grade subs --out R --student "Ann Lee"           this student once more; --exercise gradient: this exercise
  grade subs --out R --anonymous                   codes for names while you mark; without it the names are back
  grade subs --out R --similar                     also lists answers that differ in names and formatting only

Open questions: fill in points in REPORT/open-questions.csv, then give the same command again.

Whose a notebook is follows from the names that Moodle, Canvas, Blackboard, Brightspace, Ilias, nbgrader and Gradescope
give, or from the folder's or file's own. What is doubtful gets a row of its own and a note.

The exit status is 0 if every submission was graded, 3 if some were not, 1 if none was (or the command was wrong), 130
if you stopped it: what was graded until then is kept, and the same command goes on.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path

from rich.console import Console

from labs_utils import course
from labs_utils.errors import LabsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help="folder or zip of notebooks")
    parser.add_argument("--out", type=Path, required=True, metavar="REPORT", help="folder for the results")
    parser.add_argument("--lab", metavar="NN", help="grade only this lab, by number or name")
    parser.add_argument("--exercise", metavar="NAME", help="grade this exercise again; all other results stay")
    parser.add_argument("--student", metavar="WHO", help="grade this student (name or id) again; all others stay")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="submissions graded at once (one a core)")
    parser.add_argument("--roster", type=Path, metavar="CSV", help="class list: names, and who handed in nothing")
    parser.add_argument("--pattern", help="how files are named, with {student}, {id}, {lab} and {any}")
    parser.add_argument("--zip-names", metavar="ENCODING", help="of names in a zip that does not say it, e.g. cp1252")
    due = "when it was due, 2026-10-08T23:59 or 01=2026-10-08T23:59 for one lab; lateness is noted"
    parser.add_argument("--deadline", action="append", default=[], metavar="[NN=]WHEN", help=due)
    rule = "what lateness costs, for example '10%% a day, at most 50%%, after 15 minutes'; nothing without"
    parser.add_argument("--late", metavar="RULE", help=rule)
    kinds = "for an import: moodle or canvas (grades, feedback as zip), xlsx, csv (with decimal commas); repeatable"
    parser.add_argument(
        "--export", action="append", default=[], choices=("moodle", "canvas", "xlsx", "csv"), help=kinds
    )
    codes = "codes for names in every file of REPORT; REPORT-names.csv beside it says whose they are"
    parser.add_argument("--anonymous", action="store_true", help=codes)
    alike = "list answers that are the same but for names and formatting, for you to look at"
    parser.add_argument("--similar", action="store_true", help=alike)
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that grades, e.g. tcp://host:8786")
    parser.add_argument("--seed", type=_seed, help="of the hidden inputs; by default REPORT's own, or a random one")
    parser.add_argument("--time-limit", type=float, default=30, metavar="S", help="seconds for an exercise (30)")
    parser.add_argument("--sandbox", choices=("auto", "bwrap", "none"), default="auto", help="bubblewrap unless none")
    trust = "allows --sandbox none: every submission runs with your rights"
    parser.add_argument("--trust-submissions", action="store_true", help=trust)


def run(arguments: argparse.Namespace) -> int:
    """Grades and reports; returns 0 if every submission was graded, 3 if some were, 1 if none, 130 if it was stopped.

    Raises:
        LabsError: no sandbox, no submissions, or a lab that is not complete.
    """
    from labs_utils.grading import (
        anonymous,
        attempts,
        class_run,
        gradebook,
        intake,
        lateness,
        names,
        report,
        roster,
        sandbox,
    )

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # names of people in a terminal that knows ASCII only
    rules = intake.Rules(
        people=tuple(roster.read(arguments.roster)) if arguments.roster else (),
        pattern=names.Pattern(arguments.pattern) if arguments.pattern else None,
        encoding=arguments.zip_names,
    )
    if arguments.late and not arguments.deadline:
        raise LabsError("--late needs --deadline, which says from when on it is late")
    if arguments.anonymous and {"moodle", "canvas"} & set(arguments.export):
        raise LabsError("--anonymous has no ids for moodle or canvas: export without it, then the names are back")
    settings = class_run.Settings(
        out=arguments.out,
        sandbox=sandbox.choose(arguments.sandbox, arguments.trust_submissions),
        jobs=max(arguments.jobs, 1),
        seed=arguments.seed,
        seconds=arguments.time_limit,
        rules=rules,
        exports=tuple(arguments.export),
        anonymous=arguments.anonymous,
        similar=arguments.similar,
        which=attempts.Rules(
            lab=arguments.lab and course.find_lab(arguments.lab),
            exercise=arguments.exercise,
            student=arguments.student,
            deadlines=dict(map(_deadline, arguments.deadline)),
            late=lateness.Rule.read(arguments.late) if arguments.late else None,
        ),
    )
    try:
        with _cluster(arguments.scheduler) as executor:
            records = class_run.grade_class(arguments.submissions, settings, executor)
    except KeyboardInterrupt:
        print(f"stopped; what is graded is kept in {arguments.out}: the same command goes on from there")
        return 130
    console = Console()
    gradebook.show(records, console)
    graded = sum(bool(record.results) for record in records)
    seed = next((record.seed for record in records), None)
    console.print(f"{graded} of {len(records)} submissions graded, seed {seed}")
    console.print(f"open {arguments.out / report.INDEX}", markup=False)
    here = {record.student for record in records}
    if arguments.anonymous:
        console.print(f"whose the codes are says {anonymous.key_of(arguments.out)}", markup=False)
    elif absent := [person.name for person in rules.people if person.name not in here]:
        console.print(f"{len(absent)} of the roster handed in nothing: {', '.join(absent)}", markup=False)
    return 0 if graded == len(records) else 3 if graded else 1


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 0 to 4294967295")
    return int(text)


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[Executor | None]:
    """A Dask cluster as a pool of `concurrent.futures`; None without an address.

    Raises:
        LabsError: Dask is not installed, or nobody answers at the address.
    """
    if address is None:
        yield None
        return
    try:
        import distributed
    except ModuleNotFoundError:
        raise LabsError("--scheduler needs Dask: python -m pip install --editable '.[dask]'") from None
    try:
        client = distributed.Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise LabsError(f"no Dask scheduler answers at {address} ({type(error).__name__}): check the address") from None
    with client:
        yield client.get_executor()


def _deadline(text: str) -> tuple[str, float]:
    """(lab or "", seconds) of ``01=2026-10-08T23:59`` or ``2026-10-08 23:59``.

    Raises:
        LabsError: it is no time, or there is no such lab.
    """
    lab, equals, when = text.rpartition("=")
    try:
        due = datetime.fromisoformat(when)
    except ValueError:
        raise LabsError(f"--deadline {text} is no time: write it like 2026-10-08T23:59") from None
    return course.find_lab(lab) if equals else "", due.timestamp()
