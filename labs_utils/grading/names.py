"""Whose work a file is: the names that learning platforms, instructors and students give to files and folders.

Two people never share a row. A name that cannot be told apart stays whole, and a note asks for what is missing: a
number is taken for a lab's only where the notebook says the same lab and the number belongs to nobody's name.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath

from labs_utils import course
from labs_utils.errors import LabsError

ASK = "give --roster or --pattern to say whose it is"
_NOTEBOOK = re.compile(r"\.ipynb(?:\.(?:json|txt))?$", re.IGNORECASE)
# words that a number follows to tell people apart: student_01, "team 08 - ann"
_PEOPLE = "student|group|team|user|participant|person|pair|seat|candidate|gruppe|teilnehmer|groupe|etudiant|étudiant"
_NUMBERED = re.compile(rf"(?:^|[^a-z])(?:{_PEOPLE})[ _-]*\d", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)20\d\d([-_.])\d\d?\1\d\d?(?:[-_T ]\d\d?[-:_.]?\d\d(?:[-:_.]?\d\d)?)?(?!\d)")
_COPY_OF = re.compile(r"^(?:copy|kopie|copie|copia) (?:of|von|de|di)(?: |$)", re.IGNORECASE)  # Colab's and Drive's
_COPY = re.compile(r"\s*(?:[-_ ]copy\d*|\(\d+\))$", re.IGNORECASE)  # of a browser or of Jupyter
_NO_NAME = {"", "final", "draft", "new", "old", "copy", "corrected", "solution", "solved", "submission", "homework"} | {
    "my", "attempt", "v1", "v2", "v3", "version", "done", "finished", "lab", "notebook", "exercise", "untitled", "work"
}  # fmt: skip

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<file>.*))?$")
_CANVAS = re.compile(r"(?P<name>[^\W_]+)(?P<late>_LATE)?_(?P<id>\d{2,})_(?P<attachment>\d{4,})_(?P<file>.+)$")
_BLACKBOARD = re.compile(r".*?_?(?P<name>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.*))?$")
_BRIGHTSPACE = re.compile(r"(?P<id>\d+)-\d+ - (?P<name>.+?) - (?P<when>.*?\b20\d\d\b[^-]*?)(?: - (?P<file>.+))?$")
_ILIAS = re.compile(r"(?P<last>[^_]+)_(?P<first>[^_]+)_(?P<login>[^_]+)_(?P<id>\d+)$")
_ILIAS_FILE = re.compile(r"(?P<when>20\d{12})_")
_NBGRADER = re.compile(r"(?P<name>[^+]+)\+[^+]+\+(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_GRADESCOPE = re.compile(r"submission_(?P<id>\d+)$")


@dataclass(frozen=True)
class Owner:
    """What a path says about who handed a file in.

    Attributes:
        student: the name, never empty.
        id: what the platform calls the student or the submission, or "".
        platform: ``moodle``, ``canvas`` …, or "" for plain names.
        file: the file's own name, without what the platform put before it.
        handle: the platform's name of the folder or file, which feedback must carry to find its way back.
        late: the platform says that it came late.
        time: when it was handed in, in seconds, as the name tells; or None.
        notes: what is doubtful.
    """

    student: str
    id: str = ""
    platform: str = ""
    file: str = ""
    handle: str = ""
    late: bool = False
    time: float | None = None
    notes: tuple[str, ...] = field(default=())


def printable(name: str) -> str:
    """`name` composed (NFC), without control characters and halves of characters, which could harm a terminal."""
    composed = unicodedata.normalize("NFC", name)
    return "".join(character if character.isprintable() else "\ufffd" for character in composed).strip()


def is_notebook(file: str) -> bool:
    """True for ``x.ipynb``, and for what browsers make of it: ``x.ipynb.json``, ``x.ipynb.txt``."""
    return bool(_NOTEBOOK.search(file))


def stem(file: str) -> str:
    """The last part of a path without its suffix."""
    name = PurePosixPath(file).name
    return _NOTEBOOK.sub("", name) if is_notebook(name) else PurePosixPath(name).stem


def lab_in_name(file: str) -> str | None:
    """The lab that a file's name tells of: ``ann_01_perceptron.ipynb``, ``ann_lab01.ipynb``, ``ann_01.ipynb``.

    A number that belongs to a person (student_01) or a date tells of none.
    """
    owner = of_platform((file,))
    name = stem(owner.file if owner and owner.file else file)
    if found := _whole_lab(name):
        return found[0]
    plain = _DATE.sub(" ", name)
    if not _NUMBERED.search(plain):
        for lab in course.lab_names():
            if re.search(rf"(?:^|[^0-9]){lab[:2]}(?:[^0-9]|$)", plain):
                return lab
    return None


def _whole_lab(name: str) -> tuple[str, str] | None:
    """(lab, the name without it) where a name holds ``01_perceptron`` or ``lab 1`` and no doubt is possible."""
    for lab in course.lab_names():
        number = lab.split("_")[0]
        words = re.escape(lab).replace("_", "[ _-]")
        pattern = rf"{words}|(?<![a-z])lab[ _-]?0*{int(number)}(?!\d)"
        if found := re.search(rf"(?<![0-9])(?:{pattern})", name, re.IGNORECASE):
            return lab, _tidy(f"{name[: found.start()]}\0{name[found.end() :]}")
    return None


def person_in(file: str) -> str:
    """The name that stands in a file's name beside a whole lab's (``ann_01_perceptron.ipynb``), or ""."""
    found = _whole_lab(stem(file))
    return printable(found[1]) if found else ""


def names_somebody(folder: str) -> bool:
    """False for ``Lab 1``, ``final`` and ``attempt 2``: folders that a student makes for himself."""
    plain = re.sub(r"[ _-]*\d+$", "", _tidy(folder))
    return bool(plain) and plain.lower() not in _NO_NAME and not is_lab_folder(folder)


def is_lab_folder(name: str) -> bool:
    """True for a folder named after a lab and nobody: ``01_perceptron``, ``Lab 1``."""
    found = _whole_lab(name)
    return bool(found and not found[1])


def _tidy(name: str) -> str:
    """The part of a file's name that can be a person's: without the lab (NUL), dates, marks of copies, "final"."""
    parts = name.split("\0")
    for place, part in enumerate(parts):
        part = _COPY_OF.sub("", _DATE.sub(" ", part).strip(" _-.,"))
        while place == len(parts) - 1 and (shorter := _COPY.sub("", part).strip(" _-.,")) != part:
            part = shorter
        counts = len(parts) > 1 and re.fullmatch(r"\d{1,2}", part)  # 01_perceptron-2: the second download
        parts[place] = "" if counts or part.lower() in _NO_NAME else part
    return " ".join(part for part in parts if part)


def of_platform(parts: Sequence[str]) -> Owner | None:
    """Whose a path is if a learning platform made it; None if not."""
    first, last = parts[0], parts[-1]
    flat = len(parts) == 1
    if found := _MOODLE.match(first):
        file = (found["file"] or "") if flat else last
        handle = first[: found.end("plugin")] + "_"
        return Owner(found["name"], found["id"], "moodle", file, handle)
    if flat and not _NUMBERED.search(first) and (found := _CANVAS.match(first)):
        return Owner(found["name"], found["id"], "canvas", found["file"], first, late=bool(found["late"]))
    if flat and (found := _BLACKBOARD.match(_NOTEBOOK.sub("", first).removesuffix(".txt"))):
        when = _seconds(found["when"], "%Y-%m-%d-%H-%M-%S")
        return Owner(found["name"], found["name"], "blackboard", found["file"] or "", first, time=when)
    if found := _BRIGHTSPACE.match(first):
        when = _brightspace_time(found["when"])
        return Owner(found["name"], found["id"], "brightspace", found["file"] or last, first, time=when)
    if not flat and (found := _ILIAS.match(first)) and (file := _ILIAS_FILE.match(last)):
        when = _seconds(file["when"], "%Y%m%d%H%M%S")
        name = f"{found['first']} {found['last']}"
        return Owner(name, found["login"], "ilias", last[file.end() :], first, time=when)
    if found := _NBGRADER.match(first):
        when = _seconds(found["when"], "%Y-%m-%d %H:%M:%S")
        return Owner(found["name"], found["name"], "nbgrader", last, first, time=when)
    if not flat and (found := _GRADESCOPE.match(first)):
        return Owner(first, found["id"], "gradescope", last, first)
    return None


def _seconds(text: str, form: str) -> float | None:
    try:
        return datetime.strptime(text, form).timestamp()
    except ValueError:
        return None


def _brightspace_time(text: str) -> float | None:
    for form in ("%b %d, %Y %I%M %p", "%b %d, %Y %I:%M %p", "%d %B, %Y %I%M %p", "%d %B %Y %H%M", "%d %b, %Y %H%M"):
        if (when := _seconds(text.strip(), form)) is not None:
            return when
    return None


def owner_of(parts: tuple[str, ...], said: str | None) -> Owner:
    """Whose a path is.

    Args:
        parts: of the path, the student's folder or flat file first.
        said: the lab that the notebook itself says it is of, if that is known.
    """
    if owner := of_platform(parts):
        return replace(owner, student=printable(owner.student) or "(no name)")
    handle = parts[0]
    if len(parts) > 1:
        return Owner(printable(parts[0]) or "(no name)", file=parts[-1], handle=handle)
    name, notes = _of_flat_file(stem(parts[0]), said)
    return Owner(printable(name) or "(no name)", file=parts[0], handle=handle, notes=notes)


def _of_flat_file(name: str, said: str | None) -> tuple[str, tuple[str, ...]]:
    if found := _whole_lab(name):
        return (found[1], ()) if found[1] else (name, (f"nobody's name is in the name of the file; {ASK}",))
    plain = _tidy(name)
    if not plain:
        return name, (f"nobody's name is in the name of the file; {ASK}",)
    number = re.match(r"(\d{1,2})[ _-]+(.+)$", plain) or re.match(r"(.+?)[ _-]+(\d{1,2})(?:[ _-].*)?$", plain)
    if not number or _NUMBERED.search(plain):
        return (plain, ()) if not plain.isdigit() else (name, (f"only a number is in the name of the file; {ASK}",))
    digits, rest = (number[1], number[2]) if number[1].isdigit() else (number[2], number[1])
    if said and int(said[:2]) == int(digits) and rest.lower() not in _NO_NAME:
        return rest, ()
    if said and any(lab[:2] == digits for lab in course.lab_names()):
        return plain, (f"the number {digits} in the name of the file is taken for a part of the student's; {ASK}",)
    return plain, ()


class Pattern:
    """How an instructor's files are named: ``{lab}_{student}_{any}``, or with folders ``{any}/{student}/{any}``."""

    _FIELDS = {"student": "(?P<student>.+?)", "id": "(?P<id>[^_/ ]+?)", "lab": "(?P<lab>.+?)", "any": ".*?"}

    def __init__(self, text: str):
        """Reads the pattern.

        Raises:
            LabsError: it names nobody, or a field that does not exist.
        """
        pieces = re.split(r"\{(\w*)\}", text)
        if unknown := set(pieces[1::2]) - set(self._FIELDS):
            raise LabsError(
                f"--pattern: {{{unknown.pop()}}} is unknown; the fields are {{student}} {{id}} {{lab}} {{any}}"
            )
        for name in ("student", "id", "lab"):
            if pieces[1::2].count(name) > 1:
                raise LabsError(f"--pattern: {{{name}}} stands in it twice; write {{any}} for what does not matter")
        if not {"student", "id"} & set(pieces[1::2]):
            raise LabsError("--pattern needs {student} or {id}, for example '{lab}_{student}' or '{student}_{any}'")
        self.text = text
        self._pattern = re.compile(
            "".join(self._FIELDS[piece] if place % 2 else re.escape(piece) for place, piece in enumerate(pieces))
        )

    def owner(self, path: tuple[str, ...]) -> Owner | None:
        """Whose a file is, by its path in what was handed in; None if the pattern does not fit.

        A pattern without a slash is of the file's name; the suffix belongs to no pattern.
        """
        name = "/".join((*path[:-1], stem(path[-1])))
        found = self._pattern.fullmatch(name if "/" in self.text else stem(path[-1]))
        if not found:
            return None
        groups = found.groupdict()
        student = printable(groups.get("student") or groups["id"])
        return Owner(student or "(no name)", groups.get("id") or "", "", path[-1], path[0])
