"""Downloads against a real server with real faults: what arrives is right, or is not there at all."""

import hashlib
import os
import subprocess
import sys
import time

import pytest

from labs_utils import course
from labs_utils.datasets import download as download_module
from labs_utils.datasets import sources
from labs_utils.datasets.download import DownloadFailed, FolderUnusable, Patience, download
from tests import local_server
from tests.local_server import CONTENT, closed_port_url, remote_file

QUICK = Patience(connect=2, stall=1, overall=30)

FAULTS = {
    "drip": "too slow",
    "drip_headers": "too slow",
    "silent": "too slow|no answer in time",
    "cut": "connection lost midway|ended after",
    "short": "ended after 1000 of 200000 bytes",
    "long": "sent more than the 200000 bytes",
    "wrong": "sent a different file",
    "missing": "answered 404",
    "broken": "answered 500",
}

# What a second process runs: `locate` with the file's address as the argument; prints what a loader would build on.
LOCATE = """
import sys
from tests.local_server import remote_file
from labs_utils.datasets import sources
try:
    [found] = sources.locate([remote_file(sys.argv[1])])
    print(found.source, len(found.path.read_bytes()))
except sources.NotAvailable as reason:
    print("not available:", reason)
"""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("LABS_DATA_DIR", "LABS_CACHE_DIR", "LABS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download_module, "_hosts_that_failed", set())


@pytest.fixture
def server():
    with local_server.running() as server:
        yield server


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def start_locating(url, cache, **options):
    environment = os.environ | {"LABS_CACHE_DIR": str(cache), "PYTHONPATH": str(course.ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", LOCATE, url], env=environment, stdout=subprocess.PIPE, text=True, **options
    )


def test_a_download_is_whole_and_leaves_nothing_else(server, tmp_path):
    path = download(remote_file(server.url("good")), tmp_path)
    assert path == tmp_path / "things" / "file.bin"
    assert path.read_bytes() == CONTENT
    assert files_below(tmp_path) == ["things/file.bin"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits for others")
def test_a_download_can_be_read_by_all_who_share_the_folder(server, tmp_path):
    path = download(remote_file(server.url("good")), tmp_path)
    assert path.stat().st_mode & 0o044 == 0o044


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_mirror_is_named_with_its_fault_and_leaves_nothing(server, tmp_path, fault):
    started = time.monotonic()
    with pytest.raises(DownloadFailed, match=f"127.0.0.1: ({FAULTS[fault]})"):
        download(remote_file(server.url(fault)), tmp_path, QUICK)
    assert files_below(tmp_path) == []
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_faulty_mirror_the_next_one_serves(server, tmp_path, fault):
    path = download(remote_file(server.url(fault), server.url("good")), tmp_path, QUICK)
    assert path.read_bytes() == CONTENT
    assert files_below(tmp_path) == ["things/file.bin"]
    assert [request.split("/")[1] for request in server.requested] == [fault, "good"]


def test_an_absent_server_is_no_connection(server, tmp_path):
    with pytest.raises(DownloadFailed, match="127.0.0.1: no connection"):
        download(remote_file(closed_port_url()), tmp_path, QUICK)
    assert download(remote_file(closed_port_url(), server.url("good")), tmp_path, QUICK).read_bytes() == CONTENT


def test_a_steady_but_endless_transfer_is_given_up(server, tmp_path):
    with pytest.raises(DownloadFailed, match="not finished after 1 s"):
        download(remote_file(server.url("slow")), tmp_path, Patience(connect=2, stall=20, overall=1))
    assert files_below(tmp_path) == []


def test_a_mirror_that_failed_is_asked_last_for_the_next_file(server, tmp_path):
    with local_server.running() as failing:
        mirrors = failing.url("missing"), server.url("good")
        download(remote_file(*mirrors, path="one"), tmp_path, QUICK)
        download(remote_file(*mirrors, path="two"), tmp_path, QUICK)
        assert len(failing.requested) == 1
    assert files_below(tmp_path) == ["one", "two"]


def unusable_folders():
    yield "a file in its place"
    yield pytest.param(
        "refused by the system", marks=pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs Linux's /proc")
    )
    yield "no write permission"


@pytest.fixture(params=unusable_folders())
def unusable_folder(request, tmp_path):
    folder = tmp_path / "cache"
    if request.param == "a file in its place":
        folder.write_text("I am a file")
        yield folder
    elif request.param == "refused by the system":
        yield type(folder)("/proc/self/cache")
    else:
        folder.mkdir(mode=0o500)
        if os.access(folder, os.W_OK):
            pytest.skip("permissions do not stop this user (the super-user, or Windows)")
        yield folder
        folder.chmod(0o700)


def test_an_unusable_folder_is_told_apart_from_a_faulty_mirror(server, unusable_folder):
    with pytest.raises(FolderUnusable, match=r"^[A-Z][a-z ]+$"):
        download(remote_file(server.url("good")), unusable_folder)


def test_with_an_unusable_cache_a_temporary_folder_serves_and_the_remedy_is_named(
    server, unusable_folder, monkeypatch, capsys
):
    monkeypatch.setenv("LABS_CACHE_DIR", str(unusable_folder))
    files = [remote_file(server.url("good"), path=path) for path in ("one", "two")]
    sources._session_folder.cache_clear()
    try:
        found = sources.locate(files)
        assert [item.path.read_bytes() for item in found] == [CONTENT, CONTENT]
        again = sources.locate(files)
        assert [item.source for item in again] == [sources.SESSION, sources.SESSION]
    finally:
        sources._session_folder().cleanup()
        sources._session_folder.cache_clear()
    [sentence] = capsys.readouterr().out.splitlines()
    assert "cannot be used" in sentence and "set LABS_CACHE_DIR" in sentence
    assert len(server.requested) == 2


@pytest.mark.skipif(os.name == "nt", reason="needs resource limits")
def test_on_a_full_disk_the_data_are_not_available_and_no_half_file_stays(server, tmp_path):
    import resource

    def limit_file_size():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    process = start_locating(server.url("good"), tmp_path, preexec_fn=limit_file_size)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    note, outcome = output.splitlines()
    assert "File too large" in note and "set LABS_CACHE_DIR" in note
    assert outcome.startswith("not available: file.bin could not be stored, not even in a temporary folder")
    assert files_below(tmp_path) == []


def test_two_processes_that_fetch_at_once_both_get_the_right_file(server, tmp_path):
    processes = [start_locating(server.url("unhurried"), tmp_path) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert len(server.requested) == 2, "the two did not overlap, so this run showed nothing"
    assert outputs == [f"{sources.DOWNLOAD} {len(CONTENT)}\n"] * 2
    assert files_below(tmp_path) == ["things/file.bin"]
    assert hashlib.sha256((tmp_path / "things/file.bin").read_bytes()).digest() == hashlib.sha256(CONTENT).digest()
