"""Feedback as web pages: one for each submission, and one for each open question with everybody's answer side by side.

A page shows the student's code and what the checks say to it. That names expected results where a check does, but never
the inputs, the checks or a reference. Use a new seed (a new report folder) for a second round, and knowing these
results helps nobody.
"""

import hashlib
import re
import unicodedata
from pathlib import Path

from labs_utils import course
from labs_utils.grading import released, rendering
from labs_utils.grading.gradebook import Record, labs_of
from labs_utils.grading.submission import Submitted


def write(folder: Path, records: list[Record]) -> None:
    """Writes the pages of all `records` into `folder`, and removes those of earlier attempts."""
    folder.mkdir(exist_ok=True)
    for record in records:
        rendering.write(
            folder / page_name(record),
            "submission.html",
            record=record,
            attempted=[result for result in record.results if result.status not in ("blank", "missing")],
            questions=questions_of(record.lab),
            marked={result.exercise.split()[-1]: result for result in record.marked},
        )
    for lab in labs_of(records):
        ours = [record for record in records if record.lab == lab and record.results]
        for number, question in questions_of(lab).items():
            answers = [(record.student, record.written[number]) for record in ours if number in record.written]
            page = folder / question_page(lab, number)
            values = {"lab": lab, "number": number, "question": question, "answers": answers, "total": len(ours)}
            rendering.write(page, "question.html", **values)
    _remove_others(folder, records)


def question_page(lab: str, number: str) -> str:
    """The name of the page with everybody's answer to an open question."""
    return f"{lab}-question-{number}.html"


def questions_of(lab: str) -> dict[str, str]:
    """The open questions of a lab, number → text; none where the course has no such lab any more."""
    return numbered(released.load(lab).questions) if lab in course.lab_names() else {}


def page_name(record: Record) -> str:
    """A file name that every system accepts: one a student and lab, one a file that could not be graded."""
    plain = unicodedata.normalize("NFKD", record.student).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40] or "student"
    whole = f"{record.student}\0{record.lab}\0{record.file if record.problem else ''}"
    mark = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{plain}-{mark}-{record.lab or 'unknown'}.html"


def _remove_others(folder: Path, records: list[Record]) -> None:
    """Removes the pages of earlier attempts, which no record has any more."""
    kept = {page_name(record) for record in records}
    for path in folder.glob("*.html"):
        if re.fullmatch(r".+-[0-9a-f]{6}-(?:unknown|\d\d_.+)\.html", path.name) and path.name not in kept:
            path.unlink()


def numbered(text: str) -> dict[str, str]:
    """The items of a numbered Markdown list: number → text."""
    found: dict[str, str] = {}
    current = ""
    for line in text.split("\n"):
        if item := re.match(r"(\d{1,2})\. ", line):
            current = item[1]
            found[current] = line
        elif current:
            found[current] += f"\n{line}"
    return {number: item.strip() for number, item in found.items()}


def written_answers(work: Submitted, questions: dict[str, str]) -> dict[str, str]:
    """What a student wrote to each of `questions`: number → text, for those that are answered.

    Looked for from the heading "To discuss" on: below a question itself, or in cells after it, each
    answer begun with its question's number. The released text is left out.
    """
    released_lines = {line.strip(): number for number, item in questions.items() for line in item.split("\n")}
    answers: dict[str, list[str]] = {}
    current, begun = "", False
    for line in "\n".join(work.markdown).split("\n"):
        if line.startswith("#"):
            begun = "discuss" in line.lower() or (begun and bool(current) and "reading" not in line.lower())
            continue
        if not begun:
            continue
        if line.strip() in released_lines:
            current = released_lines[line.strip()] or current
            continue
        item = re.match(r"[\s*_>-]*(\d{1,2})\s*[.):][*_]*\s*(.*)", line)
        if item and item[1].lstrip("0") in questions:
            current, line = item[1].lstrip("0"), item[2]
        if current and (line.strip() or current in answers):
            answers.setdefault(current, []).append(line)
    return {number: "\n".join(lines).strip() for number, lines in answers.items()}
