"""Downloads the course's data ahead of class, so that nobody waits for the network during it.

    python -m labs_utils fetch                      everything, into your cache
    python -m labs_utils fetch mnist                one data set
    python -m labs_utils fetch --cache /media/stick a memory stick or a shared folder, for a whole class

Files that are there already are verified, not fetched again. A folder filled with --cache serves others as it is:
they set LABS_DATA_DIR to it. Run the command once more after a failure; it goes on where it stopped.
The exit status is 1 if a file is still missing.
"""

import argparse
from pathlib import Path

from labs_utils.datasets import catalog, sources
from labs_utils.datasets.catalog import Dataset, RemoteFile
from labs_utils.datasets.download import DownloadFailed, FolderUnusable, download
from labs_utils.errors import LabsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    names = ", ".join(catalog.DATASETS)
    parser.add_argument("datasets", nargs="*", metavar="DATASET", help=f"what to fetch (default: all): {names}")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="where to put the files (default: your cache)")


def run(arguments: argparse.Namespace) -> int:
    """Fetches the data sets asked for; returns 0 if every file is there afterwards, else 1.

    Raises:
        LabsError: a data set is unknown, or ``LABS_OFFLINE`` forbids downloads.
    """
    datasets = [catalog.find_dataset(name) for name in arguments.datasets or catalog.DATASETS]
    if sources.is_offline():
        raise LabsError("LABS_OFFLINE is set, so nothing is fetched; unset it and run the command again")
    folder = sources.cache_folder() if arguments.cache is None else arguments.cache
    folders = [(sources.CACHE, folder)]
    if arguments.cache is None and (local := sources.local_folder()):
        folders.insert(0, (sources.LOCAL, local))
    print(f"Cache folder: {folder}")
    # A list, not a generator: one failure must not keep the others from being fetched.
    complete = all([_fetch_dataset(dataset, folders) for dataset in datasets])
    return 0 if complete else 1


def _fetch_dataset(dataset: Dataset, folders: sources.Folders) -> bool:
    """Fetches one data set and says for each file what became of it; returns whether all are there."""
    if not dataset.files:
        print(f"{dataset.title}: {dataset.fallback}")
        return True
    print(f"{dataset.title}: {dataset.size / 1e6:.1f} MB, {dataset.licence}, {dataset.credit}")
    return all([_fetch_file(file, folders) for file in dataset.files])


def _fetch_file(file: RemoteFile, folders: sources.Folders) -> bool:
    """Brings one file into the last of `folders` unless one of them has it; returns whether it is there."""
    found = sources.look_for(file, folders)
    if found:
        print(f"  {file.path}: already in {found.source}")
        return True
    try:
        download(file, folders[-1][1])
    except DownloadFailed as error:
        print(f"  {file.path}: failed: {error}")
        return False
    except FolderUnusable as error:
        print(f"  {file.path}: failed: the cache folder cannot be used ({error}); name another with --cache")
        return False
    print(f"  {file.path}: fetched")
    return True
