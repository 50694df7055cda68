"""The commands `fetch` and `doctor`: what they say, their exit status, and that they work on a bare terminal."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labs_utils import course
from labs_utils.__main__ import main
from labs_utils.commands import doctor, fetch
from labs_utils.datasets import catalog
from labs_utils.errors import LabsError
from tests import local_server
from tests.local_server import CONTENT, WRONG_CONTENT, closed_port_url, remote_file


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("LABS_DATA_DIR", raising=False)
    monkeypatch.delenv("LABS_OFFLINE", raising=False)
    monkeypatch.setenv("LABS_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def server():
    with local_server.running() as server:
        yield server


def use_catalogue(monkeypatch, *files):
    things = catalog.Dataset("things", "Things", "CC0", "nobody", "made up", tuple(files))
    monkeypatch.setattr(catalog, "DATASETS", {"digits": catalog.DIGITS, "things": things})


def run_fetch(*words):
    parser = argparse.ArgumentParser()
    fetch.add_arguments(parser)
    return fetch.run(parser.parse_args(words))


# fetch


def test_fetch_brings_every_file_once(server, monkeypatch, tmp_path, capsys):
    use_catalogue(monkeypatch, remote_file(server.url("good"), path="one"), remote_file(server.url("good"), path="two"))
    assert run_fetch() == 0
    first = capsys.readouterr().out
    assert "Digits 8x8: comes with scikit-learn" in first
    assert "one: fetched" in first and "two: fetched" in first
    assert (tmp_path / "cache" / "one").read_bytes() == CONTENT
    assert run_fetch("things") == 0
    second = capsys.readouterr().out
    assert "one: already in the cache" in second and "two: already in the cache" in second
    assert "Digits" not in second
    assert len(server.requested) == 2


def test_fetch_goes_on_after_a_failure_says_why_and_fails(server, monkeypatch, tmp_path, capsys):
    use_catalogue(
        monkeypatch, remote_file(server.url("missing"), path="one"), remote_file(server.url("good"), path="two")
    )
    assert run_fetch() == 1
    output = capsys.readouterr().out
    assert "one: failed: 127.0.0.1: answered 404" in output and "two: fetched" in output
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["two"]


def test_fetch_fills_the_folder_named_even_if_the_files_are_elsewhere(server, monkeypatch, tmp_path, capsys):
    use_catalogue(monkeypatch, remote_file(server.url("good"), path="one"))
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path / "local"))
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "one").write_bytes(CONTENT)
    assert run_fetch("things") == 0
    assert "one: already in LABS_DATA_DIR" in capsys.readouterr().out
    assert not server.requested
    assert run_fetch("things", "--cache", str(tmp_path / "stick")) == 0
    assert (tmp_path / "stick" / "one").read_bytes() == CONTENT
    assert not (tmp_path / "cache").exists()


def test_fetch_replaces_a_damaged_file(server, monkeypatch, tmp_path, capsys):
    use_catalogue(monkeypatch, remote_file(server.url("good"), path="one"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "one").write_bytes(WRONG_CONTENT)
    assert run_fetch("things") == 0
    assert "one in the cache is damaged: wrong SHA-256; set aside as one.damaged" in capsys.readouterr().out
    assert (tmp_path / "cache" / "one").read_bytes() == CONTENT


def test_fetch_names_a_folder_that_cannot_be_used(server, monkeypatch, tmp_path, capsys):
    use_catalogue(monkeypatch, remote_file(server.url("good"), path="one"))
    (tmp_path / "cache").write_text("I am a file")
    assert run_fetch("things") == 1
    assert "name another with --cache" in capsys.readouterr().out


def test_fetch_refuses_to_work_offline(monkeypatch):
    monkeypatch.setenv("LABS_OFFLINE", "1")
    with pytest.raises(LabsError, match="LABS_OFFLINE is set, so nothing is fetched"):
        run_fetch()


def test_fetch_names_the_data_sets_if_one_is_unknown():
    with pytest.raises(LabsError, match="the data sets are digits, mnist"):
        run_fetch("mnits")


@pytest.mark.parametrize("command", ["fetch", "doctor"])
def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    output = capsys.readouterr().out
    assert "LABS_DATA_DIR" in output and "exit status is 1" in output


# doctor


@pytest.fixture
def root(monkeypatch, tmp_path):
    """A repository of its own for the doctor to look at, with nothing to complain about."""
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    (tmp_path / "requirements.txt").write_text("# a comment\n\nnumpy>=1  # a reason\n")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(course, "lab_names", lambda: ["01_one", "02_two", "03_three"])
    monkeypatch.setattr(doctor, "_TENSORFLOW_PROBE", "print('some warning'); print('CPU')")
    return tmp_path


def write_notebook(root, name, **card):
    notebook = {"cells": [], "metadata": {"labs": card}, "nbformat": 4, "nbformat_minor": 5}
    (root / "notebooks" / f"{name}.ipynb").write_text(json.dumps(notebook), "utf-8")


def test_a_machine_that_is_ready_passes(root, capsys):
    write_notebook(root, "01_one", title="One", minutes=20, lecture="x", data=["digits"])
    assert doctor.run(argparse.Namespace()) == 0
    assert "Ready for the labs." in capsys.readouterr().out


def test_missing_and_old_packages_are_named_with_the_remedy(root, capsys):
    (root / "requirements.txt").write_text("numpy>=1\nscipy>=999\nno-such-package>=1\n")
    section = doctor.check_packages()
    assert [row[-1] for row in section.rows] == ["ok", "ok", "WRONG", "MISSING"]
    [fault] = section.faults
    assert fault.startswith("missing or too old: scipy, no-such-package; run: python -m pip install")
    assert doctor.run(argparse.Namespace()) == 1
    assert fault in capsys.readouterr().out


def test_an_old_python_is_a_fault(root):
    (root / "pyproject.toml").write_text('[project]\nrequires-python = ">=99"\n')
    assert "Python >=99 is needed" in doctor.check_packages().faults[0]


def test_the_list_of_packages_may_not_be_missing(root):
    (root / "requirements.txt").unlink()
    with pytest.raises(LabsError, match=r"requirements\.txt cannot be read"):
        doctor.check_packages()


def test_the_device_is_the_last_line_of_the_probe(root):
    assert doctor.check_tensorflow().rows == [("CPU", "ok")]


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        ("import no_such_tensorflow", "ModuleNotFoundError: No module named 'no_such_tensorflow'"),
        pytest.param(
            "import os; os.abort()",
            "it crashed with SIGABRT",
            marks=pytest.mark.skipif(os.name == "nt", reason="Windows has no signals"),
        ),
    ],
)
def test_a_broken_tensorflow_is_a_fault_with_its_reason(root, monkeypatch, probe, reason):
    monkeypatch.setattr(doctor, "_TENSORFLOW_PROBE", probe)
    [fault] = doctor.check_tensorflow().faults
    assert reason in fault and "pip install" in fault


def test_a_tensorflow_that_hangs_is_a_fault(root, monkeypatch):
    monkeypatch.setattr(doctor, "_TENSORFLOW_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(doctor, "_TENSORFLOW_SECONDS", 0.5)
    assert "did not start within 0.5 s" in doctor.check_tensorflow().faults[0]


def test_each_lab_is_listed_with_the_source_of_its_data(root, monkeypatch):
    use_catalogue(monkeypatch, remote_file(closed_port_url(), path="one"))
    write_notebook(root, "01_one", title="One", minutes=20, lecture="x", data=["digits", "things"])
    write_notebook(root, "02_two", title="Two", minutes=30, lecture="x", data=[])
    section = doctor.check_labs()
    assert section.rows == [
        (
            "01_one",
            "One",
            "20",
            "Digits 8x8: comes with scikit-learn; Things: a download of 0.2 MB, or without network the stand-in",
        ),
        ("02_two", "Two", "30", "no data"),
    ]
    assert not section.faults


def test_a_lab_with_unknown_data_or_no_card_is_a_fault(root):
    write_notebook(root, "01_one", title="One", minutes=20, lecture="x", data=["mnits"])
    (root / "notebooks" / "02_two.ipynb").write_text("{}")
    (root / "notebooks" / "03_three.ipynb").write_text("not json")
    section = doctor.check_labs()
    assert [row[0] for row in section.rows] == ["01_one", "02_two", "03_three"]
    assert "01_one.ipynb: there is no data set 'mnits'" in section.faults[0]
    assert "02_two.ipynb is not a notebook of the course" in section.faults[1]
    assert "03_three.ipynb is not a notebook of the course" in section.faults[2]


def test_what_students_and_systems_leave_beside_the_labs_is_not_judged(root):
    write_notebook(root, "01_one", title="One", minutes=20, lecture="x", data=["digits"])
    for name in ("Untitled.ipynb", "01_one-Copy1.ipynb", "._01_one.ipynb", "01_one_solved.ipynb"):
        (root / "notebooks" / name).write_bytes(b"\xff")
    section = doctor.check_labs()
    assert [row[0] for row in section.rows] == ["01_one"] and not section.faults


def test_no_notebooks_yet_is_no_fault(root):
    section = doctor.check_labs()
    assert not section.faults and "build" in section.advice[0]


def test_a_wrong_local_folder_is_a_fault(root, monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path / "typo"))
    [fault] = doctor.check_folders().faults
    assert "typo" in fault and "correct the path" in fault


def test_an_unusable_cache_is_worth_advice(root, tmp_path):
    (tmp_path / "cache").write_text("I am a file")
    [advice] = doctor.check_folders().advice
    assert "set LABS_CACHE_DIR" in advice


def test_the_doctor_leaves_no_trace(root, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    doctor.run(argparse.Namespace())
    assert sorted(tmp_path.rglob("*")) == before


def test_damaged_local_data_are_told(root, monkeypatch, tmp_path, capsys):
    use_catalogue(monkeypatch, remote_file(closed_port_url(), path="one"))
    (tmp_path / "one").write_bytes(WRONG_CONTENT)
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path))
    assert doctor.run(argparse.Namespace()) == 0
    assert "note: one in LABS_DATA_DIR is damaged: wrong SHA-256; the next source is used" in capsys.readouterr().out


def test_a_pipe_that_knows_only_ascii_gets_the_whole_report(root):
    write_notebook(root, "01_one", title="Überanpassung – overfitting", minutes=20, lecture="x", data=["digits"])
    code = f"""
import argparse, pathlib
from labs_utils import course
from labs_utils.commands import doctor
course.ROOT = pathlib.Path({str(root)!r})
course.NOTEBOOKS = course.ROOT / "notebooks"
course.lab_names = lambda: ["01_one"]
doctor._TENSORFLOW_PROBE = "print('CPU')"
raise SystemExit(doctor.run(argparse.Namespace()))
"""
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "TERM": "dumb"}
    environment["PYTHONPATH"] = str(Path(course.__file__).parents[1])
    process = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60)
    assert process.returncode == 0, process.stderr.decode()
    output = process.stdout.decode("ascii")
    assert "Ready for the labs." in output and "?beranpassung" in output
    assert "\x1b" not in output


def test_settings_that_the_labs_override_are_told(root, monkeypatch, tmp_path):
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first"}', "utf-8")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert any("channels_first; the labs use channels_last" in advice for advice in doctor.check_folders().advice)


def test_a_keras_json_that_keras_refuses_is_named_as_the_thing_to_mend(root, monkeypatch, tmp_path):
    (tmp_path / "keras.json").write_text('{"floatx": "double"}', "utf-8")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "_TENSORFLOW_PROBE", "import keras")
    [fault] = doctor.check_tensorflow().faults
    assert f"rename {tmp_path / 'keras.json'} or delete it" in fault and "pip install" not in fault


def test_only_what_the_labs_need_is_asked_for(root):
    (root / "requirements.txt").write_text("numpy>=1\n# Testing\nno-such-test-tool>=1\n")
    assert doctor.check_packages().faults == []


def test_a_tensorflow_by_another_name_counts(root, monkeypatch):
    (root / "requirements.txt").write_text("no_such_name>=1\n")
    monkeypatch.setattr(doctor.importlib.metadata, "packages_distributions", lambda: {"no_such_name": ["numpy"]})
    assert doctor.check_packages().faults == []


@pytest.mark.parametrize(
    ("system", "processor", "words"),
    [("Darwin", "x86_64", "a Mac with an Intel processor"), ("Windows", "ARM64", "Windows on ARM")],
)
def test_machines_without_a_tensorflow_are_sent_elsewhere(root, monkeypatch, system, processor, words):
    monkeypatch.setattr(doctor, "_TENSORFLOW_PROBE", "import no_such_tensorflow")
    monkeypatch.setattr(doctor.platform, "system", lambda: system)
    monkeypatch.setattr(doctor.platform, "machine", lambda: processor)
    [fault] = doctor.check_tensorflow().faults
    assert words in fault and "use Colab" in fault and "pip install" not in fault


@pytest.mark.parametrize(
    ("status", "stderr", "words"),
    [
        (-4, "", "lacks AVX"),
        (0xC0000005, "", "Visual C++ runtime"),
        (1, "ImportError: DLL load failed while importing _pywrap", "Visual C++ runtime"),
    ],
)
def test_what_a_crash_means_is_said(status, stderr, words):
    assert words in doctor._why(subprocess.CompletedProcess([], status, "", stderr))


@pytest.mark.parametrize("blocked", ["notebooks/my"])
def test_a_file_where_a_folder_is_wanted_is_one_sentence(monkeypatch, tmp_path, capsys, blocked):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / blocked).write_text("x")
    monkeypatch.setattr(course, "MY_NOTEBOOKS", tmp_path / "notebooks" / "my")
    assert main(["start"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ") and len(said.splitlines()) == 1 and "my" in said


def test_a_certificate_file_that_is_gone_is_named(monkeypatch, tmp_path, capsys):
    use_catalogue(monkeypatch, remote_file("https://127.0.0.1:9/x", path="one"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nope.pem")
    assert run_fetch("things") == 1
    assert "/nope.pem does not exist" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://127.0.0.1:9", "the proxy refuses or does not answer: correct or unset HTTPS_PROXY"),
        ("socks5://127.0.0.1:9", "the proxy"),
        ("nonsense://127.0.0.1:9", "the proxy"),
    ],
)
def test_a_proxy_that_does_not_work_is_named(monkeypatch, capsys, proxy, said):
    use_catalogue(monkeypatch, remote_file("https://course.invalid/x", path="one"))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    assert run_fetch("things") == 1
    text = capsys.readouterr().out
    assert said in text and "HTTPS_PROXY" in text and "no connection" not in text


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("one.gz", "move it there"),
        ("a/things/one.gz", "move it there"),
        ("things/one", "compress it with gzip to that name"),
    ],
)
def test_local_data_at_another_place_or_name_are_told(root, monkeypatch, tmp_path, place, what):
    file = remote_file(closed_port_url(), path="things/one.gz")
    use_catalogue(monkeypatch, file)
    local = tmp_path / "local"
    (local / place).parent.mkdir(parents=True)
    (local / place).write_bytes(CONTENT)
    monkeypatch.setenv("LABS_DATA_DIR", str(local))
    [advice] = doctor.check_data().advice
    assert str(local / place) in advice and what in advice and str(local / "things/one.gz") in advice


def test_fashion_mnist_in_the_place_of_mnist_is_called_so(root, monkeypatch, tmp_path):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(bytes(5148))
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path))
    assert any("is of Fashion-MNIST" in advice for advice in doctor.check_data().advice)
