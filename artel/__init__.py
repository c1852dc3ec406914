"""Artel: the back office of a small online business in one process."""

__version__ = "0.1.0"
