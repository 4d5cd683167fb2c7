"""
Radio propagation by Recommendation ITU-R P.1812: one path exactly, or all receivers around a station.

`Path` and `loss` are the point-to-point method with every intermediate quantity; `losses_along` gives the
same loss for all samples of a radial, fast.
"""

from notspot_coverage.propagation.path import Path, loss
from notspot_coverage.propagation.sweep import losses_along

__all__ = ["Path", "loss", "losses_along"]
