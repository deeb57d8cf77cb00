"""The lab: a page on this machine on which networks are trained by the real engine while one looks on."""
