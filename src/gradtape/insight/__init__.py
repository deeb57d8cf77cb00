"""What can be seen of gradients: recordings, reasons, derivations, circuits, certificates, training.

It only reads: nothing below knows of it, and nothing here is imported before somebody asks.
"""
