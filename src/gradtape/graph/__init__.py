"""Graphs: what a traced function computes, as frozen typed equations."""

from gradtape.graph import pretty

__all__ = ["pretty"]
