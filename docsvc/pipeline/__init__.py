"""Stages: each takes an artifact and a port and gives the next artifact; blind to each other."""
