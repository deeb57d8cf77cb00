"""Rows: graphs of small tensors as straight-line code in registers."""
