"""Errors whose text is written for the person who reads it."""


class LabsError(Exception):
    """A fault with a known remedy: the message names what is wrong and what to do next.

    The command line prints it as one sentence; in a notebook it is shown without a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]
