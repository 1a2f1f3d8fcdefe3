# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    """What all modules on an Exchange organization have in common."""

    DOCUMENTATION = r"""
options:
  domain_controller:
    description:
      - Full name of the domain controller to read from and write to, such as V(dc1.corp.contoso.com).
      - Without it, Exchange chooses, and the task stays with the one that the first read came from. In an organization with
        several domain controllers the choice may change from one task to the next, and what was written on one is not on
        another until it has been replicated. Name one where tasks, or runs at the same time, follow each other closely.
    type: str
"""
