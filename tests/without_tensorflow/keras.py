"""Stands in for a package that must not load."""

raise RuntimeError("keras was loaded")
