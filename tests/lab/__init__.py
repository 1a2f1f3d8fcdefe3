# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: real protocols on loopback in front of modelled servers. It knows nothing of the plugins; they nothing of it."""
