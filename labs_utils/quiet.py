"""Keeps TensorFlow's start-up lines out of a student's first cell.

Since TensorFlow 2.21 some lines about the build (oneDNN, no CUDA driver) are written while it loads, before it reads
any logging level. So standard error is set aside during that one import, and shown after all if the import fails.
"""

import importlib.abc
import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


def pass_over_what_nobody_can_mend() -> None:
    """Hides a warning of scikit-learn 1.6 with SciPy 1.18, once for each fit, about an option that does nothing."""
    warnings.filterwarnings("ignore", "Unknown solver options: iprint")


class QuietImport(importlib.abc.MetaPathFinder):
    """Has the first import of one module run without standard error.

    Args:
        module: its name.
    """

    def __init__(self, module: str):
        self._module = module

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec, whose loader is quiet; None for every other module."""
        if fullname != self._module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: _without_standard_error(load, module)
        return spec


def _without_standard_error(load, module: ModuleType) -> None:
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error to set aside: it is closed
        load(module)
        return
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            load(module)
        except BaseException:
            os.dup2(kept, 2)
            aside.seek(0)
            os.write(2, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
