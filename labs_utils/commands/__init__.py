"""The commands of ``python -m labs_utils``: each module holds `add_arguments(parser)` and `run(arguments)`."""
