"""The sample lab in a course of its own, and where there is bubblewrap."""

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import psutil
import pytest

from labs_utils import course, notebooks
from labs_utils.errors import LabsError
from labs_utils.grading import attempts, class_run, released, sandbox
from tests.grading import lab98_sample, sample


def bubblewrap_fault() -> str:
    try:
        sandbox.choose("bwrap")
    except LabsError as error:
        return str(error).splitlines()[0]
    return ""


@pytest.fixture(scope="session")
def bwrap():
    """Skips a test that proves something about the sandbox where there is none."""
    if fault := bubblewrap_fault():
        pytest.skip(f"needs bubblewrap (Linux: apt install bubblewrap): {fault}")
    return "bwrap"


@pytest.fixture
def sample_course(tmp_path, monkeypatch):
    """A course that holds only the sample lab."""
    root = tmp_path / "course"
    for name in ("notebooks", "solutions"):
        (root / name).mkdir(parents=True)
        monkeypatch.setattr(course, name.upper(), root / name)
    monkeypatch.setattr(course, "lab_names", lambda: [sample.LAB])
    monkeypatch.setitem(sys.modules, "labs_utils.checks.lab98_sample", lab98_sample)
    (root / "solutions" / f"{sample.LAB}.py").write_text(sample.SOURCE, "utf-8")
    source = notebooks.read_source(sample.LAB)
    student = notebooks.serialise(notebooks.student_notebook(source))
    (root / "notebooks" / f"{sample.LAB}.ipynb").write_text(student, "utf-8")
    released.load.cache_clear()
    yield root
    released.load.cache_clear()


@pytest.fixture
def submissions(tmp_path):
    """An empty folder to hand in to."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


@pytest.fixture
def grade(sample_course, submissions, tmp_path, bwrap):
    """Grades the folder in threads, which see the sample lab; returns the records."""

    def run(source=submissions, threads=2, pool=None, **settings):
        rules = {name: settings.pop(name) for name in [f.name for f in fields(attempts.Rules)] if name in settings}
        settings = {"out": tmp_path / "report", "sandbox": bwrap, "seed": 5, "seconds": 5} | settings
        settings["which"] = attempts.Rules(**rules)
        with contextlib.nullcontext(pool) if pool else ThreadPoolExecutor(threads) as executor:
            return class_run.grade_class(source, class_run.Settings(**settings), executor=executor)

    return run


def points(record) -> dict[str, float]:
    """Exercise → points."""
    return {result.exercise: result.points for result in record.results}


def processes_with(mark: str) -> list[psutil.Process]:
    """Processes on this machine whose command line contains `mark`."""
    return [one for one in psutil.process_iter(["cmdline"]) if mark in " ".join(one.info["cmdline"] or [])]
