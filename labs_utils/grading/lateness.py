"""What came after its deadline, and what that costs: nothing, unless a rule is given."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from labs_utils.errors import LabsError
from labs_utils.grading.intake import Submission

_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_RULE = re.compile(
    r"(?P<share>\d+(?:[.,]\d+)?) ?% (?:an?|per|each|every) (?P<unit>hour|day|week)"
    r"(?:, at most (?P<most>\d+(?:[.,]\d+)?) ?%)?"
    r"(?:, after (?P<free>\d+) (?P<free_unit>minute|hour|day)s?)?"
)


@dataclass(frozen=True)
class Rule:
    """How many points lateness costs, as a share of what was earned.

    Attributes:
        text: as it was given.
        share: lost for each `unit` that has begun.
        unit: in seconds.
        most: the largest share that can be lost.
        free: seconds that cost nothing; who is later than that pays from the deadline on.
    """

    text: str
    share: float
    unit: float
    most: float = 1
    free: float = 0

    @classmethod
    def read(cls, text: str) -> "Rule":
        """The rule in words such as ``10% a day, at most 50%, after 15 minutes``.

        Raises:
            LabsError: it is not in these words, or a share is more than everything.
        """
        found = _RULE.fullmatch(" ".join(text.lower().split()))
        share, most = (
            (float((found[name] or "100").replace(",", ".")) for name in ("share", "most")) if found else (0, 0)
        )
        if not found or not 0 < share <= 100 or not 0 < most <= 100:
            raise LabsError(f"--late {text!r} is no rule: write it like '10% a day, at most 50%, after 15 minutes'")
        free = int(found["free"] or 0) * _SECONDS[found["free_unit"] or "hour"]
        return cls(text, share / 100, _SECONDS[found["unit"]], most / 100, free)

    def less(self, late: float) -> float:
        """The share that is lost by who is so many seconds late."""
        return min(self.share * math.ceil(late / self.unit), self.most) if late > self.free else 0.0


def judge(one: Submission, lab: str, deadlines: Mapping[str, float], rule: Rule | None) -> tuple[float, list[str]]:
    """The share that a submission loses, and a note if it came after its deadline or the platform says so.

    Args:
        one: the submission.
        lab: what it is of.
        deadlines: lab, or "" for all others → when it was due, in seconds.
        rule: what lateness costs; nothing without.
    """
    due = deadlines.get(lab, deadlines.get(""))
    if due is None or one.time <= due:
        return 0.0, ["marked as late by the platform; give --deadline to say when it was due"] if one.late else []
    hours = (one.time - due) / 3600
    amount = f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
    said = f"late by {amount}, by the time that {'the platform' if one.told else 'the file'} tells"
    if rule is None:
        return 0.0, [said]
    less = rule.less(one.time - due)
    return less, [f"{said}: {100 * less:g}% less ({rule.text})"]
