"""The sandbox: what it holds, that it refuses to be missing, and that it clears up."""

import subprocess
import sys
import time

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
    assert run(warm, f"import os; return [place for place in {places} if os.path.exists(place)]") == []
    assert run(warm, "import os; return sorted(os.listdir('/grader'))") == ["pipe.py", "pipe_server.py"]
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


def test_a_session_that_leaves_a_file_ends_the_sandbox(bwrap):
    with sandbox.Sandbox("", bwrap) as box:
        run(box, "open('/scratch/left', 'w').close()")
        assert not box.alive


def test_nothing_can_be_written_anywhere(warm):
    with pytest.raises(StudentError, match="File too large"):
        run(warm, "import os; os.write(os.memfd_create('x'), b'x')")
    for place in ("/usr/x", "/x", "/grader/x", "/dev/shm/x", f"{sys.prefix}/x"):
        with pytest.raises(StudentError, match="Read-only|Permission"):
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
