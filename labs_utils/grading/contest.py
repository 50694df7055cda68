"""The contest of a lab: who changed a picture least, and whose pictures mislead whose network.

Everything is computed anew from what was handed in. The norm comes from two PNG files, read by
`labs_utils.grading.beside`. The network is the student's own answer with the student's own weights, and runs in the
sandbox only. What comes back is two numbers for each picture. A network could lie about its own student's picture, so
places are honour, not points. The leaderboard and the transfer matrix cover what was handed in with this run.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from labs_utils.exercises.contest import Contest
from labs_utils.grading import beside, gradebook, rendering, runner
from labs_utils.grading.workers import WorkerDied

PAGE, LEADERBOARD, TRANSFER = "contest.html", "leaderboard.csv", "transfer.csv"


@dataclass(frozen=True)
class Entrant:
    """Somebody who handed in files beside a notebook.

    Attributes:
        student: name, or code.
        read: the files.
        logits: of the own network for all pictures that are shown to it, (k, 2); None if it could not be asked.
        remarks: what is missing or wrong, one sentence each.
        label: and of the own network: the original's label (None where there is no network), its `probability`,
            whether the modified picture gets another one (`misled`), and its `accuracy` on hidden pictures.
        place: in the leaderboard, from 1; None for who is not ranked.
    """

    student: str
    read: beside.Beside
    logits: np.ndarray | None = None
    remarks: tuple[str, ...] = ()
    label: int | None = None
    probability: float = 0.0
    misled: bool = False
    accuracy: float = 0.0
    place: int | None = None

    @property
    def pair(self) -> list[np.ndarray]:
        """The original and the modified picture, or nothing."""
        pictures = self.read.pictures
        return [pictures["ori"], pictures["mod"]] if {"ori", "mod"} <= pictures.keys() else []

    @property
    def norm(self) -> float | None:
        """The Euclidean norm of the change, in units of white."""
        if not self.pair:
            return None
        ori, mod = (picture.astype(float) for picture in self.pair)
        return float(np.linalg.norm(mod - ori) / 255)


@dataclass(frozen=True)
class Outcome:
    """A contest that was held.

    Attributes:
        lab: its full name.
        contest: its rules.
        entrants: ranked ones first.
        authors: whose pictures were shown, in the order of the matrix's columns.
        judges: whose networks saw them, in the order of its rows.
        matrix: (judges, authors): whether a network gives the modified picture another label than the original.
    """

    lab: str
    contest: Contest
    entrants: list[Entrant]
    authors: list[str]
    judges: list[str]
    matrix: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))

    def passed_on(self, student: str) -> str:
        """How many of the other networks a student's picture misleads, for example ``3 of 7``; "" without a picture."""
        if student not in self.authors:
            return ""
        others = [row for row, judge in enumerate(self.judges) if judge != student]
        return f"{int(self.matrix[others, self.authors.index(student)].sum())} of {len(others)}"


def of_lab(lab: str) -> Contest | None:
    """The contest that the checks of `lab` announce, or None."""
    return getattr(sys.modules.get(f"labs_utils.checks.lab{lab}"), "CONTEST", None)


def hold(
    lab: str,
    contest: Contest,
    handed_in: Sequence[tuple[str, dict[str, bytes], runner.Job]],
    pool: Executor,
    seed: int,
) -> Outcome:
    """Reads all files, asks every network about every picture, and ranks.

    Args:
        lab: full name.
        contest: its rules.
        handed_in: student, files by kind, and the job with the student's answers.
        pool: where reading and asking happen; neither happens in this process.
        seed: of the hidden pictures.
    """
    readings = [pool.submit(_read, job, files, contest.size, contest.budget) for _, files, job in handed_in]
    entrants = [Entrant(who, _or_fault(one)) for (who, _, _), one in zip(handed_in, readings, strict=True)]
    entrants = [replace(one, remarks=(*one.read.faults, *_missing(one.read))) for one in entrants]
    hidden, labels = contest.hidden(seed)
    shown = [picture.astype("float32") / 255 for one in entrants for picture in one.pair]
    inputs = np.concatenate([np.asarray(shown, "float32").reshape(-1, *hidden.shape[1:]), hidden.astype("float32")])
    asked: dict[int, Future] = {
        k: pool.submit(_ask, job, contest.network, one.read.weights, inputs)
        for k, (one, (_, _, job)) in enumerate(zip(entrants, handed_in, strict=True))
        if one.read.weights is not None
    }
    for k, future in asked.items():
        logits = _result(future)
        told = {"remarks": (*entrants[k].remarks, logits)} if isinstance(logits, str) else {"logits": logits}
        entrants[k] = replace(entrants[k], **told)
    place = 0
    for k, one in enumerate(entrants):
        if one.logits is not None:
            own = one.logits[place : place + 2] if one.pair else None
            entrants[k] = _judged(one, own, one.logits[len(shown) :], labels, contest)
        place += len(one.pair)
    authors = [one.student for one in entrants if one.pair]
    judges = [one for one in entrants if one.logits is not None]
    answers = [one.logits[: len(shown)].argmax(axis=1).reshape(-1, 2) for one in judges]
    matrix = np.array([pairs[:, 0] != pairs[:, 1] for pairs in answers], bool).reshape(len(judges), len(authors))
    return Outcome(lab, contest, _ranked(entrants), authors, [one.student for one in judges], matrix)


def write(out: Path, outcome: Outcome) -> None:
    """Writes the page and the two tables into the report folder `out`."""
    with gradebook.table(out / LEADERBOARD) as writer:
        writer.writerow(["place", "student", "norm", "misled", "probability", "accuracy", "others misled", "remarks"])
        for one in outcome.entrants:
            writer.writerow(_row(one, outcome, gradebook.cell))
    with gradebook.table(out / TRANSFER) as writer:
        writer.writerow(["network of", *map(gradebook.cell, outcome.authors)])
        for judge, row in zip(outcome.judges, outcome.matrix, strict=True):
            writer.writerow([gradebook.cell(judge), *map(int, row)])
    rendering.write(
        out / PAGE,
        "contest.html",
        outcome=outcome,
        rows=[_row(one, outcome, str) for one in outcome.entrants],
        leaderboard=LEADERBOARD,
        transfer=TRANSFER,
    )


def _row(one: Entrant, outcome: Outcome, text: Callable[[str], str]) -> list[str]:
    """The cells of somebody's row in the leaderboard; `text` guards what students wrote."""
    known = one.label is not None
    return [
        "" if one.place is None else str(one.place),
        text(one.student),
        "" if one.norm is None else f"{one.norm:.4f}",
        ("yes" if one.misled else "no") if known else "",
        f"{one.probability:.3f}" if known else "",
        "" if one.logits is None else f"{one.accuracy:.2f}",
        outcome.passed_on(one.student),
        text("; ".join(one.remarks)),
    ]


def _missing(read: beside.Beside) -> list[str]:
    missing = [f"no picture adv_…_{part}.png that can be used" for part in ("ori", "mod") if part not in read.pictures]
    return missing + ["no detector.npz that can be used"] * (read.weights is None)


def _judged(
    one: Entrant, own: np.ndarray | None, on_hidden: np.ndarray, labels: np.ndarray, contest: Contest
) -> Entrant:
    """`one` with what its own network says, and the reasons why it is not ranked."""
    accuracy = float(np.mean(on_hidden.argmax(axis=1) == labels))
    remarks = list(one.remarks)
    if accuracy < contest.accuracy:
        remarks.append(f"not ranked: the network is right about {accuracy:.2f} of hidden pictures")
    if own is None:
        return replace(one, accuracy=accuracy, remarks=tuple(remarks))
    label, other = map(int, own.argmax(axis=1))
    probability = float(special.softmax(own[0].astype(float))[label])
    if label == other:
        remarks.append("not ranked: the own network gives both pictures the same label")
    elif probability < contest.sure:
        remarks.append(f"not ranked: the network is not sure of the original, {probability:.2f}")
    return replace(
        one,
        label=label,
        probability=probability,
        misled=label != other,
        accuracy=accuracy,
        remarks=tuple(remarks),
    )


def _ranked(entrants: list[Entrant]) -> list[Entrant]:
    """All of them, those with a place first; equal norms share a place."""
    fit = [one for one in entrants if one.misled and not any(text.startswith("not ranked") for text in one.remarks)]
    norms = sorted(round(one.norm or 0.0, 6) for one in fit)
    ranked = [replace(one, place=1 + norms.index(round(one.norm or 0.0, 6))) for one in fit]
    rest = [one for one in entrants if one not in fit]
    by_name = sorted(rest, key=lambda one: one.student)
    return sorted(ranked, key=lambda one: (one.place or 0, one.student)) + by_name


# -- in a worker's process --------------------------------------------------------------------------------------------


def _read(job: runner.Job, files: dict[str, bytes], size: int, budget: int) -> beside.Beside:
    return beside.read(files, size, budget)  # `job` tells the pool how long it may take


def _ask(job: runner.Job, network: str, weights: list[np.ndarray], inputs: np.ndarray) -> np.ndarray | str:
    return runner.answers_of_network(job, network, weights, inputs)


def _or_fault(future: Future) -> beside.Beside:
    try:
        return future.result()
    except WorkerDied as death:
        return beside.Beside({}, None, (f"the files cannot be read: {death}",))


def _result(future: Future) -> Any:
    try:
        return future.result()
    except Exception as error:  # one network never costs the others the contest
        return f"the network could not be asked ({type(error).__name__})"
