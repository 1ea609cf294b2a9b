"""The house style of all Word templates, as a tool that lays them out anew: `python -m templates.layout`."""
