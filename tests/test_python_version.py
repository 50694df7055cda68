"""A Python that is too old or too new is told so in one sentence, at every entrance."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest
from packaging.specifiers import SpecifierSet

from labs_utils import course, python_version

PRETEND = "import sys; sys.version_info = ({version}, 'final', 0)\n"
SENTENCE = "Python 3.11 to 3.13 is needed; this is {this}: choose such a Python"


def python(code, version):
    pretend = PRETEND.format(version=version.replace(".", ", "))
    return subprocess.run(
        [sys.executable, "-c", pretend + code], cwd=course.ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0"])
def test_the_command_line_says_it_without_a_traceback(version):
    code = "import runpy; sys.argv = ['-m', 'doctor']; runpy.run_module('labs_utils', run_name='__main__')"
    done = python(code, version)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("error: " + SENTENCE.format(this=version[:4]))


@pytest.mark.parametrize("version", ["3.9.18", "3.14.0"])
def test_a_notebook_says_it_without_a_traceback(version):
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
        f"{PRETEND.format(version=version.replace('.', ', '))}shell.run_cell('import labs_utils')"
    )
    done = python(code, "3.12.0")
    assert SENTENCE.format(this=version[: version.rindex(".")]) in done.stdout
    assert "Traceback" not in done.stdout and "_render" not in done.stdout


def test_nothing_before_the_check_is_too_new_for_an_old_python():
    package = course.ROOT / "labs_utils"
    ast.parse((package / "python_version.py").read_text("utf-8"), feature_version=(3, 7))
    start = ast.parse((package / "__init__.py").read_text("utf-8"), feature_version=(3, 7)).body
    place = next(n for n, node in enumerate(start) if "check" in ast.unparse(node) and isinstance(node, ast.Expr))
    imported = [ast.unparse(node) for node in start[:place] if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imported == ["import sys", "from typing import Any", "from labs_utils import python_version"]


def test_pip_make_and_the_readme_name_the_same_versions():
    project = tomllib.loads((course.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    allowed = SpecifierSet(project["requires-python"])
    for minor in range(8, 17):
        assert allowed.contains(f"3.{minor}.1") == (python_version.fault((3, minor)) is None)
    makefile = (course.ROOT / "Makefile").read_text("utf-8")
    low, high = re.search(r"\((3, \d+)\) <= sys.version_info < \((3, \d+)\)", makefile).groups()
    assert (low, high) == (f"3, {python_version.OLDEST[1]}", f"3, {python_version.NEWEST[1] + 1}")
    versions = [f"3.{minor}" for minor in range(python_version.OLDEST[1], python_version.NEWEST[1] + 1)]
    assert f"{', '.join(versions[:-1])} or {versions[-1]}" in (course.ROOT / "README.md").read_text("utf-8")


def test_make_names_the_python_it_found_and_the_way_out():
    done = subprocess.run(
        ["make", "--always-make", ".venv/installed", "PYTHON="], cwd=course.ROOT, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "Python 3.11 to 3.13 is needed" in done.stderr and "make PYTHON=/path/to/python" in done.stderr


def test_an_environment_that_was_moved_or_lost_its_python_is_made_anew(tmp_path):
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((course.ROOT / name).read_bytes())
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)

    def plan():
        command = ["make", "--dry-run", "lab", "PYTHON=python3"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    (tmp_path / ".venv" / "installed").write_text(f"{tmp_path}\n")
    assert "-m venv" not in plan()
    (tmp_path / ".venv" / "installed").write_text("/another/place\n")
    assert "-m venv --clear .venv" in plan()
    (tmp_path / ".venv" / "installed").write_text(f"{tmp_path}\n")
    (tmp_path / ".venv" / "bin" / "python").unlink()
    (tmp_path / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    assert "-m venv --clear .venv" in plan()
