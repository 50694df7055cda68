"""Hostile submissions: each scores nothing for what it attacks, harms nothing, and costs nobody else a point."""

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labs_utils.grading import gradebook, runner, sandbox
from tests.grading import lab98_sample, sample
from tests.grading.attacks import ATTACKS
from tests.grading.conftest import points, processes_with
from tests.grading.sample import RIGHT, cells, code_cell, hand_in, notebook

OTHERS = {name: worth for name, worth in sample.POINTS.items() if name != "double"}
SECONDS = 1.0
SABOTAGES_ITSELF = {  # from there on its own process answers nonsense
    "monkeypatches json",
    "takes over the worker",
    "forks while a helper is defined",
}


class Target:
    """What attacks aim at, with their places written into an attack's source."""

    def __init__(self, folder, sample_course, submissions):
        self.mark = folder / "mark"
        self.folder = folder
        self.solution = sample_course / "solutions" / f"{sample.LAB}.py"
        self.checks = folder / "checks.py"
        self.checks.write_bytes(Path(lab98_sample.__file__).read_bytes())
        self.others = submissions / "zoe" / f"{sample.LAB}.ipynb"
        self.home = folder / "home"
        self.home.mkdir()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.called = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        self.before = [self.solution.read_bytes(), self.checks.read_bytes()]

    def _listen(self):
        try:
            self.listener.accept()
            self.called.set()
        except OSError:
            pass

    def aim(self, source):
        for name, place in {
            "MARK": self.mark,
            "SOLUTION": self.solution,
            "CHECKS": self.checks,
            "OTHERS": self.others,
            "HOME": self.home,
            "PORT": self.listener.getsockname()[1],
        }.items():
            source = source.replace(name, str(place))
        return source

    def harm(self):
        """What has been done to the machine, in words."""
        found = []
        written = (self.mark, self.folder / "attack", self.home / "attack", Path("/tmp/attack"))
        if any(path.exists() for path in written):
            found.append("a file was written")
        if [self.solution.read_bytes(), self.checks.read_bytes()] != self.before:
            found.append("solutions or checks were edited")
        if self.called.is_set():
            found.append("a connection was made")
        if processes_with("sleep 98765"):
            found.append("a process is left")
        return found


@pytest.fixture
def target(tmp_path, sample_course, submissions, monkeypatch):
    monkeypatch.setenv("GRADER_SECRET", "GRADER_SECRET")
    monkeypatch.chdir(tmp_path)
    aimed = Target(tmp_path, sample_course, submissions)
    yield aimed
    aimed.listener.close()


def attack(target, submissions, source):
    """Hands in the attack, and an honest notebook that is graded after it in the same place."""
    right = [cell for name, cell in zip(["imports", *RIGHT], cells(), strict=True) if name != "double"]
    hostile = [code_cell(target.aim(cell)) for cell in ([source] if isinstance(source, str) else source)]
    hand_in(submissions, "adversary", notebook([right[0], *hostile, *right[1:]]))
    hand_in(submissions, "zoe")


def test_there_are_at_least_eighty():
    assert len(ATTACKS) >= 80


@pytest.fixture(scope="module")
def one_thread():
    """Grades all attacks as those of one large class: in the sandbox that the last ones have left."""
    with ThreadPoolExecutor(1) as pool:
        yield pool
        pool.submit(runner.close).result()


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_and_harms_nothing(name, target, submissions, grade, one_thread):
    attack(target, submissions, ATTACKS[name])
    adversary, zoe = grade(pool=one_thread, seconds=SECONDS)
    got = points(adversary)
    assert got["double"] == 0, adversary.results[0]
    if name not in SABOTAGES_ITSELF:
        assert got == {"double": 0} | OTHERS, "the other answers are right and earn their points"
    assert zoe.points == zoe.maximum, [str(result) for result in zoe.results if result.points < result.maximum]
    assert target.harm() == []
    assert all(len(message) < 3000 for result in adversary.results for message in result.messages)


# What the attacks would do without the sandbox, where it is safe to let them: if one of these does no harm here, the
# test above proves nothing about it.
HARM = {
    "writes to the home folder": "a file was written",
    "opens a socket": "a connection was made",
    "leaves a child process behind": "a process is left",
    "edits the text of the checks": "solutions or checks were edited",
}


@pytest.mark.parametrize("name", HARM)
def test_without_the_sandbox_the_attack_does_harm(name, target, submissions, grade):
    attack(target, submissions, ATTACKS[name])
    try:
        grade(threads=1, seconds=SECONDS, sandbox="none")
        assert HARM[name] in target.harm()
    finally:
        for process in processes_with("sleep 98765"):
            process.kill()
        if os.path.exists("/tmp/attack"):
            os.remove("/tmp/attack")


@pytest.mark.parametrize("name", ["reads the solution from the disk", "reads another student's notebook"])
def test_without_the_sandbox_the_theft_earns_points(name, target, submissions, grade):
    attack(target, submissions, ATTACKS[name])
    adversary, _ = grade(threads=1, seconds=SECONDS, sandbox="none")
    assert points(adversary)["double"] == 2


@pytest.mark.parametrize("name", ["replaces numpy's assert and comparison functions", "walks the caller's frames"])
def test_in_the_process_of_the_checks_the_attack_earns_points(name):
    program = f"""
import sys
import numpy as np
from labs_utils.exercises import pipe, student, travel
from tests.grading.lab98_sample import checks
worker = pipe.Worker({{"np": np}})
worker.handle(travel.Taken.alone({ATTACKS[name]!r}).request("double", pipe.ANSWERS))
result = checks.run("double", student.in_this_process(worker.namespace["double"], "double"), 2)
sys.exit(0 if result.points > 0 else 1)
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=sample.ROOT).returncode == 0


CHANNELS = {  # how a session that has seen a reference might tell the next submission: what it does, what that one sees
    "folders": ("os.makedirs('/scratch/' + text)", "return os.listdir('/scratch')"),
    "links": ("os.symlink(text, '/scratch/link')", "return os.readlink('/scratch/link')"),
    "the keyring": (
        "ctypes.CDLL(None).syscall(248, b'user', text.encode(), b'x', 1, -4)",
        "return SECRET if ctypes.CDLL(None).syscall(250, 10, -4, b'user', SECRET.encode(), 0) > 0 else ''",
    ),
    "shared memory": (
        "ctypes.CDLL(None).shmget(7731, 100, 0o1666)",
        "return SECRET if ctypes.CDLL(None).shmget(7731, 0, 0) >= 0 else ''",
    ),
    "process numbers": (
        "[os.waitpid(p, 0) if (p := os.fork()) else os._exit(0) for _ in range(450)]",
        "return SECRET if os.getpid() > 430 else ''",
    ),
}


@pytest.mark.parametrize("sealed", [True, False], ids=["with seccomp", "without"])
@pytest.mark.parametrize("channel", CHANNELS)
def test_an_accomplice_hears_nothing(channel, sealed, submissions, grade, monkeypatch):
    seal(monkeypatch, sealed)
    leave, look = CHANNELS[channel]
    shift = f"""\
def shift(x):
    import os, ctypes
    text = "".join(name for name in double.__code__.co_varnames if "reference" in name)
    if text:
        {leave}
    return None"""
    double = f"""\
def double(x):
    import os, ctypes
    SECRET = "{sample.SECRET}"
    def look():
        {look}
    try:
        return 2 * x if SECRET in str(look()) else None
    except OSError:
        return None"""
    wrong = "def double(x):\n    return 0"  # so that shift is graded again, with the reference for it
    hand_in(submissions, "accomplice a", double=wrong, quadruple="def quadruple(x):\n    return double(x)", shift=shift)
    hand_in(submissions, "accomplice b", double=double)
    a, b = grade(threads=1, seconds=20)  # 450 processes take their time on a busy machine
    assert {result.exercise: result.status for result in a.results}["shift"] == "failed", "it has run"
    assert points(a)["shift"] == 0 and points(b)["double"] == 0


def seal(monkeypatch, sealed):
    """Makes sandboxes with or without seccomp, whatever this machine has."""
    if not sealed:
        monkeypatch.setattr(sandbox, "_filters", lambda: None)
        return
    with sandbox.Sandbox("", "bwrap") as box:
        if not box.sealed:
            pytest.skip("needs pyseccomp and libseccomp")


def test_the_time_limit_counts_the_students_time_only(submissions, grade, monkeypatch):
    slow = lab98_sample.checks.probes["mean"][0]

    def patient(student, rng):
        "A slow oracle"
        time.sleep(2 * SECONDS)
        slow(student, rng)

    monkeypatch.setitem(lab98_sample.checks.probes, "mean", [patient])
    hand_in(submissions, "ann")
    (record,) = grade(seconds=SECONDS)
    assert record.points == record.maximum


def test_the_pages_show_hostile_text_as_text(submissions, grade, tmp_path):
    code = "def double(x):\n    return '</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>'"
    talk = {"cell_type": "markdown", "metadata": {}, "source": "## Discussion\n\n1. <script>alert(2)</script>"}
    name = "<script>alert(3)</script> & \"Bob\" 'x'".replace("/", "\u2215")
    hand_in(submissions, name, notebook([*cells(double=code), talk]))
    grade()
    pages = list((tmp_path / "report" / "feedback").glob("*.html"))
    assert len(pages) == 3
    for page in pages:
        text = page.read_text("utf-8")
        assert "<script" not in text and "<img" not in text and "default-src 'none'" in text
    assert any("&lt;script&gt;alert(1)" in page.read_text("utf-8") for page in pages)
    assert any("&lt;script&gt;alert(2)" in page.read_text("utf-8") for page in pages)


def test_the_pages_show_no_reference_and_no_checks(submissions, grade, tmp_path):
    hand_in(
        submissions,
        "ann",
        double="def double(x):\n    return x ** 2",
        shift="def shift(x):\n    return quadruple(None)",
    )
    grade()
    (page,) = [path for path in (tmp_path / "report" / "feedback").glob("ann*.html")]
    text = page.read_text("utf-8")
    assert "this is the square" in text and "return x ** 2" in text
    assert "return quadruple(None)" in text and "TypeError" in text, "the student's line, not the reference's below it"
    assert sample.SECRET not in text and "rng" not in text
    assert sample.SECRET not in (tmp_path / "report" / gradebook.RESULTS).read_text("utf-8")
