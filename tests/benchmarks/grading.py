"""How many submissions a second, and how much memory: ``python -m tests.benchmarks.grading [--copies N] [--jobs N]``.

Grades copies of the reference solution of a NumPy lab and of a Keras lab. The first submissions, which pay the imports,
are timed apart. Prints figures; asserts nothing. CPU seconds tell more than the clock where others use the machine.
"""

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, wait

import numpy as np
import psutil

from labs_utils.grading import released, runner, sandbox

TRAINING = ("gradient_descent", "MyDense", "collapse", "activation_derivatives")  # of lab 01; they run TensorFlow
KINDS = {
    "NumPy (lab 01 without the exercises that use TensorFlow)": ("01_perceptron", TRAINING),
    "both (lab 01; 3000 steps with GradientTape take most of it)": ("01_perceptron", ()),
    "Keras (lab 02; trains a network)": ("02_backprop_xor", ()),
}


def job(lab: str, without: tuple[str, ...], kind: str) -> runner.Job:
    """The reference solution as a submission; exercises left out count as missing."""
    of_lab = released.load(lab)
    answers = {name: source for name, source in of_lab.references.items() if name not in without}
    return runner.Job(of_lab, answers, {}, seed=1, seconds=60, sandbox=kind)


def usage() -> np.ndarray:
    """Of this process's workers: CPU seconds so far, megabytes (proportional share) checking and in the sandboxes."""
    total = np.zeros(3)
    for process in psutil.Process().children(recursive=True):
        command = " ".join(process.cmdline())
        inside = "pipe_server" in command or "bwrap" in command
        spent = process.cpu_times()
        total[0] += spent.user + spent.system + inside * (spent.children_user + spent.children_system)
        total[1 + inside] += process.memory_full_info().pss / 2**20
    return total


def main() -> None:
    """Prints a line for each kind of lab."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    kind = sandbox.choose("auto")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {arguments.jobs} processes, sandbox {kind}")
    for title, (lab, without) in KINDS.items():
        work = job(lab, without, kind)
        with ProcessPoolExecutor(arguments.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            started = time.perf_counter()
            wait([pool.submit(runner.grade, work) for _ in range(2 * arguments.jobs)])
            first = time.perf_counter() - started
            before, started = usage(), time.perf_counter()
            futures = [pool.submit(runner.grade, work) for _ in range(arguments.copies)]
            wait(futures)
            rate, after = arguments.copies / (time.perf_counter() - started), usage()
        spent, (_, checking, inside) = (after - before)[0] / arguments.copies, after / arguments.jobs
        points = sum(result.points for result in futures[0].result())
        print(
            f"{title}\n  {rate:.1f} submissions a second, {spent:.2f} CPU seconds each, {points:g} points\n"
            f"  once: {first:.0f} s for imports and first submissions\n"
            f"  memory of each worker: {checking:.0f} MB checking, {inside:.0f} MB in the sandbox"
        )


if __name__ == "__main__":
    main()
