class Figures:
    pass
