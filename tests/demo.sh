#!/usr/bin/env bash
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The procedure against the lab: the first run changes every step, the second changes nothing.
# Called by "make demo" with the virtual environment's bin folder; the collection is that of ANSIBLE_COLLECTIONS_PATH.
set -euo pipefail
bin=$1
lab() { "$bin/python" -m lab "$@"; }
export ANSIBLE_HOME="$PWD/.lab/ansible"

lab stop 2>/dev/null
lab start
trap 'lab stop' EXIT

run() {
  printf '\n######## %s\n' "$1"
  "$bin/ansible-playbook" -i .lab/inventory.yml exchange.hybrid_groups.hybrid_groups -e hybrid_groups_report="$PWD/.lab/report.html" | tee ".lab/$2.log"
}
run 'First run: from an organization without a group domain' first
run 'Second run: there is nothing left to do' second

# The table that ends a run: lines of a JSON list.
table() { sed -n '/^TASK .*Show the steps/,/^    \]/s/^ *"\(.*\)",\{0,1\}$/  \1/p' ".lab/$1.log" | sed 's/\\\\/\\/g'; }
steps=$(table first | grep -c '  yes  ' || true)
if [ "$steps" -ne 5 ]; then
  echo "the first run should have changed all 5 steps, and changed $steps" >&2
  exit 1
fi
if grep -qE 'changed=[1-9]' .lab/second.log; then
  echo 'the second run should have changed nothing' >&2
  exit 1
fi

lab state >.lab/state.json
printf '\n######## What the first run did, and where to look\n\n'
table first
cat <<END

The second run changed nothing.
All servers were the lab's: real protocols on this machine, modelled Exchange, Entra Connect, directory, tenant and DNS.
What they hold now is in .lab/state.json; both runs' output is in .lab/first.log and .lab/second.log. The report on
the second run is .lab/report.html.
END
