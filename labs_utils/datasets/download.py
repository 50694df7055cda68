"""Fetches one file from its mirrors into a folder; what is at its final name is whole and verified.

`pooch` brings the temporary file, the checksum and the atomic rename. Added here: mirrors, and a limit on waiting
that covers every stage (name look-up, connection, headers, body), because the time-outs of a socket start anew with
each byte and a server that drips bytes would hold a class for hours.
"""

import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from labs_utils.datasets.archive import MemberMissing, read_member
from labs_utils.datasets.catalog import RemoteFile
from labs_utils.errors import LabsError

_CHUNK = 16 * 1024
_hosts_that_failed: set[str] = set()


class DownloadFailed(LabsError):
    """No mirror gave the file; the message says for each of them why."""


class FolderUnusable(LabsError):
    """The folder cannot be written to; the message says why."""


class _MirrorFailed(Exception):
    """One mirror did not give the file; the message says why in a few words."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, in seconds."""

    connect: float = 10
    stall: float = 20
    """Longest wait for the next 16 KiB, which also makes 16 KiB in this time the lowest speed accepted."""
    overall: float = 900
    """Longest time for one file from one mirror."""


PATIENCE = Patience()


def download(file: RemoteFile, folder: Path, patience: Patience = PATIENCE) -> Path:
    """Downloads `file` to its place below `folder`, from the first mirror that gives it whole.

    A mirror is an address, or that of a zip archive with ``#`` and a member of it (`labs_utils.datasets.archive`).
    Shows a progress bar in a terminal or a notebook. Other processes may fetch the same file at the same time.

    Raises:
        DownloadFailed: every mirror failed, or sent something else.
        FolderUnusable: the folder is read-only, full or not a folder; nothing half-written stays in it.
    """
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    target = folder / file.path
    reasons = []
    for url in _in_turn(file.mirrors):
        host = urlsplit(url).hostname
        try:
            pooch.retrieve(
                url,
                known_hash=f"sha256:{file.sha256}",
                fname=file.name,
                path=target.parent,
                downloader=lambda url, destination, _: _transfer(url, Path(destination), file, patience),
            )
            return target
        except _MirrorFailed as error:
            reasons.append(f"{host}: {error}")
        except ValueError:
            reasons.append(f"{host}: sent a different file (wrong SHA-256)")
        except OSError as error:
            # Pooch hides the system's short reason ("Permission denied") behind a long message of its own.
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            raise FolderUnusable(cause.strerror or str(cause)) from error
        _hosts_that_failed.add(urlsplit(url).netloc)
    raise DownloadFailed("; ".join(reasons))


@contextmanager
def socket_limit(seconds: float) -> Iterator[None]:
    """Gives up servers that are silent for so long, in downloads by libraries that would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _in_turn(mirrors: tuple[str, ...]) -> list[str]:
    """The mirrors in their order, those that failed for an earlier file last: one slow host costs its wait once."""
    return sorted(mirrors, key=lambda url: urlsplit(url).netloc in _hosts_that_failed)


def _transfer(url: str, destination: Path, file: RemoteFile, patience: Patience) -> None:
    """Writes what `url` sends to `destination`, with a progress bar; it must have the length of `file`.

    Raises:
        _MirrorFailed: no connection, an error status, too slow, or another length than the file has.
        OSError: the disk does not take it.
    """
    from tqdm.auto import tqdm

    received = 0
    # `disable=None` leaves the bar out where the output goes to a file or a pipe.
    bar = tqdm(desc=file.name, total=file.size, unit="B", unit_scale=True, leave=False, disable=None)
    with bar, open(destination, "wb") as output:
        for chunk in _content(url, patience):
            output.write(chunk)
            received += len(chunk)
            bar.update(len(chunk))
            if received > file.size:
                raise _MirrorFailed(f"sent more than the {file.size} bytes of the file")
    if received < file.size:
        raise _MirrorFailed(f"ended after {received} of {file.size} bytes")
    # Temporary files are private; the finished one may serve everybody who shares the folder.
    destination.chmod(0o644)


def _content(url: str, patience: Patience) -> Iterator[bytes]:
    """Yields the body at `url`, or the member of the archive there that its fragment names.

    Raises:
        _MirrorFailed: no connection, an error status, too slow, or an archive without that member.
    """
    address, _, member = url.partition("#")
    if not member:
        yield from _chunks(address, patience)
        return
    try:
        yield from read_member(address, member, lambda address: _chunks(address, patience))
    except MemberMissing as error:
        raise _MirrorFailed(str(error)) from error


def _chunks(url: str, patience: Patience) -> Iterator[bytes]:
    """Yields the body at `url` piece by piece and never waits longer than `patience` allows.

    The network is read by a thread of its own, which can be left behind wherever it hangs.

    Raises:
        _MirrorFailed: no connection, an error status, or too slow.
    """
    pieces: queue.SimpleQueue[bytes | _MirrorFailed | None] = queue.SimpleQueue()
    given_up = threading.Event()
    threading.Thread(target=_read, args=(url, patience, pieces, given_up), daemon=True).start()
    deadline = time.monotonic() + patience.overall
    try:
        while (remaining := deadline - time.monotonic()) > 0:
            try:
                piece = pieces.get(timeout=min(patience.stall, remaining))
            except queue.Empty:
                if remaining < patience.stall:
                    continue
                raise _MirrorFailed(f"too slow (waited {patience.stall:g} s)") from None
            if piece is None:
                return
            if isinstance(piece, _MirrorFailed):
                raise piece
            yield piece
        raise _MirrorFailed(f"not finished after {patience.overall:g} s")
    finally:
        given_up.set()


def _read(url: str, patience: Patience, pieces: queue.SimpleQueue, given_up: threading.Event) -> None:
    """Puts the body at `url` into `pieces`, at its end None, after a failure the reason."""
    import requests

    try:
        # `identity`: a server or proxy that unpacks .gz files on the way would change their checksum.
        with requests.get(
            url,
            stream=True,
            timeout=(patience.connect, patience.stall),
            headers={"Accept-Encoding": "identity"},
        ) as response:
            response.raise_for_status()
            for chunk in response.iter_content(_CHUNK):
                pieces.put(chunk)
                if given_up.is_set():
                    return
        pieces.put(None)
    except requests.HTTPError as error:
        pieces.put(_MirrorFailed(f"answered {error.response.status_code} {error.response.reason}"))
    except requests.exceptions.ProxyError:
        pieces.put(_MirrorFailed("the proxy refuses or does not answer: correct or unset HTTPS_PROXY and HTTP_PROXY"))
    except requests.exceptions.SSLError:
        pieces.put(_MirrorFailed("no trusted encrypted connection"))
    except requests.Timeout:
        pieces.put(_MirrorFailed("no answer in time"))
    except requests.exceptions.ChunkedEncodingError:
        pieces.put(_MirrorFailed("connection lost midway"))
    except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL) as error:  # our own addresses are valid
        pieces.put(_MirrorFailed(f"the proxy cannot be used ({error}): correct or unset HTTPS_PROXY and ALL_PROXY"))
    except requests.ConnectionError:
        pieces.put(_MirrorFailed("no connection"))
    except (requests.RequestException, OSError) as error:
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        if bundle and not os.path.exists(bundle):
            reason = f"the file of certificates {bundle} does not exist: correct or unset REQUESTS_CA_BUNDLE"
            pieces.put(_MirrorFailed(reason))
        else:
            pieces.put(_MirrorFailed(f"no connection ({type(error).__name__})"))
