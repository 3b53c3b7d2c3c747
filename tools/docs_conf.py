"""Sphinx settings of the documentation site; tools/docs.py puts this beside the pages as conf.py."""

from __future__ import annotations

from typing import Any

# pylint: disable=invalid-name  # Sphinx gives the names
project = title = html_short_title = "groundwork.provision"
copyright = "groundwork.provision contributors"  # noqa: A001 - Sphinx gives the name

extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 4
default_role = "any"
pygments_style = "ansible"
highlight_language = "YAML+Jinja"

html_theme = "sphinx_ansible_theme"
html_static_path = ["style"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_use_modindex = False
html_copy_source = False

# The reference that antsibull-docs makes names a few pages of Ansible's own documentation by their labels. They are not part of this
# site, so each becomes a link to that page. Any other label that is not found is a mistake, and fails the build.
ANSIBLE = "https://docs.ansible.com/ansible/latest"
ANSIBLE_PAGES = {
    "common_return_values": ("Return values", f"{ANSIBLE}/reference_appendices/common_return_values.html"),
    "action_plugins": ("Action plugins", f"{ANSIBLE}/plugins/action.html"),
    "callback_plugins": ("Callback plugins", f"{ANSIBLE}/plugins/callback.html"),
    "ansible_configuration_settings": ("Ansible configuration settings", f"{ANSIBLE}/reference_appendices/config.html"),
}


def link_to_ansible(_app: Any, _env: Any, node: Any, _content: Any) -> Any:
    """A link to Ansible's documentation for a label of ANSIBLE_PAGES, else None: Sphinx then warns."""
    from docutils import nodes

    if node.get("reftype") != "ref" or node["reftarget"] not in ANSIBLE_PAGES:
        return None
    name, address = ANSIBLE_PAGES[node["reftarget"]]
    text = node.astext() if node.get("refexplicit") else name
    return nodes.reference("", text, internal=False, refuri=address)


def setup(app: Any) -> None:
    """Sphinx calls this."""
    app.connect("missing-reference", link_to_ansible)
