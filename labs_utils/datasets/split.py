"""The pair that the loaders return for training and for testing."""

import numpy as np

Split = tuple[np.ndarray, np.ndarray]
"""Inputs (n, …) and their labels (n,)."""
