"""Grading processes that die, hang or want all memory cost their own job, and no other."""

import os
import time
from concurrent.futures import as_completed

import pytest

from labs_utils.grading.workers import ATTEMPTS, WorkerDied, Workers


def square(number, trace=None):
    if trace is not None:
        with open(trace, "a") as file:
            file.write(f"{number}\n")
    if number == 3:
        os.abort()
    if number == 5:
        raise ValueError("no five")
    return number**2


def dies_once(mark):
    if os.path.exists(mark):
        return "graded"
    open(mark, "w").close()
    os._exit(1)


def sleeps(seconds):
    time.sleep(seconds)


def takes_all_memory(_):
    return bytearray(2**40)


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__("odd")


def raises_what_cannot_be_sent(_):
    raise Odd(1, 2) from None


def returns_what_cannot_be_sent(_):
    return lambda: None


@pytest.mark.parametrize("processes", [1, 3])
def test_the_culprit_is_named_and_all_others_are_done(processes, tmp_path):
    trace = tmp_path / "trace"
    with Workers(processes) as pool:
        futures = {pool.submit(square, number, trace): number for number in range(8)}
        got = {futures[future]: future.exception() or future.result() for future in as_completed(futures)}
    assert {number: value for number, value in got.items() if number not in (3, 5)} == {
        number: number**2 for number in (0, 1, 2, 4, 6, 7)
    }
    assert isinstance(got[3], WorkerDied) and "this submission" in str(got[3])
    assert isinstance(got[5], ValueError)
    tried = trace.read_text().split()
    assert tried.count("3") == ATTEMPTS and all(tried.count(str(n)) == 1 for n in range(8) if n != 3)


def test_a_job_whose_process_is_killed_by_others_is_tried_again(tmp_path):
    with Workers(1) as pool:
        assert pool.submit(dies_once, tmp_path / "mark").result() == "graded"


def test_a_job_that_hangs_is_ended_and_the_next_is_done():
    with Workers(1, lambda seconds: 1.0 if seconds > 1 else None) as pool:
        hung, fine = pool.submit(sleeps, 1000), pool.submit(sleeps, 0)
        with pytest.raises(WorkerDied, match="longer than 1 s"):
            hung.result()
        assert fine.result() is None


def test_a_job_gets_an_error_and_not_the_memory_of_the_machine():
    with Workers(1) as pool, pytest.raises(MemoryError):
        pool.submit(takes_all_memory, None).result()


@pytest.mark.parametrize("job", [raises_what_cannot_be_sent, returns_what_cannot_be_sent])
def test_what_cannot_be_sent_is_an_error_of_that_job(job):
    with Workers(1) as pool:
        with pytest.raises((RuntimeError, WorkerDied)):
            pool.submit(job, None).result()
        assert pool.submit(square, 2).result() == 4


def test_it_can_be_stopped_while_it_works():
    started = time.monotonic()
    with Workers(1) as pool:
        future = pool.submit(sleeps, 1000)
        time.sleep(2)
        pool.stop()
    assert isinstance(future.exception(), WorkerDied) and time.monotonic() - started < 60
