"""How many submissions a second, how much memory, and how long until the first result.

  python -m tests.benchmarks.grading [--copies N] [--jobs N] [LAB ...]

Grades copies of the reference solution, by default of lab 01 (NumPy, and TensorFlow in four exercises) and of lab 06
(Keras), with the grader's own processes. Prints figures; asserts nothing. The load of the machine is printed, too:
where others use it, CPU seconds tell more than the clock.
"""

import argparse
import os
import time
from concurrent.futures import as_completed

import numpy as np
import psutil

from labs_utils import course
from labs_utils.grading import released, runner, sandbox
from labs_utils.grading.workers import Workers


def job(lab: str, kind: str) -> runner.Job:
    """The reference solution as a submission."""
    of_lab = released.load(lab)
    return runner.Job(of_lab, of_lab.references, {}, seed=1, seconds=60, sandbox=kind)


def usage() -> np.ndarray:
    """Of this process's workers: CPU seconds so far, megabytes (proportional share) checking and in the sandboxes."""
    total = np.zeros(3)
    for process in psutil.Process().children(recursive=True):
        try:
            command = " ".join(process.cmdline())
            inside = "pipe_server" in command or "bwrap" in command
            spent = process.cpu_times()
            total[0] += spent.user + spent.system + spent.children_user + spent.children_system
            total[1 + inside] += process.memory_full_info().pss / 2**20
        except psutil.NoSuchProcess:  # a session that has just ended
            continue
    return total


def measure(lab: str, copies: int, jobs: int, kind: str) -> str:
    """Grades `copies` of one lab and says how it went."""
    work = job(lab, kind)
    started = time.perf_counter()
    with Workers(jobs) as pool:
        first = None
        warm = [pool.submit(runner.grade, work) for _ in range(2 * jobs)]
        for future in as_completed(warm):
            first = first or time.perf_counter() - started
            points = sum(result.points for result in future.result())
        before, began = usage(), time.perf_counter()
        peak = before
        for _ in as_completed([pool.submit(runner.grade, work) for _ in range(copies)]):
            peak = np.maximum(peak, usage())
        seconds, after = time.perf_counter() - began, usage()
    spent, (_, checking, inside) = (after - before)[0] / copies, peak / jobs
    rate, both = copies / seconds, checking + inside
    return (
        f"{lab}: {points:g} of {work.released.maximum:g} points\n"
        f"  first result after {first:.1f} s; then {rate:.2f} submissions a second, {spent:.2f} CPU seconds each\n"
        f"  memory of each job, at most: {both:.0f} MB ({checking:.0f} checking, {inside:.0f} in the sandbox)"
    )


def main() -> None:
    """Prints three lines for each lab."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labs", nargs="*", default=["01", "06"], metavar="LAB")
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    kind = sandbox.choose("auto")
    print(f"{os.cpu_count()} cores, {arguments.jobs} jobs, sandbox {kind}")
    for lab in arguments.labs:
        print(f"load {os.getloadavg()[0]:.1f}")
        print(measure(course.find_lab(lab), arguments.copies, arguments.jobs, kind), flush=True)


if __name__ == "__main__":
    main()
