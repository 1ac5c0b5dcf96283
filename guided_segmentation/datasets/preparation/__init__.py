"""Turns data sets as their authors distribute them into what is read here.

Every function may be called again: files that are there and right stay as they
are. A file appears when it is complete, and preparation.json last.
"""
