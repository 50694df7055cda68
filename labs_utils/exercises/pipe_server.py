"""Runs a lab's imports once, then forks a process for each session of answers.

The grader starts this file inside its sandbox, where only it and ``pipe.py`` of this project exist. Over an inherited
socket come one-byte orders: ``s`` with two file descriptors starts a session, a fork of this process that
answers over them; ``e`` ends it with everything that it started. Importing TensorFlow takes seconds, a fork
milliseconds.

Under bubblewrap this process is the first of its own process namespace: nothing in a session can stop or trace it, and
one signal ends all that a session left behind. If a session left traces of another kind, this process ends, and the
grader starts a new sandbox.

Where pyseccomp and libseccomp are there, a session is *sealed*: the system calls that could leave something behind
(`_LEAVING`) are refused. Elsewhere the grader starts a new sandbox for each submission, and after each reference.
"""

import contextlib
import ctypes
import errno
import gc
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

    try:
        import pyseccomp  # beside this file, where the grader has it
    except (ImportError, RuntimeError, OSError):  # or there is no libseccomp
        pyseccomp = None

    sys.path.pop(0)  # this file's folder; a session finds nothing there

_PR_SET_DUMPABLE = 4
_KEYCTL, _JOIN_SESSION_KEYRING = {"x86_64": 250, "aarch64": 219}, 1  # the system call's number, and one of its orders
_NUMBERS = 400  # process numbers that an honest session, TensorFlow's threads and all, may use up
# What a process can leave behind or reach outside of memory of its own: keys, System V and POSIX shared memory,
# semaphores and queues, names and marks of files; and what it has no business with: other namespaces, tracing, BPF.
_LEAVING = """
    add_key request_key keyctl
    shmget shmat shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink
    mkdir mkdirat symlink symlinkat link linkat mknod mknodat rename renameat renameat2 unlink unlinkat rmdir creat
    chmod fchmod fchmodat fchmodat2 chown fchown fchownat lchown truncate ftruncate fallocate
    utime utimes utimensat futimesat setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr
    unshare setns mount umount2 move_mount fsopen pivot_root chroot open_tree mount_setattr
    ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd bpf perf_event_open userfaultfd
    io_uring_setup io_uring_enter io_uring_register fanotify_init open_by_handle_at
    init_module finit_module kexec_load reboot swapon quotactl syslog personality
""".split()  # noqa: SIM905, nobody reads ninety quoted words
_LIMITS = [value for name, value in sorted(vars(resource).items()) if name.startswith("RLIMIT_")]


def main(control: socket.socket, settings: dict[str, Any]) -> None:
    """Obeys orders until the socket closes.

    Args:
        control: where orders come from.
        settings: ``imports`` (source), ``memory`` (bytes), ``processes``, ``user`` (id to become if this is root).
    """
    alone = os.getpid() == 1
    if alone:
        _new_keyring()
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
    gc.freeze()  # what the imports have made is left alone, and its memory shared with every session
    untouched = traces() if alone else None
    control.sendall(b"sealed" if alone and pyseccomp is not None else b"ready")
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
            if not order or (alone and (traces() != untouched or _next_number() - session > _NUMBERS)):
                return
            control.sendall(b"clean")


def _session(descriptors: list[int], namespace: dict[str, Any], settings: dict[str, Any], alone: bool) -> None:
    """Answers over the two descriptors, within limits; never returns."""
    os.setsid()
    try:
        if alone:
            _limit(settings)
            _seal()
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


def _seal() -> None:
    """Refuses what could outlive the session; where that cannot be done, it gets a keyring of its own at least.

    Raises:
        RuntimeError: the filter was refused; the session ends then.
    """
    if pyseccomp is None:
        _new_keyring()
        return
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in _LEAVING:
        with contextlib.suppress(RuntimeError, OSError, ValueError):  # a call that this system does not have
            rules.add_rule(refuse, name)
    for name, position in (("open", 1), ("openat", 2)):
        with contextlib.suppress(RuntimeError, OSError, ValueError):
            rules.add_rule(refuse, name, pyseccomp.Arg(position, pyseccomp.MASKED_EQ, os.O_CREAT, os.O_CREAT))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "openat2")  # its flags lie in memory, where no filter sees them
    rules.load()


def _new_keyring() -> None:
    """Leaves the keyring of whoever started the grader, where secrets may lie, for a new and empty one."""
    with contextlib.suppress(OSError):
        keyutils = ctypes.CDLL(None, use_errno=True)
        keyutils.syscall(_KEYCTL.get(os.uname().machine, -1), _JOIN_SESSION_KEYRING, None)


def _next_number() -> int:
    """The number that the next process gets: they count on from session to session, a message to whoever comes next."""
    number = os.fork()
    if number == 0:
        os._exit(0)
    os.waitpid(number, 0)
    return number


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
    for folder, folders, files in os.walk("/scratch"):
        for name in sorted([*folders, *files, "."]):
            about = os.lstat(os.path.join(folder, name))
            found.append((folder, name, about.st_mode, about.st_mtime_ns))
        if len(found) > 100_000:
            break  # nobody honest leaves so much: it differs from before already
    return [*found, os.statvfs("/scratch").f_ffree, shutil.disk_usage("/scratch").used]


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
    os._exit(0)  # Python would take TensorFlow apart for more than a second; nothing is left to be written
