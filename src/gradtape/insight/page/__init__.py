"""The live page: an explanation as one file whose numbers follow what a person drags.

    page_of(recording) -> the text of an HTML document      widget_of(recording) -> the same as an anywidget

All numbers on the page are computed there, from the graph that the tape recorded (program.py); nothing is fetched.
"""

from gradtape.insight.page.live import page_of, widget_of

__all__ = ["page_of", "widget_of"]
