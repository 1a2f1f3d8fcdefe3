# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx: the guides, which are Markdown that reads well in the repository too, and the reference that antsibull-docs makes.

"make docs" puts both into one folder, with this file, and builds the site from there.
"""

from __future__ import annotations

import pathlib
import re
import typing as t

import yaml
from docutils import nodes
from sphinx import addnodes

if t.TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

HERE = pathlib.Path(__file__).parent
COLLECTION = "exchange.hybrid_groups"
# Where antsibull-docs has put the reference; "make docs" copies galaxy.yml beside this file.
GENERATED = HERE / "collection"
GALAXY = yaml.safe_load((HERE / "galaxy.yml").read_text())
MODULES = {path.name.removesuffix("_module.rst") for path in GENERATED.glob("*_module.rst")}

project = COLLECTION
copyright = "Contributors to the exchange.hybrid_groups collection"
version = release = GALAXY["version"]
html_title = f"{COLLECTION} {release}"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
nitpicky = True
# antsibull-docs' own index: reference.md is in its place.
exclude_patterns = ["collection/index.rst"]
myst_heading_anchors = 3
pygments_style = "ansible"
highlight_language = "yaml+jinja"

html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False

# Ansible's own pages, by the labels that antsibull-docs uses. Not sphinx.ext.intersphinx: it reads its inventories from the
# Internet during the build, and the build has to work without.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
ANSIBLE_PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def toctree(caption: str, entries: t.Iterable[str]) -> str:
    return "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""])


def reference_entries(kind: str) -> list[str]:
    """Generated pages of one kind, by their short names: the titles are too long for a side bar."""
    names = sorted(path.name.removesuffix(f"_{kind}.rst") for path in GENERATED.glob(f"*_{kind}.rst"))
    return [f"{name}{'' if kind == 'module' else f' ({kind})'} <collection/{name}_{kind}>" for name in names]


def prepare_guide(_app: Sphinx, docname: str, source: list[str]) -> None:
    """What the repository shows by itself: files beside the pages, and which pages belong to one."""
    if docname == "index":
        for section in re.split(r"^## ", source[0], flags=re.MULTILINE)[1:]:
            caption = section.partition("\n")[0]
            source[0] += toctree(caption, re.findall(r"^- \[.+?\]\((\w+)\.md\)", section, flags=re.MULTILINE))
    elif docname == "reference":
        for caption, kind in (("Roles", "role"), ("Modules", "module"), ("Connection", "connection"), ("Filters", "filter")):
            source[0] += toctree(caption, reference_entries(kind))
        source[0] += toctree("Settings", ["environment variables <collection/environment_variables>"])
    source[0] = re.sub(r"\]\(\.\./roles/(\w+)/README\.md\)", r"](collection/\1_role.rst)", source[0])
    source[0] = source[0].replace("](../", f"]({GALAXY['repository']}/blob/main/")


def finish_page(app: Sphinx, doctree: nodes.document) -> None:
    if app.env.docname.startswith("collection/"):
        # The theme shows a page's contents beside it.
        for contents in list(doctree.findall(lambda node: isinstance(node, nodes.topic) and "contents" in node["classes"])):
            contents.parent.remove(contents)
    else:
        link_modules(doctree, app.env.docname)


def link_modules(doctree: nodes.document, docname: str) -> None:
    """A module's name in a guide leads to its page."""
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext().removeprefix(f"{COLLECTION}.")
        if name not in MODULES or isinstance(literal.parent, nodes.reference):
            continue
        reference = addnodes.pending_xref(
            "",
            refdomain="std",
            reftype="ref",
            refdoc=docname,
            refexplicit=True,
            refwarn=True,
            reftarget=f"ansible_collections.{COLLECTION}.{name}_module",
        )
        literal.replace_self(reference)
        reference += literal


def link_ansible(
    _app: Sphinx, _env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.reference | None:
    """A label of Ansible's documentation, or the module of another collection."""
    page = ANSIBLE_PAGES.get(node["reftarget"])
    if other := re.fullmatch(r"ansible_collections\.(\w+)\.(\w+)\.(\w+_\w+)", node["reftarget"]):
        page = "collections/{}/{}/{}.html".format(*other.groups())
    if page is None or node["reftarget"].startswith(f"ansible_collections.{COLLECTION}."):
        return None
    return nodes.reference("", "", content, refuri=ANSIBLE + page, internal=False)


def setup(app: Sphinx) -> None:
    app.connect("source-read", prepare_guide)
    app.connect("doctree-read", finish_page)
    app.connect("missing-reference", link_ansible)
