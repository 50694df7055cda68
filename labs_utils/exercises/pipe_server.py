"""Runs a lab's imports once, then forks a process for each session of answers.

The grader starts this file inside its sandbox, where only it and ``pipe.py`` of this project exist. Over an inherited
socket come one-byte orders: ``s`` with two file descriptors starts a session, a fork of this process that
answers over them; ``e`` ends it with everything that it started. Importing TensorFlow takes seconds, a fork
milliseconds.

Under bubblewrap this process is the first of its own process namespace: nothing in a session can stop or trace it, and
one signal ends all that a session left behind. If a session left traces of another kind, this process ends, and the
grader starts a new sandbox.
"""

import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import sys
from typing import Any

if __name__ == "__main__":
    import numpy.random  # noqa: F401, loaded here once and not in every session
    import pipe

    sys.path.pop(0)  # this file's folder; a session finds nothing there

_PR_SET_DUMPABLE = 4
_LIMITS = [value for name, value in sorted(vars(resource).items()) if name.startswith("RLIMIT_")]


def main(control: socket.socket, settings: dict[str, Any]) -> None:
    """Obeys orders until the socket closes.

    Args:
        control: where orders come from.
        settings: ``imports`` (source), ``memory`` (bytes), ``processes``, ``user`` (id to become if this is root).
    """
    alone = os.getpid() == 1
    if alone and os.getuid() == 0:
        os.setgroups([])
        os.setgid(settings["user"])
        os.setuid(settings["user"])
    namespace: dict[str, Any] = {"__name__": "answers"}
    try:
        exec(settings["imports"], namespace)
    except Exception as error:
        control.sendall(f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:1000])
        return
    if alone:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first process of a namespace ignores what it does not handle
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)
    untouched = traces() if alone else None
    control.sendall(b"ready")
    session = 0
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if order == b"s":
            session = os.fork()
            if session == 0:
                control.close()
                _session(descriptors, namespace, settings, alone)
            for descriptor in descriptors:
                os.close(descriptor)
        else:
            _end(session, alone)
            if not order or (alone and traces() != untouched):
                return
            control.sendall(b"clean")


def _session(descriptors: list[int], namespace: dict[str, Any], settings: dict[str, Any], alone: bool) -> None:
    """Answers over the two descriptors, within limits; never returns."""
    os.setsid()
    try:
        if alone:
            _limit(settings)
        with open(descriptors[0], "rb") as requests, open(descriptors[1], "wb") as replies:
            pipe.serve(requests, replies, dict(namespace))
    finally:
        os._exit(0)


def _limit(settings: dict[str, Any]) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1)
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # if the machine runs out of memory, this process goes first
    with open("/proc/self/statm") as file:
        in_use = int(file.read().split()[0]) * resource.getpagesize()
    for limit, value in (
        (resource.RLIMIT_AS, in_use + settings["memory"]),
        (resource.RLIMIT_NPROC, settings["processes"]),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _end(session: int, alone: bool) -> None:
    """Ends the session and, in a namespace of our own, everything else in it."""
    if session == 0:
        return
    try:
        while alone:
            os.kill(-1, signal.SIGKILL)
            os.waitpid(-1, 0)
        os.killpg(session, signal.SIGKILL)
        os.waitpid(session, 0)
    except (ProcessLookupError, ChildProcessError):
        pass  # nobody is left


def traces() -> list:
    """What a session could change that outlives its processes: limits, priority, files, shared memory."""
    found: list = [resource.prlimit(0, limit) for limit in _LIMITS]
    found += [os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), sorted(os.sched_getaffinity(0))]
    for kind in ("shm", "msg", "sem"):
        with open(f"/proc/sysvipc/{kind}") as file:
            found.append(len(file.readlines()))
    for folder, _, files in os.walk("/scratch"):
        found += [(folder, name, os.lstat(os.path.join(folder, name)).st_mtime_ns) for name in sorted(files)]
    return [*found, shutil.disk_usage("/scratch").used]


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
