"""How the documentation is built: ``sphinx-build -W -b html docs <folder>``.

No page of it asks the network for anything: the theme brings its files, fonts are the reader's own.
"""

import re
from importlib.metadata import version as installed
from textwrap import indent

project = "quarterhour"
author = "The quarterhour developers"
project_copyright = "The quarterhour developers, BSD-3-Clause"
version = release = installed("quarterhour")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["examples", "_build", "**/results"]

# Headings are linked as on GitHub, so that the same files read well in both places.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist", "attrs_block"]

# A module is the API: it is shown in the order in which it is written, without what it imports.
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_use_type_comments = False
autosummary_generate = False
default_role = "py:obj"
add_module_names = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
maximum_signature_line_length = 88

html_theme = "furo"
html_title = "quarterhour · 一刻钟"
html_static_path = ["_static"]
html_css_files = ["quarterhour.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#005a9c", "color-brand-content": "#005a9c"},
    "dark_css_variables": {"color-brand-primary": "#7ab8e8", "color-brand-content": "#7ab8e8"},
}
html_copy_source = False
html_show_sphinx = False

# Titles of sections in two languages at once need no smart quotes, and code in prose keeps its own.
smartquotes = False


def own_members_only(_app, _kind, _name, member, skip, _options):
    """Leave out what a module merely imports, and aliases of other libraries' types."""
    home = getattr(member, "__module__", None)
    return True if isinstance(home, str) and not home.startswith("quarterhour.") else skip


def readable_formulas(_app, kind, _name, _member, _options, lines):
    """Show models written as aligned plain text as they stand, and |x| as absolute values."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).rstrip())
    before = ""
    for number, paragraph in enumerate(paragraphs):
        if kind == "module" and _aligned(paragraph) and not before.endswith("::"):
            paragraphs[number] = "::\n\n" + indent(paragraph, "    ")
        elif not before.endswith("::") and "====" not in paragraph:
            paragraphs[number] = re.sub(r"\|(?=\w[^|`]*\w\|)|(?<=\w)\|", r"\\|", paragraph)
        before = paragraph
    lines[:] = [*"\n\n".join(paragraphs).split("\n"), ""]


def _aligned(paragraph):
    """Return whether a paragraph is laid out by spaces: columns, or lines that are indented."""
    first, *rest = paragraph.split("\n")
    if re.match(r"\s|[-*] |\d+\. |[|=:]", first):
        return False
    return bool(re.search(r"\S {3,}\S", paragraph)) or any(line.startswith("  ") for line in rest)


def short_arrays(_app, _kind, _name, _member, _options, signature, returned):
    """Show arrays as ``ndarray[float64]``."""
    array = re.compile(r"[~\w.]*ndarray\[tuple\[[~\w.]*Any, \.\.\.\], [~\w.]*dtype\[([~\w.]+)\]\]")
    parts = (text and array.sub(r"ndarray[\1]", text) for text in (signature, returned))
    return tuple(parts)


def setup(app):
    """Register what reads signatures and docstrings."""
    app.connect("autodoc-process-signature", short_arrays, priority=900)
    app.connect("autodoc-skip-member", own_members_only)
    app.connect("autodoc-process-docstring", readable_formulas, priority=400)
