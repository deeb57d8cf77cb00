def loss_surface():
    pass
