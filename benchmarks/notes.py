"""What the page says of a workload beside its figures: why somebody is ahead there, what was tried."""

from __future__ import annotations

NOTES: dict[str, str] = {}
