"""The package as a whole: light to import, one style, commands that explain themselves, a truthful README."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from labs_utils import course
from labs_utils.__main__ import COMMANDS
from labs_utils.commands import build


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=course.ROOT, timeout=120)


def test_importing_the_package_loads_neither_tensorflow_nor_matplotlib():
    done = python(
        "-c", "import labs_utils, sys; print([m for m in ('tensorflow', 'keras', 'matplotlib') if m in sys.modules])"
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_teaches(command):
    done = python("-m", "labs_utils", *command, "--help")
    assert done.returncode == 0 and len(done.stdout.splitlines()) > 8


def test_ruff_finds_nothing():
    for check in (["check"], ["format", "--check"]):
        done = python("-m", "ruff", *check, ".")
        assert done.returncode == 0, done.stdout + done.stderr


def requirements():
    for line in (course.ROOT / "requirements.txt").read_text("utf-8").splitlines():
        text, _, reason = line.partition("#")
        if text.strip():
            yield Requirement(text), reason.strip()


def test_every_requirement_has_a_lower_bound_and_a_reason():
    for requirement, reason in requirements():
        operators = [specifier.operator for specifier in requirement.specifier]
        assert operators == [">="], f"{requirement}: only a lower bound, so that Colab's versions fit"
        assert len(reason) > 15, f"{requirement}: no reason"


def test_colabs_versions_satisfy_the_requirements():
    colab = {"tensorflow": "2.20.0", "keras": "3.13.0", "numpy": "2.1.0"}
    bounds = {requirement.name: requirement.specifier for requirement, _ in requirements()}
    for name, version in colab.items():
        assert bounds[name].contains(version), f"{name} {version}"


def test_nothing_large_and_no_clutter_is_committed():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=course.ROOT, capture_output=True, text=True).stdout
    files = [name for name in listed.split("\0") if name]
    if not files:
        pytest.skip("not a git checkout: there is no list of committed files")
    for name in files:
        path = course.ROOT / name
        assert not re.search(r"__pycache__|\.ipynb_checkpoints|\.egg-info|\.DS_Store", name)
        assert not path.exists() or path.stat().st_size < 1.5e6, f"{name} is larger than 1.5 MB"


def test_the_readme_starts_with_the_two_commands_and_its_table_is_up_to_date():
    text = (course.ROOT / "README.md").read_text("utf-8")
    assert build.readme_out_of_date() == []
    top = text[:1500]
    assert "make lab" in top and "make test" in top
    for lab in course.lab_names():
        assert f"notebooks/{lab}.ipynb" in text


def test_what_the_readme_names_exists():
    text = (course.ROOT / "README.md").read_text("utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    assert len(targets) >= 3
    for target in targets:
        assert (course.ROOT / target).exists(), target
    for command in re.findall(r"python -m labs_utils (\w+)", text):
        assert command in COMMANDS, command


def test_the_makefile_installs_exactly_the_list_of_requirements():
    project = tomllib.loads((course.ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"]["file"] == ["requirements.txt"]
    assert 'pip install --quiet --editable ".$(EXTRAS)"' in (course.ROOT / "Makefile").read_text("utf-8")


def test_a_missing_package_is_one_sentence():
    code = "import sys; sys.modules['numpy'] = None; from labs_utils.__main__ import main; sys.exit(main(['doctor']))"
    done = python("-c", code)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "the package numpy is not installed: run python -m pip install" in done.stderr


def test_tensorflow_starts_without_noise_after_the_package():
    done = python("-c", "import labs_utils, keras; print(keras.backend.backend())")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "tensorflow", "")


def test_a_failing_import_shows_what_was_set_aside(tmp_path):
    (tmp_path / "loud.py").write_text(
        "import os\nos.write(2, b'the reason\\n')\nraise ImportError('broken')\n", "utf-8"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from labs_utils.quiet import QuietImport\n"
        "sys.meta_path.insert(0, QuietImport('loud')); import loud"
    )
    done = python("-c", code)
    assert "the reason" in done.stderr and "ImportError: broken" in done.stderr


def test_a_closed_standard_error_is_no_obstacle():
    command = f"{sys.executable} -c 'import labs_utils, tensorflow; print(1)' 2>&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=course.ROOT, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "1")


def test_the_faulty_pictures_of_lab_08_are_gone_with_the_process():
    code = (
        "import numpy as np; from labs_utils.datasets.pictures import make_faulty_folder as make\n"
        "pictures = np.zeros((5, 40, 40, 3), np.uint8); print(make({'a': pictures, 'b': pictures}).exists())\n"
        "print(make({'a': pictures, 'b': pictures}))"
    )
    existed, folder = python("-c", code).stdout.split()
    assert existed == "True" and not Path(folder).exists() and not Path(folder).parents[1].exists()
