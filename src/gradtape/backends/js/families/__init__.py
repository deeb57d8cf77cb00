"""How equations become JavaScript: one room per family, one loop nest per equation."""
