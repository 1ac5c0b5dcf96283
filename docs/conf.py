"""Settings of Sphinx; `make docs` builds the site with warnings as errors."""

import os
import pathlib
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import guided_segmentation

# Pages of modules that were moved or removed would be errors.
_GENERATED = pathlib.Path(__file__).parent / "reference" / "generated"
shutil.rmtree(_GENERATED, ignore_errors=True)

project = "guided_segmentation"
author = "The guided_segmentation authors"
copyright = "the guided_segmentation authors, Apache-2.0"
release = guided_segmentation.__version__
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
templates_path = ["_templates"]
exclude_patterns = ["_templates"]

# Pages are Markdown; "Some heading" can be linked as page.md#some-heading.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]

# The reference is made from the docstrings, one page for each module.
autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Attributes of dataclasses as fields of the class, so that none comes twice.
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 80
add_module_names = False
# Docstrings quote code in single backticks.
default_role = "code"

html_theme = "furo"
html_title = "guided_segmentation"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
pygments_style = "tango"
pygments_dark_style = "monokai"

copybutton_exclude = ".linenos, .gp, .go"
