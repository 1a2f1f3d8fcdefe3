#!/usr/bin/env bash
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ansible-test sanity with the ansible-core of the virtual environment; there are no ignore files.
# Called by "make sanity" with the virtual environment's bin folder.
set -euo pipefail
bin=$(realpath -s "$1")
# ansible-test wants a git repository at the collection's own path, and keeps environments in the home directory.
export HOME=$PWD/.cache/sanity/home
collection=$PWD/.cache/sanity/ansible_collections/exchange/hybrid_groups
rm -rf "$collection"
mkdir -p "$collection" "$HOME/.ansible/test/cache"
"$bin/ansible-galaxy" collection build --output-path .cache/sanity --force
tar -xzf .cache/sanity/exchange-hybrid_groups-*.tar.gz -C "$collection"
git -C "$collection" init --quiet
git -C "$collection" add --all

# Its get-pip.py comes from a server of Ansible's; pip itself comes with Python, and the version that is asked for from PyPI.
for version in 24.2 25.2; do
  cat >"$HOME/.ansible/test/cache/get_pip_${version/./_}.py" <<END
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "pip==$version", "setuptools", "wheel"])
END
done

cd "$collection"
python=$("$bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
PATH="$bin:$PATH" "$bin/ansible-test" sanity --local --python "$python"
