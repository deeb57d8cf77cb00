"""Derivations as text, Markdown, LaTeX and HTML."""
