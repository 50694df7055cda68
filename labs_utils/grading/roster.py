"""The list of a class as a learning platform exports it: who there is, and what an import needs to know them by."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from labs_utils.errors import LabsError

# what the columns are called in the exports of Moodle, Canvas, Blackboard, Brightspace, Ilias and by hand
_NAME = ("full name", "name", "student", "student name", "vollständiger name", "nom complet", "nombre completo")
_FIRST = ("first name", "firstname", "given name", "vorname", "prénom", "nombre")
_LAST = ("last name", "lastname", "surname", "family name", "nachname", "nom", "nom de famille", "apellido(s)")
_IDS = (
    "identifier", "id", "id number", "student id", "sis user id", "sis login id", "username", "user name", "login",
    "login id", "user id", "sid", "email", "email address", "e-mail", "e-mail address", "matrikelnummer",
    "orgdefinedid", "bezeichner", "identifiant", "benutzername", "adresse de courriel",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One row of a roster.

    Attributes:
        name: as the class list writes it, "First Last" where it can be known; unlike everybody else's.
        ids: every id, login and address of the row.
        row: the row itself, column → text.
    """

    name: str
    ids: frozenset[str]
    row: dict[str, str] = field(hash=False, compare=False)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV as platforms and spreadsheets write them: commas, semicolons or tabs, UTF-8, UTF-16 or ANSI.

    Raises:
        LabsError: it cannot be read, or is empty.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabsError(f"{path} cannot be read ({error.strerror}): check the path") from error
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    text = None
    for encoding in encodings:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\0" in text:
        raise LabsError(f"{path} is no table of text: export it as CSV (UTF-8)")
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"sep=.", first.strip()):
        text, first = rest, rest.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    lines = io.StringIO(text, newline="")  # a cell may hold several lines
    rows = list(csv.DictReader(lines, delimiter=separator, restkey="", restval=""))
    if not rows:
        raise LabsError(f"{path} holds no rows: export it again, with a line of headings")
    return [{(key or "").strip(): str(value or "").strip() for key, value in row.items()} for row in rows]


def read(path: Path) -> list[Person]:
    """The people on a class list.

    Raises:
        LabsError: it cannot be read, has no column with names or ids, or two rows cannot be told apart.
    """
    rows = read_table(path)
    people: list[Person] = []
    for row in rows:
        small = {key.casefold(): value for key, value in row.items()}
        ids = frozenset(_key(small[name]) for name in _IDS if small.get(name))
        name = _full_name(small) or next((small[name] for name in _IDS if small.get(name)), "")
        if not name or _key(name) in ("pointspossible", "studenttest", "teststudent"):
            continue  # Canvas has a row of maxima and one for a student who is none
        people.append(Person(unicodedata.normalize("NFC", name), ids, row))
    if not people:
        raise LabsError(
            f"{path} has no column with names: expected Full name, Name, Student, or First name and Last name; "
            f"its columns are {', '.join(rows[0])[:200]}"
        )
    twice = {person.name for person in people if sum(other.name == person.name for other in people) > 1}
    told = [
        Person(f"{person.name} ({_shortest(person)})", person.ids, person.row) if person.name in twice else person
        for person in people
    ]
    if len({person.name for person in told}) < len(told):
        raise LabsError(f"{path}: {sorted(twice)[0]} is there twice, without ids that differ; add a column Username")
    return told


def _shortest(person: Person) -> str:
    small = {key.casefold(): value for key, value in person.row.items()}
    return min((small[name] for name in _IDS if small.get(name)), key=len, default="")


def _full_name(small: dict[str, str]) -> str:
    first = next((small[name] for name in _FIRST if small.get(name)), "")
    last = next((small[name] for name in _LAST if small.get(name)), "")
    if first and last:
        return f"{first} {last}"
    name = next((small[name] for name in _NAME if small.get(name)), "") or first or last
    return " ".join(part.strip() for part in reversed(name.split(",", 1)))  # "Lee, Ann" is how Canvas sorts


def _key(text: str) -> str:
    """`text` for comparing: without case, accents, separators, and Moodle's word before an id."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if character.isalnum())
    return re.sub(r"^(?:participant|teilnehmerin|teilnehmer|participante)(?=\d+$)", "", plain)


def find(people: Iterable[Person], student: str, id: str = "") -> Person | None:
    """The one person whom a name or an id means; None if there is nobody, or more than one."""
    people = list(people)
    for wanted in (id, student):
        known = [person for person in people if wanted and _key(wanted) in person.ids]
        if len(known) == 1:
            return known[0]
    words = "".join(sorted(_words(student)))
    joined = _key(student)
    for fits in (
        lambda person: _key(person.name) == joined,
        lambda person: "".join(sorted(_words(_without_id(person)))) == words,
        lambda person: joined in (_key(_without_id(person)), _last_first(person)),
        lambda person: any("@" in text and _key(text.split("@")[0]) == joined for text in person.row.values()),
    ):
        known = [person for person in people if fits(person)]
        if len(known) == 1:
            return known[0]
        if known:
            return None
    return None


def _without_id(person: Person) -> str:
    return re.sub(r" \([^)]*\)$", "", person.name)


def _last_first(person: Person) -> str:
    """The way Canvas writes "Lee, Ann" in the name of a file: leeann."""
    return _key("".join(reversed(_without_id(person).split(" ", 1))))


def _words(name: str) -> list[str]:
    return [_key(word) for word in re.split(r"[\s,_.-]+", name) if word]
