"""JupyterLab as `make lab` starts it, on a copy of the course, and a real browser that reaches nothing else."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from labs_utils import course, plots

COPIED = ("labs_utils", "data", "solutions", "notebooks", "Makefile", "pyproject.toml", "requirements.txt", "README.md")
WHOLE_PAGE = {"windowingMode": "none"}  # by default JupyterLab takes cells out of the page that are scrolled away


@pytest.fixture(scope="package")
def course_folder(tmp_path_factory):
    """A fresh copy of the course with the student's own folder, as `make lab` leaves it before JupyterLab starts."""
    folder = tmp_path_factory.mktemp("course")
    skip = shutil.ignore_patterns("__pycache__", "my", ".ipynb_checkpoints", "*.egg-info")
    for name in COPIED:
        source = course.ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=skip)
        else:
            shutil.copy(source, folder)
    environment = os.environ | {"PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, "-m", "labs_utils", "start"], cwd=folder, env=environment, check=True)
    return folder


@pytest.fixture(scope="package")
def jupyterlab(course_folder, tmp_path_factory):
    """Address of the JupyterLab that `make lab` opens."""
    settings = tmp_path_factory.mktemp("settings")
    tracker = settings / "@jupyterlab" / "notebook-extension"
    tracker.mkdir(parents=True)
    (tracker / "tracker.jupyterlab-settings").write_text(json.dumps(WHOLE_PAGE), "utf-8")
    port = _free_port()
    more = f"--no-browser --port={port} --IdentityProvider.token= --LabApp.user_settings_dir={settings} --allow-root"
    environment = {name: value for name, value in os.environ.items() if name != plots.BUILDING}
    environment |= {"PYTHONPATH": str(course_folder), "LABS_OFFLINE": "1", "JUPYTER_CONFIG_DIR": str(settings)}
    command = _command_of_make_lab(course_folder, more)
    log = settings / "log"
    with log.open("w") as lines:
        server = subprocess.Popen(command, cwd=course_folder, env=environment, stdout=lines, stderr=lines)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api", server, log)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _command_of_make_lab(folder: Path, more: str) -> list[str]:
    """The line of `make lab` that starts JupyterLab, with this Python's in place of the one in .venv."""
    shown = subprocess.run(["make", "-n", "lab", f"LAB_ARGS={more}"], cwd=folder, capture_output=True, text=True)
    line = re.search(r"^\S*jupyter (lab .*)$", shown.stdout, re.MULTILINE)
    assert line, shown.stdout + shown.stderr
    return [sys.executable, "-m", "jupyter", *shlex.split(line[1])]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        assert server.poll() is None, log.read_text("utf-8")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"JupyterLab did not start: {log.read_text('utf-8')}")


@pytest.fixture(scope="package")
def strangers():
    """Addresses outside this machine that a page asked for."""
    return []


@pytest.fixture(scope="package")
def page(browser, strangers):
    """One window of 1280 × 800 pixels that reaches this machine only."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})

    def only_here(route):
        if route.request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    context.route("**/*", only_here)
    window = context.new_page()
    window.set_default_timeout(120_000)
    yield window
    context.close()
