"""A kernel in a fork is one like any other, but for Keras, which is there before its first cell."""

import contextlib
import json
import os
import sys

import jupyter_client
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory

from labs_utils import course

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are new processes here")

FOUND = """\
import json, os, sys
environment = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
own = [name for name in sys.modules if name.split(".")[0] in ("labs_utils", "tests")]
print(json.dumps([os.getcwd(), environment, sys.path, sys.argv[1:2], __name__, own, os.getsid(0) == os.getpid()]))
"""
FIGURE = """\
import matplotlib.pyplot as plt
plt.plot([1, 2])
print(plt.get_backend())
"""


@contextlib.contextmanager
def kernel(how="forked", **options):
    factory = KernelProvisionerFactory.instance()
    before, factory.default_provisioner_name = factory.default_provisioner_name, how
    try:
        with jupyter_client.run_kernel(kernel_name="python3", **options) as client:
            yield client
    finally:
        factory.default_provisioner_name = before


def printed(client, code):
    said = []
    client.execute_interactive(code, timeout=60, output_hook=lambda message: said.append(message["content"]))
    return "".join(one.get("text", "") + " ".join(one.get("data", ())) for one in said)


def test_it_finds_what_a_new_process_finds(tmp_path):
    options = {"cwd": str(tmp_path), "env": {**os.environ, "PYTHONPATH": str(tmp_path / "copy"), "OWN": "1"}}
    with kernel("local-provisioner", **options) as new, kernel(**options) as forked:
        expected, found = (json.loads(printed(client, FOUND)) for client in (new, forked))
    assert found == expected
    assert found[1]["OWN"] == "1" and str(tmp_path / "copy") in found[2]


def test_a_figure_is_shown_below_its_cell():
    with kernel("local-provisioner") as new, kernel() as forked:
        expected, found = (printed(client, FIGURE) for client in (new, forked))
    assert found == expected and "inline" in found and "image/png" in found


def test_keras_is_there_and_two_kernels_draw_different_numbers():
    code = "import random, sys, numpy; print('keras' in sys.modules, random.random(), numpy.random.rand())"
    with kernel() as one, kernel() as other:
        (first, *drawn), (second, *others) = (printed(client, code).split() for client in (one, other))
    assert first == second == "True"
    assert not set(drawn) & set(others)


def test_what_the_tests_add_waits_until_the_notebook_has_loaded_the_course(tmp_path):
    (tmp_path / "notebooks").mkdir()
    look = "print('labs_utils' in sys.modules, sys.modules['keras'].Model.fit.__code__.co_filename[-13:])"
    cells = ("import sys", look, "from labs_utils import Lab", look, "print(dir())")
    with kernel(cwd=str(tmp_path / "notebooks"), env={**os.environ, "PYTHONPATH": str(course.ROOT)}) as client:
        told = [printed(client, cell) for cell in cells]
    assert told[1].startswith("False ") and "remembered" not in told[1] and told[3] == "True remembered.py\n"
    assert "remembered" not in told[4] and "_start" not in told[4]


def test_what_is_left_for_the_end_is_done_at_the_end(tmp_path):
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3")
    printed(client, f"import atexit, pathlib; atexit.register(pathlib.Path({str(tmp_path / 'end')!r}).touch)")
    assert not (tmp_path / "end").exists()
    client.stop_channels()
    manager.shutdown_kernel()
    assert (tmp_path / "end").exists()


def test_it_can_be_interrupted_and_its_end_is_noticed():
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3")
    try:
        waiting = client.execute("print('begun', flush=True)\nwhile True: pass")
        while client.get_iopub_msg(timeout=60)["content"].get("text") != "begun\n":
            pass
        manager.interrupt_kernel()
        assert client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] == waiting
        assert printed(client, "print(6 * 7)") == "42\n"
        pid = manager.provisioner.pid
        client.execute("import os; os._exit(3)")
        manager.provisioner.process.wait()
        assert not manager.is_alive() and manager.provisioner.process.poll() == 3
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
