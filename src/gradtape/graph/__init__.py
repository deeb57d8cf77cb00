"""Graphs: what a traced function computes, as frozen typed equations."""
