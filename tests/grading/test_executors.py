"""Grading in processes of their own: this machine's through the command line, and Dask's, with identical results."""

import os
import shutil
import subprocess
import sys

import pytest

from labs_utils import course
from labs_utils.grading import runner, submission
from tests.grading import lab98_sample, sample
from tests.grading.conftest import bubblewrap_fault
from tests.grading.sample import hand_in

BUILD = """
from labs_utils import course, notebooks
text = notebooks.serialise(notebooks.student_notebook(notebooks.read_source("98_sample")))
(course.NOTEBOOKS / "98_sample.ipynb").write_text(text, "utf-8")
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Runs Python in a copy of the course that has the sample lab too, so that new processes know it."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(course.ROOT / "labs_utils", root / "labs_utils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(course.ROOT / "pyproject.toml", root)
    shutil.copy(lab98_sample.__file__, root / "labs_utils" / "checks")
    for folder in ("notebooks", "solutions"):
        (root / folder).mkdir()
    (root / "solutions" / f"{sample.LAB}.py").write_text(sample.SOURCE, "utf-8")

    def run(*arguments):
        environment = os.environ | {"PYTHONPATH": str(root)}
        return subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=root, env=environment, capture_output=True, text=True
        )

    run.root = root
    assert run("-c", BUILD).returncode == 0
    return run


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    for number in range(6):
        hand_in(folder, f"right {number}")
        hand_in(folder, f"wrong {number}", double="def double(x):\n    return np.exp(x)")
    hand_in(folder, "ended", pick="def pick():\n    import os\n    os._exit(0)")
    return folder


@pytest.fixture(scope="module")
def local(python, submissions, tmp_path_factory, bwrap):
    out = tmp_path_factory.mktemp("local")
    done = python("-m", "labs_utils", "grade", submissions, "--out", out, "--seed", "7", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_command_grades_in_two_processes(local):
    points = {}
    for row in (local / "gradebook.csv").read_text("utf-8-sig").splitlines()[1:]:
        student, _, _, earned, _, _ = row.split(",")
        points[student] = points.get(student, 0) + float(earned)
    assert points == {f"right {n}": 9 for n in range(6)} | {f"wrong {n}": 7 for n in range(6)} | {"ended": 8}


def test_the_exit_status_tells_that_one_was_not_graded(python, tmp_path, bwrap):
    hand_in(tmp_path / "in", "ann")
    hand_in(tmp_path / "in", "bob", b"{")
    done = python("-m", "labs_utils", "grade", tmp_path / "in", "--out", tmp_path / "out")
    assert done.returncode == 3 and "1 of 2 submissions graded" in done.stdout


CLUSTER = """
import sys
import time
from pathlib import Path
import distributed

if __name__ == "__main__":
    results = Path(sys.argv[1]) / "results.jsonl"
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        while not (results.exists() and results.read_bytes().count(b"\\n")):
            time.sleep(0.05)
        cluster.workers[0].process.process.kill()
        print("killed", flush=True)
        sys.stdin.read()
"""


def test_a_scheduler_gives_the_same_though_one_of_its_two_workers_is_killed(local, python, submissions, tmp_path):
    pytest.importorskip("distributed", reason="Dask is a test-only extra: python -m pip install --editable '.[dask]'")
    script, out = tmp_path / "cluster.py", tmp_path / "out"
    script.write_text(CLUSTER, "utf-8")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = os.environ | {"PYTHONPATH": str(python.root)}
    with subprocess.Popen([sys.executable, script, out], cwd=python.root, env=environment, **pipes) as cluster:
        address = cluster.stdout.readline().strip()
        done = python("-m", "labs_utils", "grade", submissions, "--out", out, "--seed", "7", "--scheduler", address)
        assert done.returncode == 0, done.stdout + done.stderr
        assert cluster.stdout.readline() == "killed\n"
        cluster.stdin.close()
    for path in sorted(local.rglob("*")):
        if path.is_file() and path.name != "results.jsonl":
            assert (out / path.relative_to(local)).read_bytes() == path.read_bytes(), path.name
    lines = [sorted((folder / "results.jsonl").read_text("utf-8").splitlines()) for folder in (local, out)]
    assert lines[0] == lines[1]


def test_a_scheduler_that_does_not_answer_is_one_sentence(python, submissions, tmp_path):
    pytest.importorskip("distributed", reason="Dask is a test-only extra: python -m pip install --editable '.[dask]'")
    done = python("-m", "labs_utils", "grade", submissions, "--out", tmp_path, "--scheduler", "nonsense://x")
    assert done.returncode == 1 and "no Dask scheduler answers" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def warm():
    """The sandbox that all labs share, and that ends with them."""
    yield
    runner.close()


@pytest.mark.parametrize("lab", course.lab_names())
def test_a_lab_can_be_graded(lab, warm):
    kind = "none" if bubblewrap_fault() else "bwrap"
    of_lab = sample.every_lab()[lab]
    untouched = submission.read((course.NOTEBOOKS / f"{lab}.ipynb").read_bytes())
    right, blank = (
        runner.grade(runner.Job(of_lab, answers, {}, seed=7, seconds=60, sandbox=kind))
        for answers in (of_lab.references, untouched.answers)
    )
    assert [result for result in right if result.points < result.maximum] == []
    assert [result for result in blank if (result.status, result.points) != ("blank", 0)] == []
