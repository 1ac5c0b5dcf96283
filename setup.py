"""Adds flags/ and saved_models/ to what a wheel installs; see setup.cfg."""

import pathlib

import setuptools

setuptools.setup(
    data_files=[
        (f"share/guided_segmentation/{path.parent}", [str(path)])
        for folder in ("flags", "saved_models")
        for path in sorted(pathlib.Path(folder).rglob("*"))
        if path.is_file()
    ]
)
