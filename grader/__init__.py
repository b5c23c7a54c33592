"""Zero to Diffusion's platform. Arrows point one way:

cli, web → learner, classroom, training, author → judge → curriculum → ground
"""
