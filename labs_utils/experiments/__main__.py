"""Runs a long experiment and stores its result in ``data/``: ``python -m labs_utils.experiments NAME``."""

import json
import sys
import time

from labs_utils import course
from labs_utils.experiments import all_experiments


def main(names: list[str]) -> int:
    """Runs the named experiments, or lists them all; returns the exit status."""
    known = all_experiments()
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        for name in unknown:
            print(f"error: there is no experiment {name!r}", file=sys.stderr)
        print("experiments:\n" + "\n".join(f"  {name:24} {run.__doc__.splitlines()[0]}" for name, run in known.items()))
        return 1 if unknown else 0
    for name in names:
        start = time.perf_counter()
        result = known[name]() | {"seconds": round(time.perf_counter() - start)}
        path = course.DATA / f"{name}.json"
        path.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        print(f"{name}: {result['seconds']} s, written to data/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
