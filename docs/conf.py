"""How Sphinx builds this site: `nox -s docs`, or `sphinx-build -W docs docs/_build/html` with the extra `docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the package as it is here, and the extensions in `docs/_ext`

from paycombat_async import __version__

project = "paycombat"
author = "The paycombat authors"
copyright = "the paycombat authors"  # noqa: A001  # Sphinx's name for it
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "docs._ext.docstrings",
    "docs._ext.links",
    "docs._ext.names",
    "docs._ext.fields",
    "docs._ext.endpoints",
    "docs._ext.commands",
    "docs._ext.pictures",
    "docs._ext.llms",
]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autoclass_content = "both"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"paycombat {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_theme_options = {
    "source_repository": "https://github.com/paycombat/paycombat-python/",
    "source_branch": "main",
    "source_directory": "docs/",
}
