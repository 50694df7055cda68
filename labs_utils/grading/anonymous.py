"""Codes for names: a report that tells nobody who wrote what, and a key that lies beside it.

Graded with codes, every file of a report has codes where names would be; ``REPORT-names.csv`` says whose they are.
Graded again without, the names are back. What students wrote themselves stays, except their own full names.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from labs_utils.errors import LabsError
from labs_utils.grading import gradebook, roster
from labs_utils.grading.attempts import Entry
from labs_utils.grading.gradebook import Record, cell, plain
from labs_utils.grading.roster import Person

COLUMNS = ("code", "student", "id", "platform")
_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXZ"  # no vowels, hence no words; nothing that looks like something else


def key_of(out: Path) -> Path:
    """Where the key of a report lies: beside its folder, not in it."""
    out = out.resolve()
    return out.with_name(f"{out.name}-names.csv")


class Codes:
    """Who is who in one report.

    Args:
        out: the report's folder.

    Raises:
        LabsError: its key is damaged.
    """

    def __init__(self, out: Path):
        self.path = key_of(out)
        self._rows: dict[str, dict[str, str]] = {}
        for row in roster.read_table(self.path) if self.path.exists() else ():
            if not row.get("code") or not row.get("student"):
                raise LabsError(f"{self.path} has no columns code and student: it must stay as the grader wrote it")
            self._rows[row["code"]] = row | {"student": plain(row["student"])}
        self._codes = {row["student"]: code for code, row in self._rows.items()}

    def expect_only_codes(self, known: Iterable[Record], out: Path) -> None:
        """Makes sure that a report holds no names yet.

        Raises:
            LabsError: it does.
        """
        if any(record.student not in self._rows for record in known):
            raise LabsError(f"{out} holds names already, or {self.path} is gone: give --out another folder")

    def people(self) -> list[Record]:
        """Whom the key knows, with their ids."""
        return [
            Record(row["student"], "", "", id=row.get("id", ""), platform=row.get("platform", ""))
            for row in self._rows.values()
        ]

    def named(self, code: str) -> str:
        """The name behind a code; what is no code stays."""
        return self._rows[code]["student"] if code in self._rows else code

    def of(self, name: str, id: str = "", platform: str = "") -> str:
        """The code for a name; a new one if it has none yet."""
        if name not in self._codes:
            code = ""
            while not code or code in self._rows:
                code = "".join(secrets.choice(_LETTERS) for _ in range(4))
            self._codes[name] = code
            self._rows[code] = {"code": code, "student": name, "id": id, "platform": platform}
        return self._codes[name]

    def hidden(self, entries: Iterable[Entry], people: Iterable[Person]) -> tuple[list[Entry], tuple[Person, ...]]:
        """Entries and roster with codes for names, paths and ids; the key is on the disk before anybody sees a code.

        Raises:
            LabsError: the key cannot be written.
        """
        entries = list(entries)
        said: dict[str, str] = {}
        for entry in entries:
            one = entry.handed_in
            code = self.of(one.student, one.id, one.platform)
            said |= {text: code for text in (one.student, one.file, one.handle, one.id) if text}
        hide = _Hider(said)
        roster_in_codes = tuple(Person(self.of(person.name), frozenset(), {}) for person in people)
        names = _Hider({name: code for name, code in self._codes.items() if len(name) > 3})
        self._write()
        return [replace(one, record=self._hidden(one.record, hide, names)) for one in entries], roster_in_codes

    def file_of(self, record: Record) -> str:
        """A path that tells the code only."""
        mark = hashlib.sha256(record.file.encode("utf-8", "replace")).hexdigest()[:6]
        return f"{self.of(record.student)}/{mark if record.problem else record.lab}{PurePosixPath(record.file).suffix}"

    def _hidden(self, record: Record, hide: "_Hider", names: "_Hider") -> Record:
        return replace(
            record,
            student=self.of(record.student),
            file=self.file_of(record),
            id="",
            platform="",
            handle="",
            notes=tuple(map(hide, record.notes)),
            problem=hide(record.problem),
            answers={name: names(text) for name, text in record.answers.items()},
            written={number: names(text) for number, text in record.written.items()},
        )

    def _write(self) -> None:
        try:
            with gradebook.table(self.path) as writer:
                writer.writerow(COLUMNS)
                writer.writerows([cell(row.get(name, "")) for name in COLUMNS] for row in self._rows.values())
        except OSError as error:
            raise LabsError(f"{self.path} cannot be written ({error.strerror}): give --out another folder") from error


class _Hider:
    """Writes codes where names stand, as whole words and in any case."""

    def __init__(self, said: Mapping[str, str]):
        self._codes = {text.casefold(): code for text, code in said.items()}
        texts = sorted(said, key=len, reverse=True)  # a path before the name in it
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, texts))})(?!\w)", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        return self._pattern.sub(self._code, text) if self._codes else text

    def _code(self, found: re.Match) -> Any:
        return self._codes.get(found[0].casefold(), "…")
