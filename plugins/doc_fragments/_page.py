# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Of modules that write a page, and its data beside it."""

    DOCUMENTATION = r"""
options:
  path:
    description:
      - The page's file, such as V(report.html). Its folder is made where there is none. Each file is replaced as a whole.
      - The JSON gets the same name with the extension V(.json).
    type: path
    required: true
  mode:
    description:
      - Permissions of both files, as an octal number in quotes.
    type: raw
    default: "0600"
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  check_mode:
    support: full
    details:
      - Writes nothing. To have what check mode found as a page, set C(check_mode=false) on the task.
  diff_mode:
    support: full
    details:
      - The difference of the data, without times.
  idempotent:
    support: full
    details:
      - The files are written anew for their times; C(changed) tells whether something else differs.
"""
