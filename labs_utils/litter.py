"""The files that operating systems, file managers and Jupyter scatter: nobody's work, picture, person or notebook."""

_NAMES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information", "icon\r"}
_NAMES |= {"__pycache__"}


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name (its last part) is litter: hidden, or one of those that systems make.

    ``picture.jpg:Zone.Identifier`` is what Windows writes beside a download; WSL, zip files and cloud drives turn the
    colon into another sign.
    """
    lower = name.lower()
    return lower.startswith((".", "~$")) or lower in _NAMES or lower.endswith("zone.identifier")
