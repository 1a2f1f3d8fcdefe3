#!/usr/bin/env bash
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Galaxy and a user do with the collection: build, import, install into an empty directory, and run the demo from there.
# Called by "make galaxy" with the virtual environment's bin folder, and that of the importer's own.
set -euo pipefail
bin=$1
importer=$2
work=$PWD/.cache/galaxy
rm -rf "$work"
mkdir -p "$work"

"$bin/ansible-galaxy" collection build --output-path "$work"
tarball=$(echo "$work"/*.tar.gz)

# Nothing of a working directory may slip in, and nothing may be missing.
if git rev-parse --git-dir >/dev/null 2>&1; then
  git ls-files --cached --others --exclude-standard -- . ':!.ci' ':!galaxy.yml' | LC_ALL=C sort >"$work/expected"
  tar -tzf "$tarball" | grep -vE '/$|^(MANIFEST|FILES)\.json$' | LC_ALL=C sort >"$work/packed"
  diff "$work/expected" "$work/packed" || {
    echo "the tarball should have what git has: see build_ignore in galaxy.yml" >&2
    exit 1
  }
fi

cat >"$work/importer.cfg" <<END
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = True
RUN_ANSIBLE_TEST = False
END
(
  cd "$work"
  GALAXY_IMPORTER_CONFIG=importer.cfg PATH="$importer:$PATH" "$importer/python" -m galaxy_importer.main "$tarball" 2>&1 | tee importer.log
)
if grep -E '^(WARNING|ERROR)' "$work/importer.log" || ! grep -q 'completed successfully' "$work/importer.log"; then
  echo "galaxy-importer is not content: see $work/importer.log" >&2
  exit 1
fi

# The only place where the collection can be found; the lab is no part of what is installed and run.
export ANSIBLE_COLLECTIONS_PATH="$work/collections" PYTHONPATH="$PWD/tests"
"$bin/ansible-galaxy" collection install "$tarball" --offline --collections-path "$work/collections"
if "$bin/ansible-doc" --list_files exchange.hybrid_groups | grep -v " $work/collections/"; then
  echo "the collection is found elsewhere than where it was installed" >&2
  exit 1
fi
tests/demo.sh "$bin"
