"""Graphs as JavaScript, for pages that compute them again as numbers are dragged."""

from gradtape.backends.js.program import Described, JsProgram, emit
from gradtape.backends.js.simple import Fixed, unsupported

__all__ = ["Described", "Fixed", "JsProgram", "emit", "unsupported"]
