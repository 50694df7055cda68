"""Synthetic portraits: faces of nobody, drawn from a seed, with every attribute known."""

from labs_utils.datasets.portraits.studio import LABEL_NAMES, Portraits, draw_portraits

__all__ = ["LABEL_NAMES", "Portraits", "draw_portraits"]
