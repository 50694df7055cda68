"""The sample lab's source, notebooks that students might hand in, and all labs for one sandbox."""

import ast
import functools
import json
from dataclasses import replace
from pathlib import Path

from labs_utils import course
from labs_utils.exercises.reference import INVITATION
from labs_utils.grading import released

ROOT = Path(__file__).resolve().parents[2]
LAB = "98_sample"
POINTS = {"double": 2, "quadruple": 2, "shift": 2, "pick": 1, "mean": 2}
SECRET = "reference_only_7731"

SOURCE = f'''\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: A sample
#     lecture: none
#     minutes: 1
#     data: []
# ---

# %% [markdown]
# # 98 · A sample
#
# | | |
# |:--|:--|
# | you will | double |

# %% tags=["imports"]
import numpy as np

from labs_utils import Lab

lab = Lab("98_sample")

# %% [markdown]
# ### Exercise · `double`

# %% minutes=5 difficulty=1 kind="core"
@lab.exercise(points=2)
def double(x):
    """Twice x."""
    # BEGIN SOLUTION
    {SECRET} = 2
    return {SECRET} * x
    # END SOLUTION

# %% [markdown]
# ### Exercise · `quadruple`

# %% minutes=5 difficulty=1 kind="core"
@lab.exercise(points=2)
def quadruple(x):
    """Four times x."""
    # BEGIN SOLUTION
    return double(double(x))
    # END SOLUTION

# %% [markdown]
# ### Exercise · `shift`

# %% minutes=5 difficulty=1 kind="core"
@lab.exercise(points=2)
def shift(x):
    """Four times x, and one more."""
    # BEGIN SOLUTION
    return quadruple(x) + 1
    # END SOLUTION

# %% [markdown]
# ### Question · `pick`

# %% minutes=5 difficulty=1 kind="core"
@lab.question(points=1)
def pick():
    """Which letter?

    a) the first
    b) the second
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION

# %% [markdown]
# ### Exercise · `mean`

# %% minutes=5 difficulty=1 kind="core"
@lab.exercise(points=2)
def mean(x):
    """The mean of x."""
    # BEGIN SOLUTION
    return np.mean(x)
    # END SOLUTION

# %% [markdown]
# ## Discussion
#
# 1. Why is twice
#    twice?
# 2. Why not thrice?
#
# ### Further reading
#
# - Nothing.
'''

RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "quadruple": "def quadruple(x):\n    return double(double(x))",
    "shift": "def shift(x):\n    return quadruple(x) + 1",
    "pick": "def pick():\n    return 'b'",
    "mean": "def mean(x):\n    return np.mean(x)",
}
BLANK = {name: code.split("\n")[0] + f"\n    raise NotImplementedError({INVITATION!r})" for name, code in RIGHT.items()}
IMPORTS = 'import numpy as np\nfrom labs_utils import Lab\nlab = Lab("98_sample")'


def decorated(name: str, code: str) -> str:
    return f"@lab.exercise(points={POINTS[name]})\n{code}"


def code_cell(source: str, **more) -> dict:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None} | more


def text_cell(source: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def cells(**answers: str | None) -> list[dict]:
    """The cells of a right submission with some answers changed; None leaves an exercise out."""
    kept = {name: code for name, code in (RIGHT | answers).items() if code is not None}
    return [code_cell(IMPORTS), *(code_cell(decorated(name, code)) for name, code in kept.items())]


def notebook(parts: list[dict], **more) -> bytes:
    return json.dumps({"cells": parts, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more).encode("utf-8")


def hand_in(folder: Path, student: str, data: bytes | None = None, **answers: str | None) -> Path:
    """Writes a student's notebook into a subfolder of `folder`."""
    path = folder / student / f"{LAB}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook(cells(**answers)) if data is None else data)
    return path


@functools.cache
def every_lab() -> dict[str, released.Released]:
    """The labs as released, but each with the imports of all, so that one sandbox, started once, serves them all.

    Whether a lab's own imports are enough for its references: tests/test_gate.py.
    """
    labs = [released.load(lab) for lab in course.lab_names()]
    imports = "\n".join(of_lab.imports for of_lab in labs)
    meant: dict[str, set] = {}
    for node in ast.parse(imports).body:
        for alias in node.names:
            meant.setdefault(alias.asname or alias.name, set()).add((getattr(node, "module", None), alias.name))
    assert not [name for name, what in meant.items() if len(what) > 1], "a name that two labs import differently"
    return {of_lab.lab: replace(of_lab, imports=imports) for of_lab in labs}
