"""Zero to Diffusion's platform. Arrows point one way:

cli, web → learner, classroom, projects, author → judge → curriculum
"""
