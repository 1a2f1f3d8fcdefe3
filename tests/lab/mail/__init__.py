# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail between the modelled sides: on-premises transport servers and Exchange Online, over SMTP on loopback."""
