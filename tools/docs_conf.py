"""Sphinx settings of the documentation site; tools/docs.py puts this beside the generated pages as conf.py."""

# pylint: disable=invalid-name  # Sphinx gives the names
project = title = html_short_title = "groundwork.provision"
copyright = "groundwork.provision contributors"  # noqa: A001 - Sphinx gives the name

extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 4
default_role = "any"
pygments_style = "ansible"
highlight_language = "YAML+Jinja"

html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_use_modindex = False
html_copy_source = False

suppress_warnings = [
    "ref.ref",  # pages of Ansible's own documentation, which are not part of this site
    "myst.xref_missing",  # files of the repository, which are not either
    "misc.highlighting_failure",
]
