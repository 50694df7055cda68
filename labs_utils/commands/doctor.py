"""Says whether this machine is ready for the labs, and what to do if it is not.

It looks at Python and the packages (against requirements.txt), at TensorFlow and the device it computes on, at the
folders for data, and for each data set and each lab at the source that will be used. Nothing is changed or downloaded.
The exit status is 1 if something needed is missing.

Settings, as environment variables:
    LABS_DATA_DIR   a folder with the course's data (course server, memory stick), used first
    LABS_CACHE_DIR  where downloads are kept, if not in your usual cache folder
    LABS_OFFLINE=1  no downloads, no local data: every lab uses its embedded stand-in
"""

import argparse
import importlib.metadata
import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from labs_utils import course, machine
from labs_utils.datasets import catalog, sources
from labs_utils.errors import LabsError

_INSTALL = "python -m pip install -r requirements.txt"
_TENSORFLOW_SECONDS = 180
_TENSORFLOW_PROBE = """
import labs_utils, keras, tensorflow as tf
gpus = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")]
print("GPU: " + ", ".join(gpus) if gpus else "CPU")
"""


@dataclass
class Section:
    """One table of the report, what must be repaired (`faults`) and what is good to know (`advice`)."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds nothing: the command has no arguments of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Prints the report; returns 0 if nothing needed is missing, else 1.

    Raises:
        LabsError: the packages that the report itself needs are missing, or requirements.txt is.
    """
    try:
        sections = [check_packages(), check_tensorflow(), check_folders(), check_data(), check_labs()]
        _print(sections)
    except ModuleNotFoundError as error:
        raise LabsError(f"the package {error.name} is not installed; run: {_INSTALL}") from error
    return 1 if any(section.faults for section in sections) else 0


def check_packages() -> Section:
    """Compares Python and the installed packages with pyproject.toml and requirements.txt."""
    from packaging.specifiers import SpecifierSet

    section = Section("Python and packages", ("package", "installed", "needed", ""))
    needed_python = tomllib.loads(_read_part("pyproject.toml"))["project"]["requires-python"]
    if SpecifierSet(needed_python).contains(platform.python_version(), prereleases=True):
        section.rows.append(("Python", platform.python_version(), needed_python, "ok"))
    else:
        section.rows.append(("Python", platform.python_version(), needed_python, "WRONG"))
        section.faults.append(f"Python {needed_python} is needed; install it and make a new virtual environment")
    wrong = []
    for name, installed, needed, fits in _compare_packages():
        section.rows.append((name, installed or "-", needed, "ok" if fits else "WRONG" if installed else "MISSING"))
        if not fits:
            wrong.append(name)
    if wrong:
        section.faults.append(f"missing or too old: {', '.join(wrong)}; run: {_INSTALL}")
    return section


def _compare_packages() -> Iterator[tuple[str, str | None, str, bool]]:
    """Yields name, installed version, versions needed, and whether it fits, for each line of requirements.txt."""
    from packaging.requirements import Requirement

    needed_for_labs = _read_part("requirements.txt").partition("# Testing")[0]
    for line in needed_for_labs.splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        requirement = Requirement(text)
        try:
            installed = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            installed = _version_by_import(requirement.name)
        fits = installed is not None and requirement.specifier.contains(installed, prereleases=True)
        yield requirement.name, installed, str(requirement.specifier), fits


def _version_by_import(name: str) -> str | None:
    """The version of whatever brings the module of this name (tensorflow-cpu, an Intel or nightly build), or None."""
    for distribution in importlib.metadata.packages_distributions().get(name, []):
        return importlib.metadata.version(distribution)
    return None


def _read_part(name: str) -> str:
    try:
        return (course.ROOT / name).read_text("utf-8")
    except OSError as error:
        raise LabsError(f"{name} cannot be read in {course.ROOT}: get the whole repository of the course") from error


def check_tensorflow() -> Section:
    """Imports TensorFlow in a process of its own, because a wrong build can end the whole process."""
    section = Section("TensorFlow", ("computes on", ""))
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _TENSORFLOW_PROBE],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(course.ROOT), os.environ.get("PYTHONPATH", "")])},
            capture_output=True,
            text=True,
            timeout=_TENSORFLOW_SECONDS,
        )
    except subprocess.TimeoutExpired:
        section.rows.append(("-", "WRONG"))
        section.faults.append(
            f"TensorFlow did not start within {_TENSORFLOW_SECONDS} s; close other programs, try again"
        )
        return section
    if probe.returncode == 0:
        section.rows.append((probe.stdout.strip().splitlines()[-1], "ok"))
        return section
    section.rows.append(("-", "WRONG"))
    remedy = machine.keras_file_fault() or _machine_fault() or f"run: {_INSTALL}"
    section.faults.append(f"TensorFlow cannot be imported ({_why(probe)}); {remedy}")
    return section


def _why(probe: subprocess.CompletedProcess) -> str:
    if probe.returncode < 0:
        name = signal.Signals(-probe.returncode).name
        if name == "SIGILL":
            return (
                "it crashed with SIGILL: this processor lacks AVX, which TensorFlow needs, so use Colab or another one"
            )
        return f"it crashed with {name}: does this build suit the processor?"
    text = (probe.stderr.strip().splitlines() or [f"it ended with status {probe.returncode}"])[-1]
    if (
        probe.returncode in (0xC0000005, 0xC000001D) or "DLL load failed" in text
    ):  # access violation, illegal instruction
        text += (
            "; on Windows, install the Visual C++ runtime from Microsoft (vc_redist.x64.exe), which TensorFlow needs"
        )
    return text


def _machine_fault() -> str | None:
    """Why there is no TensorFlow for this machine, and where the labs run instead; None if there is."""
    system, processor = platform.system(), platform.machine().lower()
    if system == "Darwin" and processor == "x86_64":
        kind = "a Mac with an Intel processor (or a Python for Intel on a newer Mac: then install one for arm64)"
    elif system == "Windows" and processor in ("arm64", "aarch64"):
        kind = "Windows on ARM"
    else:
        return None
    return f"TensorFlow has no builds for {kind}: use Colab (the badges in README.md), or Linux in WSL2 or a container"


def check_folders() -> Section:
    """Looks at the three settings, at the cache folder, and at the free space there."""
    section = Section("Settings", ("setting", "value"))
    for name in ("LABS_DATA_DIR", "LABS_CACHE_DIR", "LABS_OFFLINE"):
        section.rows.append((name, os.environ.get(name) or "not set"))
    section.advice.extend(machine.remarks())
    cache = sources.cache_folder()
    section.rows.append(("cache folder", str(cache)))
    if fault := sources.local_folder_fault():
        section.faults.append(fault)
    try:
        existing = next((folder for folder in (cache, *cache.parents) if folder.exists()), cache)
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free
    except OSError as error:
        section.rows.append(("free disk space", "-"))
        section.advice.append(
            f"the cache folder cannot be used ({error.strerror}): downloads would last for one session only; "
            "set LABS_CACHE_DIR to a folder that you may write to"
        )
        return section
    section.rows.append(("free disk space", f"{free / 1e9:.1f} GB"))
    needed = sum(dataset.size for dataset in catalog.DATASETS.values())
    if free < needed:
        section.advice.append(f"the disk of the cache folder is nearly full: all data need {needed / 1e6:.0f} MB")
    return section


def check_data() -> Section:
    """Says for each data set which source its loader will use."""
    section = Section("Data", ("data set", "will use", "licence"))
    for dataset in catalog.DATASETS.values():
        plan = sources.describe(dataset)
        section.rows.append((f"{dataset.title} ({dataset.name})", plan.source, dataset.licence))
        section.advice.extend(f"{warning}; the next source is used" for warning in plan.warnings)
    return section


def check_labs() -> Section:
    """Says for each student notebook which data it will use, from the notebook's own metadata."""
    section = Section("Labs", ("notebook", "title", "minutes", "will use"))
    for path in (course.NOTEBOOKS / f"{lab}.ipynb" for lab in course.lab_names()):  # others are somebody's own
        if not path.exists():
            continue
        try:
            card = json.loads(path.read_text("utf-8"))["metadata"]["labs"]
            data = "; ".join(_plan_of(name) for name in card["data"]) or "no data"
            section.rows.append((path.stem, card["title"], str(card["minutes"]), data))
        except (OSError, ValueError, KeyError, TypeError) as error:
            section.rows.append((path.stem, "-", "-", "WRONG"))
            reason = f"{type(error).__name__}: {error}"
            section.faults.append(f"{path.name} is not a notebook of the course ({reason}); {_remake()}")
        except LabsError as error:
            section.rows.append((path.stem, card["title"], str(card["minutes"]), "WRONG"))
            section.faults.append(f"{path.name}: {error}")
    if not section.rows:
        told = section.advice if _is_whole() else section.faults
        told.append(f"there are no notebooks in {course.NOTEBOOKS}; {_remake()}")
    return section


def _is_whole() -> bool:
    """Whether the sources are here of which notebooks can be made: students' bundles have none."""
    return any(course.SOLUTIONS.glob("*.py"))


def _remake() -> str:
    if _is_whole():
        return "run: python -m labs_utils build"
    return "unpack or clone the course once more and take it from there"


def _plan_of(name: str) -> str:
    dataset = catalog.find_dataset(name)
    return f"{dataset.title}: {sources.describe(dataset).source}"


def _print(sections: list[Section]) -> None:
    from rich.console import Console
    from rich.table import Table

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows only ASCII shows "?" for a letter it lacks, instead of ending the report.
        sys.stdout.reconfigure(errors="replace")
    console = Console(markup=False, highlight=False, emoji=False)
    for section in sections:
        table = Table(*section.columns, title=section.title, title_justify="left", title_style="bold")
        for row in section.rows:
            table.add_row(*row, style="red" if {"WRONG", "MISSING"} & set(row) else None)
        if section.rows:
            console.print(table)
    for advice in (sentence for section in sections for sentence in section.advice):
        console.print(f"note: {advice}", soft_wrap=True)
    for fault in (sentence for section in sections for sentence in section.faults):
        console.print(f"to repair: {fault}", soft_wrap=True, style="red")
    if not any(section.faults for section in sections):
        console.print("Ready for the labs.")
