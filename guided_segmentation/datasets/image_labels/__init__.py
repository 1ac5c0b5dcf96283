"""Readers of image-level labels, one module for each format of a file.

Every reader returns rows: the text that names an image, and the names of its
objects. `kinds` lists the formats, `joining` finds the photographs.
"""
