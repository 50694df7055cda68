"""Finds the files of a data set: local folder, then cache, then download; says aloud what went wrong on the way."""

import functools
import glob
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from labs_utils.datasets.catalog import Dataset, RemoteFile
from labs_utils.datasets.download import PATIENCE, DownloadFailed, FolderUnusable, Patience, download
from labs_utils.errors import LabsError

LOCAL = "LABS_DATA_DIR"
CACHE = "the cache"
SESSION = "a temporary folder"
DOWNLOAD = "a download"

_FASHION_MNIST = {26421880, 29515, 4422102, 5148}  # bytes of its four files, whose names are those of MNIST

Folders = Sequence[tuple[str, Path]]


class NotAvailable(LabsError):
    """No source has the files, so a loader uses its stand-in; the message says why."""


@dataclass(frozen=True)
class Found:
    """A verified file and the source it came from."""

    path: Path
    source: str


@dataclass(frozen=True)
class Plan:
    """Which source a loader would use now, in words, and the faults that it would report."""

    source: str
    warnings: tuple[str, ...] = ()


def is_offline() -> bool:
    """Whether ``LABS_OFFLINE`` asks for stand-ins only."""
    return os.environ.get("LABS_OFFLINE", "").strip().lower() not in ("", "0", "false", "no")


def local_folder() -> Path | None:
    """The folder named by ``LABS_DATA_DIR``, whether it exists or not; None where the variable is not set."""
    value = os.environ.get("LABS_DATA_DIR", "").strip()
    return Path(os.path.expanduser(value)) if value else None


def cache_folder() -> Path:
    """The folder that keeps downloads: ``LABS_CACHE_DIR``, or where the operating system wants caches."""
    value = os.environ.get("LABS_CACHE_DIR", "").strip()
    if value:
        return Path(os.path.expanduser(value))
    return platformdirs.user_cache_path("course-labs", appauthor=False)


def local_folder_fault() -> str | None:
    """What is wrong with the setting ``LABS_DATA_DIR``, as a sentence; None if it is not set or fine."""
    folder = local_folder()
    if folder is None or os.path.isdir(folder):
        return None
    return f"LABS_DATA_DIR names {str(folder)!r}, which is not a folder here; correct the path or unset the variable"


def fault_of(path: Path, file: RemoteFile) -> str | None:
    """Why `path` is not the file expected, in a few words; None if it is, byte for byte.

    Raises:
        FileNotFoundError: nothing is there.
    """
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size != file.size and file.path.startswith("mnist/") and size in _FASHION_MNIST:
                return "is of Fashion-MNIST, clothes instead of digits"
            if size != file.size:
                return f"is damaged: {size} bytes long instead of {file.size}"
            if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                return "is damaged: wrong SHA-256"
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def locate(files: Sequence[RemoteFile], patience: Patience = PATIENCE) -> list[Found]:
    """Finds every file, verified by SHA-256, in the order given; downloads what no folder has.

    Damaged files and unusable folders are reported on standard output, by name, and the next source is tried.

    Raises:
        NotAvailable: ``LABS_OFFLINE`` is set, or a file is in no folder and no mirror gives it.
    """
    if is_offline():
        raise NotAvailable("LABS_OFFLINE is set")
    if fault := local_folder_fault():
        _warn(fault)
    folders = _folders()
    found = {file: look_for(file, folders) for file in files}
    elsewhere = filter(None, (misplaced(file) for file in files if found[file] is None))
    for sentence in list(elsewhere)[:1]:  # the others of a data set lie beside it
        _warn(sentence)
    folder = cache_folder()
    for file in files:
        if found[file] is None:
            found[file], folder = _fetch(file, folder, patience)
    return [found[file] for file in files]


def look_for(file: RemoteFile, folders: Folders) -> Found | None:
    """Finds a sound copy of `file` in `folders`, pairs of source and folder, the best first; None if there is none.

    Damaged copies are reported on standard output; those in the cache are set aside as ``*.damaged``.
    """
    for source, path, fault in _candidates(file, folders):
        if fault is None:
            return Found(path, source)
        # A local folder may be shared or a read-only mount: it is somebody else's to repair.
        aside = source == CACHE and _set_aside(path)
        _warn(f"{file.path} in {source} {fault}" + (f"; set aside as {path.name}.damaged" if aside else ""))
    return None


def misplaced(file: RemoteFile) -> str | None:
    """Where ``LABS_DATA_DIR`` has a file at another place or name, and what to do; None if it has not."""
    local = local_folder()
    if local is None or not local.is_dir() or (local / file.path).exists():
        return None
    unpacked = file.name.removesuffix(".gz")
    for name in dict.fromkeys((file.name, unpacked, unpacked.replace("-idx", ".idx"))):
        for place in ("", "*/", "*/*/"):
            for path in local.glob(f"{place}{glob.escape(name)}"):
                how = "move it there" if name == file.name else "compress it with gzip to that name"
                return f"{path} is not looked for: {how}: {local / file.path}"
    return None


def name_sources(found: Sequence[Found]) -> str:
    """The sources used, each once, joined for a sentence: ``LABS_DATA_DIR and a download``."""
    return " and ".join(dict.fromkeys(item.source for item in found))


def describe(dataset: Dataset) -> Plan:
    """Says which source the loader of `dataset` would use now; changes nothing and opens no connection."""
    if not dataset.files:
        return Plan(dataset.fallback)
    if is_offline():
        return Plan(f"stand-in (LABS_OFFLINE is set): {dataset.fallback}")
    warnings = []
    sources = []
    for file in dataset.files:
        source = DOWNLOAD
        for name, _, fault in _candidates(file, _folders()):
            if fault is None:
                source = name
                break
            warnings.append(f"{file.path} in {name} {fault}")
        if source == DOWNLOAD and not warnings and (sentence := misplaced(file)):
            warnings.append(sentence)
        sources.append(source)
    if DOWNLOAD not in sources:
        return Plan(" and ".join(dict.fromkeys(sources)), tuple(warnings))
    size = sum(file.size for file, source in zip(dataset.files, sources, strict=True) if source == DOWNLOAD)
    return Plan(f"a download of {size / 1e6:.1f} MB, or without network the stand-in", tuple(warnings))


def _folders() -> Folders:
    """The folders that may hold files already, best first."""
    local = local_folder()
    folders = [(LOCAL, local)] if local is not None else []
    folders.append((CACHE, cache_folder()))
    if _session_folder.cache_info().currsize:
        folders.append((SESSION, Path(_session_folder().name)))
    return folders


def _candidates(file: RemoteFile, folders: Folders) -> Iterator[tuple[str, Path, str | None]]:
    """Yields source, path and fault (None for a sound file) wherever something lies at the place of `file`."""
    for source, folder in folders:
        path = folder / file.path
        try:
            yield source, path, fault_of(path, file)
        except FileNotFoundError:
            continue


def _fetch(file: RemoteFile, folder: Path, patience: Patience) -> tuple[Found, Path]:
    """Downloads into `folder` or, where that cannot be written, a temporary one; returns the folder that worked.

    Raises:
        NotAvailable: no mirror gives the file, or nothing can be written anywhere.
    """
    try:
        return Found(download(file, folder, patience), DOWNLOAD), folder
    except DownloadFailed as error:
        raise NotAvailable(f"{file.name} could not be downloaded: {error}") from error
    except FolderUnusable as error:
        _warn(
            f"the cache folder {str(folder)!r} cannot be used ({error}), so downloads last for this session only; "
            "set LABS_CACHE_DIR to a folder with free space that you may write to"
        )
    try:
        folder = Path(_session_folder().name)
        return Found(download(file, folder, patience), DOWNLOAD), folder
    except DownloadFailed as error:
        raise NotAvailable(f"{file.name} could not be downloaded: {error}") from error
    except (FolderUnusable, OSError) as error:
        raise NotAvailable(f"{file.name} could not be stored, not even in a temporary folder: {error}") from error


def _set_aside(path: Path) -> bool:
    """Renames a damaged file, so that a sound one can take its place; False if the system refuses."""
    try:
        path.replace(path.with_name(path.name + ".damaged"))
    except OSError:
        return False
    return True


@functools.cache
def _session_folder() -> tempfile.TemporaryDirectory:
    """A folder that lasts as long as this process.

    Raises:
        OSError: the system has no writable folder for temporary files.
    """
    return tempfile.TemporaryDirectory(prefix="course-labs-", ignore_cleanup_errors=True)


def _warn(sentence: str) -> None:
    print(f"note: {sentence}")
