"""The command line: ``python -m labs_utils COMMAND``; each command is a module of `labs_utils.commands`."""

import argparse
import importlib
import io
import sys

from labs_utils.errors import LabsError

COMMANDS = {
    "start": "copy the notebooks to notebooks/my/, where you work; never overwrites",
    "doctor": "say what is installed, what is cached and what each lab will use",
    "fetch": "download the course's data ahead of class",
    "build": "generate both notebooks of a lab from its source in solutions/",
    "grade": "grade a folder of submitted notebooks in a sandbox; gradebook and feedback",
    "release": "pack the course for students, without the solutions",
}


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the process's exit status (0 success, 1 a fault told in one sentence)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal shows "?" for a sign it lacks, and the command goes on
    try:
        return _run(argv)
    except LabsError as error:
        print(f"error: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        print(
            f"error: the package {error.name} is not installed: run python -m pip install --editable .", file=sys.stderr
        )
    except OSError as error:  # a full disk, a folder to which nobody may write, a file where a folder is wanted
        where = f"{error.filename!r}: " if error.filename else ""
        print(
            f"error: {where}{error.strerror or error}: make room or correct the permissions there, then run it again",
            file=sys.stderr,
        )
    return 1


def _run(argv: list[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="python -m labs_utils", description="Tools of the course labs.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = next((word for word in (sys.argv[1:] if argv is None else argv) if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == wanted:  # only this one is imported: some commands load much
            module = importlib.import_module(f"labs_utils.commands.{name}")
            subparser.description = module.__doc__
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    arguments = parser.parse_args(argv)
    return arguments.run(arguments)


if __name__ == "__main__":
    # as if it were not installed: jsonschema would compile 38 grammars of it, 1.4 s, for formats that no notebook has
    sys.modules["rfc3987_syntax"] = None
    sys.exit(main())
