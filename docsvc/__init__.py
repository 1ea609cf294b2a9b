"""docsvc: official documents filled, sealed, stored and logged."""

from importlib.metadata import version

__version__ = version("docsvc")
