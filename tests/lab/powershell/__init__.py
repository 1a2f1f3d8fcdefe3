# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell as the endpoints share it: objects, parameter binding, conversion of arguments, a few built-in cmdlets."""
