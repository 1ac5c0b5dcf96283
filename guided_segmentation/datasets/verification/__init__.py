"""Finds what is wrong with a data set before anything is trained on it.

`layouts` lists photographs, masks and tags; `scan` reads each image once;
`photograph_checks`, `mask_checks`, `tag_checks` and `duplicates` return
findings, all of which `findings.CHECKS` explains.
"""
