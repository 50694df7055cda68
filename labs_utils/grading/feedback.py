"""Feedback as web pages: one for each submission, and one for each open question with everybody's answer side by side.

A page shows the student's code and what the checks say to it. That names expected results where a check does, but never
the inputs, the checks or a reference. Use a new seed (a new report folder) for a second round, and knowing these
results helps nobody. Every text is escaped, and the pages forbid scripts.
"""

import hashlib
import re
import unicodedata
from pathlib import Path

import jinja2

from labs_utils.grading import released
from labs_utils.grading.gradebook import Record
from labs_utils.grading.submission import Submitted


def write(folder: Path, records: list[Record], submitted: list[Submitted]) -> None:
    """Writes all pages.

    Args:
        folder: where; made if need be.
        records: how each submission was graded.
        submitted: what each holds, in the same order.
    """
    folder.mkdir(exist_ok=True)
    pages = jinja2.Environment(
        loader=jinja2.PackageLoader("labs_utils.grading", "pages"),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    pages.globals["points"] = "{:g}".format
    for record, work in zip(records, submitted, strict=True):
        questions = numbered(released.load(record.lab).questions) if record.results else {}
        text = pages.get_template("submission.html").render(
            record=record,
            attempted=[result for result in record.results if result.status not in ("blank", "missing")],
            answers=work.answers,
            questions=questions,
            written=written_answers(work, questions),
        )
        _write(folder / page_name(record), text)
    for lab in sorted({record.lab for record in records if record.results}):
        questions = numbered(released.load(lab).questions)
        handed_in = [(r.student, w) for r, w in zip(records, submitted, strict=True) if r.lab == lab and r.results]
        said = [(student, written_answers(work, questions)) for student, work in handed_in]
        for number, question in questions.items():
            answers = [(student, texts[number]) for student, texts in said if number in texts]
            text = pages.get_template("question.html").render(
                lab=lab, number=number, question=question, answers=answers, total=len(said)
            )
            _write(folder / f"{lab}-question-{number}.html", text)


def page_name(record: Record) -> str:
    """A file name that every system accepts: one a student and lab, one a file that could not be graded."""
    plain = unicodedata.normalize("NFKD", record.student).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40] or "student"
    whole = f"{record.student}\0{record.lab}\0{record.file if record.problem else ''}"
    mark = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{plain}-{mark}-{record.lab or 'unknown'}.html"


def remove_others(folder: Path, records: list[Record]) -> None:
    """Removes the pages of earlier attempts, which no record has any more."""
    kept = {page_name(record) for record in records}
    for path in folder.glob("*.html"):
        if re.fullmatch(r".+-[0-9a-f]{6}-(?:unknown|\d\d_.+)\.html", path.name) and path.name not in kept:
            path.unlink()


def numbered(text: str) -> dict[int, str]:
    """The items of a numbered Markdown list: number → text."""
    found: dict[int, str] = {}
    current = 0
    for line in text.split("\n"):
        if item := re.match(r"(\d{1,2})\. ", line):
            current = int(item[1])
            found[current] = line
        elif current:
            found[current] += f"\n{line}"
    return {number: item.strip() for number, item in found.items()}


def written_answers(work: Submitted, questions: dict[int, str]) -> dict[int, str]:
    """What a student wrote to each of `questions`: number → text, for those that are answered.

    Looked for from the heading with the word "discussion" on: below a question itself, or in cells after it, each
    answer begun with its question's number. The released text is left out.
    """
    released_lines = {line.strip(): number for number, item in questions.items() for line in item.split("\n")}
    answers: dict[int, list[str]] = {}
    current, begun = 0, False
    for line in "\n".join(work.markdown).split("\n"):
        if line.startswith("#"):
            begun = "discussion" in line.lower() or (begun and bool(current) and "reading" not in line.lower())
            continue
        if not begun:
            continue
        if line.strip() in released_lines:
            current = released_lines[line.strip()] or current
            continue
        item = re.match(r"[\s*_>-]*(\d{1,2})\s*[.):][*_]*\s*(.*)", line)
        if item and int(item[1]) in questions:
            current, line = int(item[1]), item[2]
        if current and (line.strip() or current in answers):
            answers.setdefault(current, []).append(line)
    return {number: "\n".join(lines).strip() for number, lines in answers.items()}


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", errors="replace")
