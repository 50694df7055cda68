"""The sandbox: what it holds, that it refuses to be missing, and that it clears up."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labs_utils import course
from labs_utils.errors import LabsError
from labs_utils.exercises import pipe
from labs_utils.exercises.student import StudentError
from labs_utils.exercises.travel import Taken
from labs_utils.grading import sandbox
from tests.grading.conftest import processes_with


@pytest.fixture(scope="module")
def warm(bwrap):
    with sandbox.Sandbox("import numpy as np", bwrap) as box:
        yield box


def run(box, body):
    with box.session() as session:
        session.line.seconds = 10
        session.load("f", Taken.alone(f"def f():\n    {body}"), pipe.ANSWERS)
        return session.function("f")()


@pytest.mark.parametrize("kind", ["auto", "bwrap"])
def test_without_bubblewrap_it_refuses_and_says_how_to_get_one(kind, monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda program: None)
    with pytest.raises(LabsError) as error:
        sandbox.choose(kind)
    for word in ("bubblewrap", "Linux", "apt install", "macOS", "container", "Windows", "WSL2", "--trust-submissions"):
        assert word in str(error.value)


def test_a_bubblewrap_that_does_not_work_is_refused_with_its_reason(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda program: "/usr/bin/bwrap")
    failed = subprocess.CompletedProcess([], 1, "", "bwrap: No permissions to create new namespace")
    monkeypatch.setattr(sandbox.subprocess, "run", lambda *arguments, **more: failed)
    with pytest.raises(LabsError, match="No permissions to create new namespace"):
        sandbox.choose("auto")


def test_none_needs_the_word_that_submissions_are_trusted():
    with pytest.raises(LabsError, match="--trust-submissions"):
        sandbox.choose("none")
    assert sandbox.choose("none", trusted=True) == "none"


def test_the_command_line_refuses_too(tmp_path):
    command = [
        sys.executable,
        "-m",
        "labs_utils",
        "grade",
        str(tmp_path),
        "--out",
        str(tmp_path / "r"),
        "--sandbox",
        "none",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "--trust-submissions" in done.stderr and "Traceback" not in done.stderr


def test_nothing_of_the_course_and_no_home_is_inside(warm):
    ours = [str(course.ROOT / name) for name in ("labs_utils", "solutions", "notebooks", "tests", "README.md")]
    places = [*ours, "/home", "/root/.ssh", "/etc/passwd", "/var", "/sys"]
    environment = {Path(root) for root in (sys.prefix, sys.base_prefix)}  # which may itself lie in a home
    inside = environment | {parent for root in environment for parent in root.parents}
    for place in run(warm, f"import os; return [place for place in {places} if os.path.exists(place)]"):
        shown = {Path(place, name) for name in run(warm, f"import os; return os.listdir({place!r})")}
        assert shown and shown <= inside, place
    assert run(warm, "import os; return sorted(os.listdir('/grader'))")[:2] == ["pipe.py", "pipe_server.py"]
    with pytest.raises(StudentError, match="labs_utils"):
        run(warm, "import labs_utils")


def test_it_has_no_rights_no_network_and_only_its_own_processes(warm):
    assert run(warm, "return open('/proc/self/status').read().split('CapEff:')[1].split()[0].strip('0')") == ""
    assert run(warm, "import os; return os.getuid()") != 0
    assert run(warm, "return open('/proc/net/dev').read().count(':')") <= 1, "nothing but the loopback"
    assert run(warm, "import os; return sum(name.isdigit() for name in os.listdir('/proc'))") == 2


def test_a_session_sees_nothing_of_the_one_before(warm):
    with warm.session() as session:
        session.load(
            "f", Taken.alone("import numpy\nnumpy.secret = 5\ndef f():\n    global kept\n    kept = 1"), pipe.ANSWERS
        )
        session.function("f")()
    assert run(warm, "return [hasattr(np, 'secret'), 'kept' in globals()]") == [False, False]
    assert warm.alive


LEAVING = {
    "a file": "open('/scratch/left', 'w').close()",
    "a folder": "import os; os.mkdir('/scratch/left')",
    "a link": "import os; os.symlink('message', '/scratch/left')",
    "shared memory": "import ctypes; return ctypes.CDLL(None).shmget(7731, 100, 0o1666)",
    "a semaphore": "import ctypes; return ctypes.CDLL(None).semget(7731, 1, 0o1666)",
    "a queue": "import ctypes; return ctypes.CDLL(None).msgget(7731, 0o1666)",
    "process numbers": "import os; [os.waitpid(p, 0) if (p := os.fork()) else os._exit(0) for _ in range(450)]",
}


@pytest.mark.parametrize("what", LEAVING)
def test_a_session_that_leaves_something_ends_the_sandbox_unless_it_is_refused(what, bwrap):
    with sandbox.Sandbox("", bwrap) as box:
        try:
            refused = run(box, LEAVING[what]) == -1
        except StudentError as error:
            assert "permitted" in error.text, error.text
            refused = True
        assert box.alive == refused
        assert refused == (box.sealed and what != "process numbers")


KEYRING = r"""
import ctypes
from labs_utils.exercises import pipe, travel
from labs_utils.grading import sandbox
libc = ctypes.CDLL(None)
libc.syscall(250, 1, None)
assert libc.syscall(248, b"user", b"labs_secret", b"7731", 4, -3) > 0
answer = "import ctypes\ndef f():\n    found = ctypes.CDLL(None).syscall(249, b'user', b'labs_secret', None, 0)\n"
answer += "    try:\n        return [open('/proc/keys').read(), found]\n"
answer += "    except PermissionError:\n        return ['', found]"
with sandbox.Sandbox("", "bwrap") as box, box.session() as session:
    session.line.seconds = 10
    session.load("f", travel.Taken.alone(answer), pipe.ANSWERS)
    seen, key = session.function("f")()
assert "labs_secret" not in seen and key < 0, (seen, key)
"""


def test_the_keyrings_are_new_and_empty(bwrap):
    """The grader may have been started from a session whose keyring holds passwords."""
    if platform.machine() != "x86_64" or not Path("/proc/keys").exists():
        pytest.skip("the numbers of these calls are those of x86-64; the kernel needs keyrings")
    done = subprocess.run([sys.executable, "-c", KEYRING], cwd=course.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1500:]


def test_each_sandbox_is_another_user_where_root_grades(bwrap):
    if os.getuid() != 0:
        pytest.skip("an ordinary user stays that user inside")
    users = set()
    for _ in range(2):
        with sandbox.Sandbox("", bwrap) as box:
            users.add(run(box, "import os; return os.getuid()"))
    assert len(users) == 2 and min(users) >= 100_000


def test_nothing_can_be_written_anywhere(warm):
    with pytest.raises(StudentError, match="File too large"):
        run(warm, "import os; os.write(os.memfd_create('x'), b'x')")
    for place in ("/usr/x", "/x", "/grader/x", "/dev/shm/x", f"{sys.prefix}/x"):
        with pytest.raises(StudentError, match="Read-only|Permission|not permitted"):
            run(warm, f"open({place!r}, 'w')")


def test_imports_that_fail_are_told(bwrap):
    with pytest.raises(sandbox.SandboxError, match="No module named 'nowhere'"):
        sandbox.Sandbox("import nowhere", bwrap)


def test_it_ends_with_its_owner(bwrap):
    program = (
        "import os\nfrom labs_utils.grading import sandbox\n"
        "box = sandbox.Sandbox('mark_of_the_orphan = 1', 'bwrap')\nos._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    for _ in range(100):
        if not processes_with("mark_of_the_orphan"):
            break
        time.sleep(0.05)
    assert not processes_with("mark_of_the_orphan")
