"""A report: all tables and pages, and the page that leads to them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from labs_utils.grading import contest, exports, feedback, gradebook, items, questions, rendering, similar
from labs_utils.grading.gradebook import Record
from labs_utils.grading.roster import Person

INDEX = "index.html"


def write(
    out: Path,
    records: list[Record],
    people: tuple[Person, ...] = (),
    kinds: tuple[str, ...] = (),
    marks: Mapping[questions.Key, questions.Mark] = MappingProxyType({}),
    alike: bool = False,
) -> None:
    """Writes everything that a report holds besides its results.

    Args:
        out: its folder.
        records: all of them, also of earlier runs.
        people: the roster; those who handed in nothing have rows too.
        kinds: exports, of `exports.KINDS`.
        marks: what open questions earned.
        alike: also list answers that are the same but for names and formatting.
    """
    path = out / questions.OPEN
    questions.write(path, records, marks)
    records = questions.marked(records, marks)
    absent = [person.name for person in people]
    gradebook.write(out / gradebook.GRADEBOOK, records, absent)
    gradebook.write_students(out / gradebook.STUDENTS, records, absent)
    feedback.write(out / "feedback", records)
    items.write(out, records)
    exported = [path for kind in kinds for path in exports.KINDS[kind](out, records, people)]
    if alike:
        similar.write(out / similar.PAGE, records)
    else:
        (out / similar.PAGE).unlink(missing_ok=True)  # it would tell of an earlier run
    labs = gradebook.labs_of(records)
    rendering.write(
        out / INDEX,
        "index.html",
        labs=labs,
        students=gradebook.students(records, absent),
        page_name=feedback.page_name,
        pages={
            lab: [(number, feedback.question_page(lab, number)) for number in feedback.questions_of(lab)]
            for lab in labs
        },
        similar=similar.PAGE if alike else "",
        contest=contest.PAGE if (out / contest.PAGE).exists() else "",
        open_questions=questions.OPEN if path.exists() else "",
        files=[gradebook.STUDENTS, gradebook.GRADEBOOK, items.ITEMS, *(path.name for path in exported)],
        records=records,
    )
