"""Grade a class: a folder of submitted notebooks in, a gradebook and a feedback page for everybody out.

  python -m labs_utils grade SUBMISSIONS --out REPORT

SUBMISSIONS holds a folder for each student, or files called student_lab.ipynb, or is the zip that a learning platform
exports. REPORT gets gradebook.csv, feedback/ (a page for each submission, and one for each open question) and
results.jsonl; graded again with the same REPORT, only what is new or changed runs. Answers run in a sandbox without
network, files or solutions. The exit status is 0 if every submission was graded, else 1.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console

from labs_utils import course


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help="folder or zip of notebooks")
    parser.add_argument("--out", type=Path, required=True, metavar="REPORT", help="folder for the results")
    parser.add_argument("--lab", metavar="NN", help="grade only this lab, by number or name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="submissions graded at once (one a core)")
    parser.add_argument("--seed", type=_seed, help="of the hidden inputs; by default REPORT's own, or a random one")
    parser.add_argument("--time-limit", type=float, default=30, metavar="S", help="seconds for an exercise (30)")
    parser.add_argument("--sandbox", choices=("auto", "bwrap", "none"), default="auto", help="bubblewrap unless none")
    trust = "allows --sandbox none: every submission runs with your rights"
    parser.add_argument("--trust-submissions", action="store_true", help=trust)


def _seed(text: str) -> int:
    """A seed as NumPy and TensorFlow take it."""
    if not text.strip().isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: give a whole number from 0 to {2**32 - 1}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Grades and reports; returns 0 if every submission was graded, else 1.

    Raises:
        LabsError: no sandbox, no submissions, or a lab that is not complete.
    """
    from labs_utils.grading import class_run, gradebook, sandbox

    settings = class_run.Settings(
        out=arguments.out,
        sandbox=sandbox.choose(arguments.sandbox, arguments.trust_submissions),
        lab=arguments.lab and course.find_lab(arguments.lab),
        jobs=max(arguments.jobs, 1),
        seed=arguments.seed,
        seconds=arguments.time_limit,
    )
    records = class_run.grade_class(arguments.submissions, settings)
    console = Console()
    gradebook.show(records, console)
    graded = sum(bool(record.results) for record in records)
    seed = next((record.seed for record in records), None)
    console.print(f"{graded} of {len(records)} submissions graded, seed {seed}: {arguments.out / gradebook.GRADEBOOK}")
    return 0 if graded == len(records) else 1
