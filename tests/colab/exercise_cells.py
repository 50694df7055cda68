"""Runs the imports and the exercise cells of all labs, with the solutions' answers, in the versions that Colab has.

    python tests/colab/exercise_cells.py        every lab, each in a process of its own
    python tests/colab/exercise_cells.py 04     one

Each exercise must earn all its points, and nothing may warn: a red block below a right answer unsettles. Needs only
what requirements.txt beside this file lists, so nothing of the course is installed there.
"""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cells(lab: str) -> list[str]:
    """Sources of the imports cell and of all exercise cells of a solution notebook."""
    (path,) = (ROOT / "solutions").glob(f"{lab}_*.ipynb")
    return [
        "".join(cell["source"])
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if "imports" in cell["metadata"].get("tags", []) or cell.get("id", "").startswith("exercise-")
    ]


def faults(lab: str) -> list[str]:
    """What went wrong in one lab; runs it in this process."""
    from IPython.core.interactiveshell import InteractiveShell

    import labs_utils  # noqa: F401  as the set-up cell does, before TensorFlow

    shell, found = InteractiveShell.instance(), []
    for source in cells(lab):
        said, warned = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(warned):
            result = shell.run_cell(source, store_history=True)
        place = source.split("def ")[-1].split("(")[0] if "@lab." in source else "imports"
        if not result.success:
            found.append(f"{lab}, {place}: {result.error_before_exec or result.error_in_exec!r}")
        elif "@lab." in source and "✔" not in said.getvalue():
            found.append(f"{lab}, {place}: {said.getvalue().strip()}")
        if warned.getvalue().strip():
            found.append(f"{lab}, {place} warns: {warned.getvalue().strip()[:300]}")
    return found


def main(labs: list[str]) -> int:
    """Exit status: 0 if all is well. Without arguments, each lab in a process of its own."""
    if len(labs) == 1:
        found = faults(labs[0])
        print(*found, sep="\n", end="\n" * bool(found))
        return int(bool(found))
    failed = 0
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        lab = path.stem[:2]
        status = subprocess.run([sys.executable, __file__, lab], cwd=ROOT).returncode
        print(f"lab {lab}: {'as it should be' if status == 0 else 'see above'}", flush=True)
        failed |= status
    return failed


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
