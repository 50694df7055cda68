"""Files inside an archive: one download for all of them, each verified by itself, every fault named."""

import io
import zipfile

import pytest

from labs_utils.datasets import archive, sources
from labs_utils.datasets import download as download_module
from labs_utils.datasets.download import DownloadFailed, Patience, download
from tests import local_server
from tests.local_server import CONTENT, closed_port_url, remote_file

QUICK = Patience(connect=2, stall=1, overall=30)
OTHER = CONTENT[::-1]


def packed(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


GOOD = packed({"project-1f3b/data/things/file.bin": CONTENT, "project-1f3b/data/other.bin": OTHER})
MEMBER = "things/file.bin"


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("LABS_DATA_DIR", "LABS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LABS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(download_module, "_hosts_that_failed", set())
    monkeypatch.setattr(archive, "_archives", {})
    monkeypatch.setattr(archive, "_failures", {})


@pytest.fixture
def server(monkeypatch):
    """Serves `server.archive` at /archive/…, besides the faults of the local server."""

    def serve_archive(handler):
        handler.start(len(handler.server.archive))
        handler.wfile.write(handler.server.archive)

    monkeypatch.setattr(local_server._Handler, "serve_archive", serve_archive, raising=False)
    with local_server.running() as server:
        server.archive = GOOD
        yield server


def test_a_member_is_found_by_the_end_of_its_path(server, tmp_path):
    path = download(remote_file(server.url("archive") + f"#{MEMBER}"), tmp_path)
    assert path.read_bytes() == CONTENT
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["file.bin"]


def test_one_download_serves_every_member(server):
    url = server.url("archive")
    files = [remote_file(f"{url}#{MEMBER}", path=f"things/{k}.bin") for k in range(5)]
    found = sources.locate(files)
    assert [item.path.read_bytes() for item in found] == [CONTENT] * 5
    assert len(server.requested) == 1
    assert [item.source for item in sources.locate(files)] == [sources.CACHE] * 5


FAULTS = {
    "another content under the name": (packed({"a/things/file.bin": OTHER}), "sent a different file"),
    "no such member": (packed({"a/things/file.bin.txt": CONTENT, "a/all_things/file.bin": CONTENT}), "with no files"),
    "the member twice": (packed({"a/things/file.bin": CONTENT, "b/things/file.bin": CONTENT}), "with 2 files"),
    "a longer member": (packed({"a/things/file.bin": CONTENT + b"x"}), "sent more than the 200000 bytes"),
    "no archive": (CONTENT, "sent a damaged archive"),
    "half an archive": (GOOD[: len(GOOD) // 2], "sent a damaged archive"),
    "a flipped byte": (GOOD[:5000] + bytes([GOOD[5000] ^ 255]) + GOOD[5001:], "damaged archive|a different file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_archive_is_named_with_its_fault_and_leaves_nothing(server, tmp_path, fault):
    server.archive, sentence = FAULTS[fault]
    with pytest.raises(DownloadFailed, match=f"127.0.0.1: .*({sentence})"):
        download(remote_file(server.url("archive") + f"#{MEMBER}"), tmp_path, QUICK)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize("fault", ["missing", "cut", "silent"])
def test_an_archive_that_cannot_be_had_is_asked_for_once_and_the_next_mirror_serves(server, tmp_path, fault):
    bad = server.url(fault)
    for number in range(3):
        mirrors = f"{bad}#{MEMBER}", server.url("good")
        assert download(remote_file(*mirrors, path=str(number)), tmp_path, QUICK).read_bytes() == CONTENT
        download_module._hosts_that_failed.clear()
    assert sum(path.startswith(f"/{fault}") for path in server.requested) == 1


def test_an_archive_that_failed_is_asked_for_again_after_a_while(server, tmp_path, monkeypatch):
    server.archive = b"not yet"
    file = remote_file(server.url("archive") + f"#{MEMBER}")
    missing = remote_file(server.url("missing") + f"#{MEMBER}")
    monkeypatch.setattr(archive, "_MOURNING", 0)
    for _ in range(2):
        with pytest.raises(DownloadFailed):
            download(missing, tmp_path, QUICK)
    assert len(server.requested) == 2
    with pytest.raises(DownloadFailed, match="damaged archive"):
        download(file, tmp_path, QUICK)
    server.archive = GOOD
    assert download(file, tmp_path, QUICK).read_bytes() == CONTENT


def test_without_connection_the_reason_is_said(tmp_path):
    with pytest.raises(DownloadFailed, match="no connection"):
        download(remote_file(f"{closed_port_url()}#{MEMBER}"), tmp_path, QUICK)
