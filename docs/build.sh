#!/usr/bin/env bash
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds the site from the guides in this folder and the documentation of modules, roles and plugins. A warning is an error.
# Called by "make docs" with the bin folder of the site's own virtual environment.
set -euo pipefail
cd "$(dirname "$0")"
# antsibull-docs calls ansible-doc by name.
export PATH="$1:$PATH"
source=../.cache/docs/source
site=../.cache/docs/html

rm -rf "$source" "$site"
# antsibull-docs refuses a folder that others may write to.
mkdir -p -m 755 "$source/collection"
cp ./*.md conf.py site.css ../galaxy.yml "$source"
antsibull-docs collection --use-current --squash-hierarchy --no-indexes --no-breadcrumbs --fail-on-error \
  --dest-dir "$source/collection" exchange.hybrid_groups
sphinx-build --quiet --nitpicky --fail-on-warning --keep-going "$source" "$site"
echo "The site is in $(cd "$site" && pwd)/index.html"
