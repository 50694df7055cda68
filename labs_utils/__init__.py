"""Shared helpers of the course labs: exercises with feedback, data that works offline, plots.

Importing this package loads neither TensorFlow nor Matplotlib; each helper loads what it needs when it is used.
"""

import sys
from typing import Any

from labs_utils import python_version

python_version.check()  # before anything that an older Python cannot read

from labs_utils import machine
from labs_utils.quiet import QuietImport, pass_over_what_nobody_can_mend

__all__ = ["Lab", "NotAttempted"]

machine.take_over()
pass_over_what_nobody_can_mend()
if "tensorflow" not in sys.modules:
    sys.meta_path.insert(0, QuietImport("tensorflow"))


def __getattr__(name: str) -> Any:
    """Loads the exercises on first use, so that `doctor` can run where NumPy is missing."""
    if name in __all__:
        from labs_utils.exercises import lab

        return getattr(lab, name)
    raise AttributeError(f"module 'labs_utils' has no attribute {name!r}")
