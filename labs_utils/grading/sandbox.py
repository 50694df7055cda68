"""Where a student's code runs: no network, no home, no course, read-only system, limits on memory and processes.

bubblewrap builds it from Linux namespaces. What exists inside: the system's libraries, the Python installation with
its packages, a ``/scratch`` that only the imports can write in, two programs of this project,
``pipe_server.py`` and ``pipe.py``, and pyseccomp where it is there. SECURITY.md says what this protects against.
"""

import importlib.util
import json
import os
import secrets
import shutil
import site
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import labs_utils
from labs_utils import course, machine
from labs_utils.errors import LabsError
from labs_utils.exercises import pipe_server
from labs_utils.exercises.student import Line, Student, open_line, value_of
from labs_utils.exercises.travel import Taken

KINDS = ("auto", "bwrap", "none")
MEMORY = 2 * 2**30  # bytes a session may take beyond what the imports have taken
PROCESSES = 128  # processes and threads; TensorFlow takes about ten
IMPORT_SECONDS, ORDER_SECONDS = 180, 20
_INSIDE = "/grader"
_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/nix/store")
_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts")
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/scratch",
    "TMPDIR": "/scratch",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/scratch",
    "KERAS_HOME": "/scratch",
    "KERAS_BACKEND": "tensorflow",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # oneDNN looks through all kernels for each operation that is new to a session: of 0.24 s for a first gradient 0.13
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "MALLOC_ARENA_MAX": "2",
    # one thread each: as many submissions run at once as there are cores, and sums come out in the same order
    **machine.ONE_THREAD,
}

HOW_TO = """\
Submissions are programs that strangers wrote: grading runs them in a sandbox, bubblewrap, and there is none here{why}.
  Linux    install it: sudo apt install bubblewrap (Debian, Ubuntu), sudo dnf install bubblewrap (Fedora);
           on Ubuntu 24.04 and later also: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0;
           in a container, start that with --security-opt seccomp=unconfined --security-opt apparmor=unconfined
  macOS    grade in a Linux container (Docker, Podman, Colima) with Python and bubblewrap
  Windows  grade in WSL2: wsl --install, then as on Linux
Only if you trust every submission as your own code: --sandbox none --trust-submissions"""


class SandboxError(LabsError):
    """The sandbox itself does not work; no fault of a submission."""


def choose(kind: str, trusted: bool = False) -> str:
    """The sandbox to use, ``bwrap`` or ``none``, when `kind` is asked for.

    Raises:
        LabsError: bubblewrap is not there or does not work, and `kind` is not ``none`` with `trusted`; the message says
            how to get it on Linux, macOS and Windows.
    """
    if kind == "none":
        if not trusted:
            raise LabsError(
                "--sandbox none runs every submission with your rights, on your files and your network; if you trust"
                " all of them like your own code, add --trust-submissions"
            )
        return "none"
    if shutil.which("bwrap") is None:
        raise LabsError(HOW_TO.format(why=""))
    test = subprocess.run([*_bubblewrap(), "true"], capture_output=True, text=True, errors="replace")
    if test.returncode:
        raise LabsError(HOW_TO.format(why=f" that works ({test.stderr.strip()[:200]})"))
    return "bwrap"


def _bubblewrap() -> list[str]:
    """The command line up to the program to run inside."""
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--as-pid-1", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if os.getuid() == 0:  # root becomes a user without rights inside: limits on processes do not hold for root
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user"]
    command += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/scratch"]
    if os.path.exists("/proc/keys"):  # an ordinary user sees there what the keys of the own session are called
        command += ["--ro-bind", "/dev/null", "/proc/keys"]
    bound: list[Path] = []
    for path in _SYSTEM:
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            command += ["--ro-bind", path, path]
            bound.append(Path(path))
    for path in _FILES:
        command += ["--ro-bind-try", path, path]
    for path in map(Path, (sys.base_prefix, sys.prefix, site.getusersitepackages())):
        if path.is_dir() and not any(path.is_relative_to(other) for other in bound):
            for parent in reversed(path.parents[:-1]):  # made on the way they would be closed to other users
                command += ["--dir", str(parent)]
            command += ["--ro-bind", str(path), str(path)]
            bound.append(path)
    for hidden in (Path(labs_utils.__file__).parent, course.SOLUTIONS, course.NOTEBOOKS, course.ROOT / "tests"):
        if hidden.is_dir() and any(hidden.is_relative_to(other) for other in bound):
            command += ["--tmpfs", str(hidden)]
    package = Path(pipe_server.__file__).parent
    command += ["--dir", _INSIDE]
    for program in ("pipe.py", "pipe_server.py"):
        command += ["--ro-bind", str(package / program), f"{_INSIDE}/{program}"]
    if filters := _filters():
        command += ["--ro-bind", filters, f"{_INSIDE}/pyseccomp.py"]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/scratch"]


def _filters() -> str | None:
    """The file of pyseccomp, or None where it is not installed."""
    found = importlib.util.find_spec("pyseccomp")
    return found.origin if found else None


class Sandbox:
    """A process that has run a lab's imports and starts a session for each set of answers; use as a context manager.

    Args:
        imports: source of the released notebook's import statements.
        kind: ``bwrap`` or ``none``.

    Attributes:
        sealed: system calls that could leave something behind are refused. If not, nobody else's answers should run
            in a sandbox that has held any.

    Raises:
        SandboxError: it did not start; the message says why.
    """

    def __init__(self, imports: str, kind: str):
        self._control, control = socket.socketpair()
        settings = {
            "imports": imports,
            "memory": MEMORY,
            "processes": PROCESSES,
            "user": 100_000 + secrets.randbelow(10**9),  # the kernel keeps keys for each user: nobody had this one
        }
        start, folder = ([], Path(pipe_server.__file__).parent) if kind == "none" else (_bubblewrap(), Path(_INSIDE))
        environment = _ENVIRONMENT | {"PYTHONUSERBASE": site.getuserbase()}
        self._process = subprocess.Popen(
            [*start, sys.executable, str(folder / "pipe_server.py"), str(control.fileno()), json.dumps(settings)],
            pass_fds=(control.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        control.close()
        said = self._hear(IMPORT_SECONDS)
        self.sealed = said == b"sealed"
        if said not in (b"ready", b"sealed"):
            self.close()
            reason = said.decode("utf-8", "replace") or "it ended or took too long"
            raise SandboxError(f"the sandbox could not run the imports of the released notebook: {reason}")

    def _hear(self, seconds: float) -> bytes:
        self._control.settimeout(seconds)
        try:
            return self._control.recv(1000)
        except OSError:
            return b""

    def session(self) -> "Session":
        """A new process with the imports and nothing else; one at a time.

        Raises:
            SandboxError: the sandbox has ended.
        """
        line, descriptors = open_line()
        try:
            socket.send_fds(self._control, [b"s"], descriptors)
        except OSError as error:
            line.close()
            raise SandboxError("the sandbox has ended") from error
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return Session(self, line)

    def end_session(self) -> None:
        """Ends the session with all that it started; the sandbox with it, if that has left anything behind."""
        try:
            self._control.sendall(b"e")
        except OSError:
            self.close()
            return
        if self._hear(ORDER_SECONDS) != b"clean":
            self.close()

    @property
    def alive(self) -> bool:
        """Whether it can start sessions."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends every process in the sandbox."""
        self._control.close()  # tells it to end its session and itself
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Session:
    """One process in a `Sandbox`, asked over its own pipe; use as a context manager."""

    def __init__(self, sandbox: Sandbox, line: Line):
        self._sandbox, self.line = sandbox, line

    def load(self, name: str, taken: Taken, file: str) -> None:
        """Defines the answer called `name`; `file` is `pipe.ANSWERS` or `pipe.REFERENCE`.

        Raises:
            StudentError: its definition failed.
            pipe.PipeError: the process ended, hung, or replied with something that is not a reply.
        """
        value_of(self.line.ask, taken.request(name, file))

    def seed(self, seed: int) -> None:
        """Seeds every generator of random numbers there; raises as `load` does."""
        value_of(self.line.ask, {"do": "seed", "seed": seed})

    def function(self, name: str, lost: Mapping[str, str] | None = None) -> Student:
        """The answer called `name`, which uses the names `lost` that cannot travel."""
        return Student(self.line.ask, name, lost)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exception: object) -> None:
        self.line.close()
        self._sandbox.end_session()
