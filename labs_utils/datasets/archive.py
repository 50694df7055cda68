"""Members of a zip archive as mirrors of single files: ``https://host/archive.zip#train/chihuahua/1.jpg``.

The part behind ``#`` is the end of the member's path, because hosts such as GitHub put a folder of changing name around
everything. An archive is fetched once a process, however many of its members are asked for. What a member holds is
verified by its own SHA-256: the bytes of an archive that a host packs on request may change, those of its members not.
"""

import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO

_CHUNK = 16 * 1024
_LARGEST = 200_000_000  # bytes; an archive that does not end is given up
_MOURNING = 60  # seconds for which an archive that failed is not asked for again

_archives: dict[str, IO[bytes]] = {}
_failures: dict[str, tuple[float, Exception]] = {}


class MemberMissing(Exception):
    """The archive came, but not with that member in it whole; the message says what is wrong."""


def read_member(url: str, member: str, fetch: Callable[[str], Iterator[bytes]]) -> Iterator[bytes]:
    """Yields the content of one member of the archive at `url`, piece by piece.

    Args:
        url: address of the archive.
        member: end of the member's path, whole path components.
        fetch: yields the bytes at an address; what it raises is raised again, without a new attempt, for every other
            member that is asked for within a minute.

    Raises:
        MemberMissing: what came is no sound zip archive, or has no such member.
    """
    try:
        with zipfile.ZipFile(_opened(url, fetch)) as archive:
            names = [name for name in archive.namelist() if f"/{name}".endswith(f"/{member}")]
            if len(names) != 1:
                raise MemberMissing(f"sent an archive with {len(names) or 'no'} files {member}")
            with archive.open(names[0]) as stream:
                while piece := stream.read(_CHUNK):
                    yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        _archives.pop(url).close()
        raise MemberMissing("sent a damaged archive") from error


def _opened(url: str, fetch: Callable[[str], Iterator[bytes]]) -> IO[bytes]:
    """The archive at `url`, fetched unless this process has it already, as a file to read."""
    if url not in _archives:
        when, failure = _failures.get(url, (0.0, None))
        if failure is not None and time.monotonic() - when < _MOURNING:
            raise failure
        try:
            _archives[url] = _store(fetch(url))
        except Exception as error:
            _failures[url] = time.monotonic(), error
            raise
    return _archives[url]


def _store(pieces: Iterator[bytes]) -> IO[bytes]:
    from tqdm.auto import tqdm

    file = tempfile.TemporaryFile(prefix="course-labs-")  # noqa: SIM115 (open as long as the process lasts)
    try:
        with tqdm(desc="archive", unit="B", unit_scale=True, leave=False, disable=None) as bar:
            for piece in pieces:
                file.write(piece)
                bar.update(len(piece))
                if file.tell() > _LARGEST:
                    raise MemberMissing(f"sent more than {_LARGEST // 1_000_000} MB")
    except BaseException:
        file.close()
        raise
    return file
