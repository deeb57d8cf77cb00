"""The workloads: one folder each, and in it the same arithmetic once for every framework.

A folder's ``data(...)`` makes the numbers to start from, so that all start alike. Every module beside
it has a class ``Workload``, made of these numbers and a mode (eager, or a way of compiling):
``step()`` does the work once and returns its loss as a Python float, ``state()`` returns the arrays
by which the frameworks are compared. What stands in ``tensorflow_api.py`` runs in gradtape and in
TensorFlow, line for line the same.
"""
