"""Files that are whole or not there: a crash in the middle of writing leaves the old one. Folders tried before work."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; once that is done, what was written takes the place of `path`.

    Raises:
        OSError: it cannot be written; `path` is then as it was.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        yield beside
        os.replace(beside, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)
        raise


def try_folder(folder: Path) -> None:
    """Makes a folder if need be and writes something to it: better refused now than after minutes of work.

    Raises:
        OSError: it cannot be made or written to; the error names the folder.
    """
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        error.filename = str(folder)
        raise
