"""The notebooks' kernels, forked from a process in which Keras is loaded: that takes five seconds of processor time.

Each is a process of its own that finds what a new one would: folder, environment, search path, no generator already
drawn from and no `labs_utils`. Only Keras and what Keras loads is there. The build and JupyterLab start new processes.
"""

import atexit
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

_NAME = "forked"


def install() -> None:
    """Has Jupyter's client start this process's kernels so; elsewhere than on Linux, forks are not to be trusted."""
    if sys.platform != "linux":
        return
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[_NAME] = EntryPoint(_NAME, f"{__name__}:Forked", factory.GROUP_NAME)
    factory.default_provisioner_name = _NAME


class Forked(LocalProvisioner):
    """Starts a kernel of this Python in a fork."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """See `LocalProvisioner`. The command runs IPython's kernel, which looks for modules in its folder last."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        environment, folder = options["env"], str(options.get("cwd") or os.getcwd())
        path = subprocess.check_output(
            [cmd[0], "-c", "import json, sys; print(json.dumps(sys.path))"], env=environment, cwd=folder
        )
        forks = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload(["labs_utils", "keras"])  # the first for its settings
        process = forks.Process(target=_run, args=(arguments, environment, folder, json.loads(path)[1:]))
        process.start()
        self.process = _Process(process)
        self.pid = self.pgid = process.pid  # it leads a group as soon as it runs
        self.cwd = folder
        return self.connection_info


class _Process:
    """A process of `multiprocessing` as the client asks for it: like one of `subprocess`."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any):
        self._process, self.pid = process, process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], environment: dict[str, str], folder: str, path: list[str]) -> None:
    os.setsid()
    with open(os.devnull, "r+b") as nowhere:
        for standard in range(3):
            os.dup2(nowhere.fileno(), standard)
    os.environ.clear()
    os.environ.update(environment, JPY_PARENT_PID=str(os.getppid()))  # the kernel ends with that process
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as the kernel does, but too late
    os.chdir(folder)
    sys.path[:] = path
    sys.argv[:] = ["ipykernel_launcher", *arguments]
    for name in [name for name in sys.modules if name.split(".")[0] in ("labs_utils", "tests")]:
        del sys.modules[name]

    import matplotlib  # both are here: Keras loads them
    import numpy as np
    from ipykernel import kernelapp

    matplotlib.rcParams["backend"] = os.environ["MPLBACKEND"]
    np.random.seed()  # all forks would draw the same
    kernelapp.launch_new_instance()
    atexit._run_exitfuncs()  # `multiprocessing` passes over them
