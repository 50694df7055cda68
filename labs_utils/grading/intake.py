"""Finding the submissions: a folder with a subfolder for each student, flat files ``student_lab.ipynb``, or a zip.

The names and files come from strangers: nothing is extracted to the disk, no link is followed, nothing is read that is
not a plain file, and whatever cannot be read is a submission with a problem, never a crash. Whose a file is says
`labs_utils.grading.names`, or the roster.
"""

import os
import re
import stat
import time
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from labs_utils.errors import LabsError
from labs_utils.grading import beside, names, roster
from labs_utils.grading.names import Owner, Pattern, printable
from labs_utils.grading.roster import Person
from labs_utils.litter import is_litter

LARGEST_FILE = 50 * 2**20
LARGEST_ZIP = 2**30  # bytes read from one archive
MOST_FILES = 20_000
LARGEST_ASIDE = 5 * 2**20  # bytes of what a platform tells about the submissions
RESULTS = "results.jsonl"  # what a report folder is known by
_ASIDE = ("submission_metadata.yml", "timestamp.txt")  # of Gradescope and of nbgrader
_NOBODYS = {*_ASIDE, "index.html", "thumbs.db", "desktop.ini"}
_SAID = re.compile(rb"""\bLab\(\s*\\?["'](\d\d_\w+|\d\d?)\b""")


@dataclass(frozen=True)
class Submission:
    """One file that somebody handed in.

    Attributes:
        student: who, as the roster says or as the folder or the file is called.
        file: path within what was handed in.
        data: the file's bytes, or None where there is a problem.
        time: when it was handed in, as the platform says, or when the file was last changed.
        problem: why it cannot be read, or "".
        id: what the platform calls the student or the submission, or "".
        platform: ``moodle``, ``canvas`` …, or "".
        handle: the platform's name of the folder or file, for the way back.
        late: the platform marks it as late.
        told: `time` is the platform's, not the file's.
        notes: what is doubtful about whose it is.
        beside: kind (of `labs_utils.grading.beside`) → bytes of a file that lies beside the notebook.
    """

    student: str
    file: str
    data: bytes | None
    time: float
    problem: str = ""
    id: str = ""
    platform: str = ""
    handle: str = ""
    late: bool = False
    told: bool = False
    notes: tuple[str, ...] = ()
    beside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Found:
    """A file, or a folder without files (its parts end with ""), before anybody knows whose it is."""

    parts: tuple[str, ...]
    data: bytes | None
    time: float = 0
    problem: str = ""
    notes: tuple[str, ...] = ()
    beside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """How to tell whose a file is.

    Attributes:
        people: the class list; anybody may hand in if it is empty.
        pattern: how the files are named, or None.
        encoding: of the names in a zip that does not say it, or None.
        report: a folder that is no submission.
    """

    people: tuple[Person, ...] = ()
    pattern: Pattern | None = None
    encoding: str | None = None
    report: Path | None = None


def collect(source: Path, rules: Rules | None = None) -> list[Submission]:
    """Every submission in a folder or a zip, in order of student and file.

    Raises:
        LabsError: there is no such folder or zip, or it is empty.
    """
    rules = rules or Rules()
    if source.is_dir():
        found = list(_in_folder(source, rules.report))
    elif source.is_file() and zipfile.is_zipfile(source):
        found = list(_in_zip(source, rules.encoding))
    elif source.exists():
        raise LabsError(f"{source} is neither a folder nor a zip: name the folder of submissions, or the zip of them")
    else:
        raise LabsError(f"{source} does not exist: name the folder of submissions, or the zip of them")
    submissions = list(_owned(found, rules))
    if not submissions:
        raise LabsError(
            f"{source} holds no submissions: expected a folder for each student, or files student_lab.ipynb"
        )
    return sorted(submissions, key=lambda submission: (submission.student, submission.file))


def _is_work(parts: tuple[str, ...]) -> bool:
    return not any(is_litter(part) for part in parts)


# -- whose it is ------------------------------------------------------------------------------------------------------


def _owned(found: list[_Found], rules: Rules) -> Iterator[Submission]:
    aside = {one.parts: one.data for one in found if one.parts[-1] in _ASIDE and one.data}
    others = [one for one in found if one.parts[-1].lower() not in _NOBODYS]
    work = [one for one in others if not _is_beside(one)]
    depth = _outer_folders([one.parts for one in work])
    placed = [(_inner(one.parts[depth:]), one) for one in work]
    scoped = _several_in_a_folder([parts for parts, _ in placed])
    people = _gradescope(aside)
    reached: dict[str, list[tuple[Owner, _Found]]] = {}
    placed += [(_inner(one.parts[depth:]), one) for one in others if _is_beside(one)]
    for parts, one in placed:
        owner = _owner(parts, one, rules, scoped)
        if owner.id in people and owner.platform == "gradescope":
            owner = replace(owner, student=people[owner.id][0], time=people[owner.id][1])
        stamp = aside.get((*one.parts[:-1], "timestamp.txt"))
        if stamp and owner.time is None:
            owner = replace(owner, time=_timestamp(stamp))
        owner = _on_the_roster(owner, rules)
        reached.setdefault(f"{owner.student}\0{owner.id}", []).append((owner, one))
    yield from _without_beside(_told_apart({key: _with_files(works) for key, works in reached.items()}))


def _is_beside(one: _Found) -> bool:
    return one.data is not None and beside.kind(one.parts[-1]) is not None


def _with_files(works: list[tuple[Owner, _Found]]) -> list[tuple[Owner, _Found]]:
    """One student's works, each notebook with the files of its own folder and of those in it.

    Of several files of a kind the last counts.
    """
    notebooks = [(owner, one) for owner, one in works if not _is_beside(one)]
    there = {one.parts[:-1] for _, one in notebooks}
    files: dict[tuple[str, ...], dict[str, bytes]] = {}
    for owner, one in sorted(works, key=lambda work: (work[1].time, work[1].parts)):
        if _is_beside(one):
            around = [one.parts[:depth] for depth in range(len(one.parts) - 1, -1, -1)]
            folder = next((folder for folder in around if folder in there), None)
            if folder is None:
                notebooks.append((owner, replace(one, data=None, problem=_ASTRAY)))
            else:
                files.setdefault(folder, {})[beside.kind(one.parts[-1]) or ""] = one.data or b""
    return [(owner, replace(one, beside=files.get(one.parts[:-1], {}))) for owner, one in notebooks]


_ASTRAY = "it lies beside no notebook of its student: hand both in together, in the student's own folder"


def _inner(parts: tuple[str, ...]) -> tuple[str, ...]:
    """`parts` without folders that are named after a lab and nobody."""
    while len(parts) > 1 and names.is_lab_folder(parts[0]):
        parts = parts[1:]
    return parts


def _outer_folders(paths: list[tuple[str, ...]]) -> int:
    """How many folders around everything are nobody's: the archive's own, the class's, a lab's."""
    depth = 0
    while paths and all(len(parts) > depth + 1 for parts in paths) and len({parts[depth] for parts in paths}) == 1:
        inside = [parts[depth:] for parts in paths]
        if names.of_platform(inside[0]):
            break
        if not names.is_lab_folder(inside[0][0]) and not _holds_people(inside[0][0], [parts[1:] for parts in inside]):
            break
        depth += 1
    return depth


def _holds_people(folder: str, inside: list[tuple[str, ...]]) -> bool:
    """True if a folder around everything holds the folders or files of several people: it is no student's itself."""
    if any(names.of_platform(parts) for parts in inside if parts[-1]):
        return True
    folders = {parts[0] for parts in inside if len(parts) > 1 and names.names_somebody(parts[0])}
    files = {parts[0] for parts in inside if len(parts) == 1 and names.is_notebook(parts[0])}
    if len(folders) > 1:
        return True
    if len(folders) == 1 and not files and all(len(parts) > 1 for parts in inside):
        return _holds_people(folders.copy().pop(), [parts[1:] for parts in inside])
    said = {names.person_in(file) for file in files}
    if said - {""}:
        return said - {"", folder} != set()
    return len(files) > 1 and not any(names.lab_in_name(file) for file in files)


def _several_in_a_folder(paths: list[tuple[str, ...]]) -> dict[str, int]:
    """Top folders that may hold the work of several people → how many parts of a path tell them apart.

    2 where subfolders may be people's, 1 where the names of the files may tell of them.
    """
    subfolders: dict[str, set[str]] = {}
    said: dict[str, set[str]] = {}
    for parts in paths:
        if len(parts) < 2 or names.of_platform(parts):
            continue
        subfolders.setdefault(parts[0], set())
        if len(parts) > 2 and names.names_somebody(parts[1]):
            subfolders[parts[0]].add(parts[1])
        if len(parts) == 2 and (person := names.person_in(parts[-1])):
            said.setdefault(parts[0], set()).add(person)
    several = any(len(inside) > 1 for inside in subfolders.values()) or (
        len(subfolders) == 1 and all(len(parts) > 2 for parts in paths)
    )
    scoped = {folder: 2 for folder, inside in subfolders.items() if several and inside}
    return scoped | {folder: 1 for folder, people in said.items() if len(people) > 1}


def _owner(parts: tuple[str, ...], one: _Found, rules: Rules, scoped: dict[str, int]) -> Owner:
    if rules.pattern and parts[-1]:
        if owner := rules.pattern.owner(parts):
            return owner
        where = f"the name does not fit --pattern {rules.pattern.text}"
        return replace(names.owner_of(parts, None), notes=(where,))
    said = _SAID.search(one.data) if one.data else None
    lab = said[1].decode().zfill(2) if said else names.lab_in_name(parts[-1]) if one.data is None else None
    owner = names.owner_of(parts, lab)
    if owner.platform or parts[0] not in scoped:
        return owner
    inner = parts[1] if scoped[parts[0]] == 2 and len(parts) > 2 else names.person_in(parts[-1])
    if not inner or inner == parts[0]:
        return owner
    note = f"the folder {printable(parts[0])} may hold the work of several people, so each has a row; {names.ASK}"
    return replace(owner, student=printable(f"{parts[0]}/{inner}"), notes=(note,))


def _on_the_roster(owner: Owner, rules: Rules) -> Owner:
    """The owner by the roster's name; with a note if the roster knows nobody of that name."""
    if not rules.people:
        return owner
    if person := roster.find(rules.people, owner.student, owner.id):
        return replace(owner, student=person.name, notes=())
    return replace(owner, notes=(*owner.notes, "nobody on the roster has this name or id, or several have"))


def _told_apart(reached: dict[str, list[tuple[Owner, _Found]]]) -> Iterator[Submission]:
    """One submission a file; people whom only the platform's ids tell apart carry these in their names."""
    ids: dict[str, set[str]] = {}
    for works in reached.values():
        for owner, _ in works:
            ids.setdefault(owner.student, set()).add(owner.id)
    for works in reached.values():
        for owner, one in works:
            name, notes = owner.student, owner.notes
            if len(ids[name]) > 1 and not (owner.platform == "gradescope" and name != owner.handle):
                name = f"{name} ({owner.id})" if owner.id else name
                notes = (
                    *notes,
                    f"{len(ids[owner.student])} people are called so; --roster tells who is who",
                )
            yield Submission(
                name,
                printable("/".join(one.parts).rstrip("/")),
                one.data,
                one.time if owner.time is None else owner.time,
                one.problem,
                owner.id,
                owner.platform,
                owner.handle,
                owner.late,
                owner.time is not None,
                (*notes, *one.notes),
                one.beside,
            )


def _without_beside(submissions: Iterable[Submission]) -> Iterator[Submission]:
    """Leaves out what a platform puts beside a notebook: Blackboard's receipts, Moodle's online text."""
    submissions = list(submissions)
    with_notebook = {one.student for one in submissions if names.is_notebook(one.file)}
    for one in submissions:
        receipt = one.platform == "blackboard" and one.file.endswith(".txt")
        online = one.platform == "moodle" and "_assignsubmission_onlinetext" in one.file
        if one.student in with_notebook and (receipt or online) and not names.is_notebook(one.file):
            continue
        yield one


def _gradescope(aside: dict[tuple[str, ...], bytes]) -> dict[str, tuple[str, float | None]]:
    """Gradescope's id of a submission → who handed it in, and when, by the table beside the submissions."""
    import yaml  # comes with jupytext

    people = {}
    for parts, data in aside.items():
        if parts[-1] != "submission_metadata.yml":
            continue
        try:
            table = yaml.safe_load(data.decode("utf-8"))
            for key, row in table.items():
                who = [one.get(":name") or one.get(":email") or one[":sid"] for one in row[":submitters"]]
                when = row.get(":created_at")
                said = when.timestamp() if isinstance(when, datetime) else None
                people[str(key).removeprefix("submission_")] = (printable(" + ".join(map(str, who))), said)
        except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError, RecursionError):
            continue  # the rows then keep Gradescope's numbers, which nobody shares
    return people


def _timestamp(data: bytes) -> float | None:
    """The time in nbgrader's timestamp.txt, for example ``2026-10-08 12:34:56.789 UTC``."""
    try:
        text = data.decode("ascii").strip().removesuffix("UTC").strip()
        return datetime.fromisoformat(f"{text[:19]}+00:00").timestamp()
    except ValueError:
        return None


# -- folders ----------------------------------------------------------------------------------------------------------


def _in_folder(root: Path, report: Path | None) -> Iterator[_Found]:
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        raise LabsError(f"{root} cannot be opened ({error.strerror}): check its rights") from error
    for entry in entries:
        if not _is_work((entry.name,)) or (report and entry.name == f"{report.resolve().name}-names.csv"):
            continue  # the key of an anonymous report lies beside it
        if entry.is_symlink():
            parts = (entry.name,) if names.is_notebook(entry.name) else (entry.name, "")
            yield _Found(parts, None, problem="it is a symbolic link, which is not followed")
        elif entry.is_dir():
            yield from _of_student(root, entry.name, report)
        else:
            yield _read(root, (entry.name,))


def _is_report(folder: Path, report: Path | None) -> bool:
    return (folder / RESULTS).is_file() or (report is not None and report.exists() and folder.samefile(report))


def _of_student(root: Path, folder: str, report: Path | None) -> Iterator[_Found]:
    """The notebooks in one folder; for each of its subfolders without any, and for itself, a sentence that says so."""
    others: list[str] = []
    unreadable: list[str] = []
    nothing = True
    if _is_report(root / folder, report):
        return
    for place, folders, files in os.walk(root / folder, onerror=lambda error: unreadable.append(error.strerror)):
        folders[:] = sorted(name for name in folders if _is_work((name,)) and not _is_report(Path(place, name), report))
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in sorted(filter(lambda name: _is_work((name,)), [*files, *links])):
            parts = Path(place, name).relative_to(root).parts
            if names.is_notebook(name):
                nothing = False
                yield _read(root, parts)
            elif name in _ASIDE:
                yield _read(root, parts)
            elif beside.kind(name):
                yield _read(root, parts)
                others.append(printable(name))
            else:
                others.append(printable(name))
    if nothing and unreadable:
        yield _Found((folder, ""), None, problem=f"the folder cannot be opened ({unreadable[0]})")
    elif nothing:
        yield _Found((folder, ""), None, problem=_no_notebook(others))


def _no_notebook(others: list[str]) -> str:
    return "there is no notebook in the folder" + (f", only {', '.join(others[:3])}" if others else "")


def _read(root: Path, parts: tuple[str, ...]) -> _Found:
    try:
        descriptor = os.open(root.joinpath(*parts), os.O_RDONLY | _CAREFUL)
    except OSError as error:
        if root.joinpath(*parts).is_symlink():
            return _Found(parts, None, problem="it is a symbolic link, which is not followed")
        return _Found(parts, None, problem=f"it cannot be opened ({error.strerror})")
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return _Found(parts, None, problem="it is not a plain file")
        try:
            return _checked(parts, file.read(_most_of(parts[-1]) + 1), about.st_mtime)
        except OSError as error:
            return _Found(parts, None, problem=f"it cannot be read ({error.strerror})")


# neither follows a link nor waits for a pipe; Windows has neither flag
_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _most_of(name: str) -> int:
    """Bytes that are read of a file of this name."""
    return beside.LARGEST if beside.kind(name) else LARGEST_FILE


def _checked(parts: tuple[str, ...], data: bytes, when: float, notes: tuple[str, ...] = ()) -> _Found:
    if parts[-1] in _ASIDE:
        return _Found(parts, data[:LARGEST_ASIDE], when)
    if beside.kind(parts[-1]):
        return _Found(parts, data, when, notes=notes)
    if not names.is_notebook(parts[-1]):
        return _Found(parts, None, when, "it is not a notebook (.ipynb)", notes)
    if len(data) > LARGEST_FILE:
        return _Found(parts, None, when, f"it is larger than {LARGEST_FILE >> 20} MB", notes)
    return _Found(parts, data, when, notes=notes)


# -- zips -------------------------------------------------------------------------------------------------------------


def _in_zip(path: Path, encoding: str | None) -> Iterator[_Found]:
    allowance = LARGEST_ZIP
    with _opened(path) as archive:
        entries = [info for info in archive.infolist() if not info.is_dir()]
        if len(entries) > MOST_FILES:
            raise LabsError(f"{path} holds {len(entries)} files; unpack it and grade it in parts")
        without: dict[tuple[str, ...], list[str]] = {}
        with_notebook: set[tuple[str, ...]] = set()
        for info in entries:
            name, notes = _name_in_zip(info, encoding)
            parts = _parts(name)
            if not _is_work(tuple(part for part in parts if part != "..")):
                continue
            if len(parts) > 1 and not names.is_notebook(parts[-1]) and parts[-1] not in _ASIDE:
                without.setdefault(parts[:-1], []).append(printable(parts[-1]))
                if not names.of_platform(parts[-1:]) and not beside.kind(parts[-1]):
                    continue
            with_notebook.update(parts[:depth] for depth in range(1, len(parts)) if names.is_notebook(parts[-1]))
            found = _read_entry(archive, info, name, parts, allowance)
            allowance -= len(found.data or b"")
            yield replace(found, notes=notes)
        for folder, others in without.items():
            if folder not in with_notebook and not all(names.of_platform((other,)) for other in others):
                if all(other.lower() in _NOBODYS for other in others):
                    continue
                inside = any(folder[:depth] in with_notebook for depth in range(1, len(folder)))
                if inside and any(map(beside.kind, others)):  # a folder that a notebook has filled
                    continue
                yield _Found((*folder, ""), None, problem=_no_notebook(others))


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise LabsError(f"{path} cannot be opened as a zip ({error}): download it again") from error


def _name_in_zip(info: zipfile.ZipInfo, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """The name of an entry, and a note where its encoding had to be guessed.

    A zip that says UTF-8 is believed. Of the others many are UTF-8 all the same, which other encodings hardly ever look
    like; the rest may be anything.

    Raises:
        LabsError: `encoding` does not fit.
    """
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename, ()
    raw = info.filename.encode("cp437")  # what zipfile took it for
    try:
        return raw.decode(encoding or "utf-8"), ()
    except LookupError:
        raise LabsError(f"--zip-names: there is no encoding {encoding}; try cp1252, cp850, gbk or shift_jis") from None
    except UnicodeDecodeError:
        if encoding:
            raise LabsError(f"--zip-names {encoding} does not fit the names in the zip; try another encoding") from None
    name = _guessed(raw)
    return name, (f"the zip does not say how its names are encoded; read as {printable(name)}, else give --zip-names",)


def _guessed(raw: bytes) -> str:
    """`raw` in the first encoding in which every letter beyond ASCII is of one alphabet; the zip's own otherwise."""
    for encoding, alphabet in (("cp1252", "LATIN"), ("cp850", "LATIN"), ("gbk", "CJK"), ("cp1251", "CYRILLIC")):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(unicodedata.name(letter, "").startswith(alphabet) for letter in text if not letter.isascii()):
            return text
    return raw.decode("cp437")


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", ".")) or ("(no name)",)


def _read_entry(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, parts: tuple[str, ...], allowance: int
) -> _Found:
    if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0][1:2]:
        inside = tuple(part for part in parts if part != "..") or ("(no name)",)
        return _Found(inside, None, problem="its path leads out of the archive")
    if stat.S_ISLNK(info.external_attr >> 16):
        return _Found(parts, None, problem="it is a symbolic link, which is not followed")
    try:
        when = time.mktime((*info.date_time, 0, 0, -1))
        with archive.open(info) as file:
            data = file.read(min(_most_of(parts[-1]), max(allowance, 0)) + 1)
    except Exception as error:  # an archive is whatever somebody uploaded, and zipfile raises a dozen kinds
        reason = "it is encrypted" if info.flag_bits & 1 else str(error)[:100] or type(error).__name__
        return _Found(parts, None, problem=f"it cannot be unpacked ({reason})")
    if len(data) > allowance:
        return _Found(parts, None, when, "the archive holds too much; unpack it and grade it in parts")
    return _checked(parts, data, when)
