# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The one place where a module's errors become its failure message."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet_needs import way_out

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class CollectionError(Exception):
    """Base of the collection's own errors; ``str()`` is the whole sentence the user reads.

    :param message: option or host, what was tried, what came back, and the way out
    :param result: what the failed task still returns, such as ``{"changed": True}`` when a write went before
    """

    def __init__(self, message: str, *, result: t.Mapping[str, t.Any] | None = None) -> None:
        super().__init__(message)
        self.result: dict[str, t.Any] = dict(result or {})


def guarded_run(function: t.Callable[[AnsibleModule], None], module: AnsibleModule) -> None:
    """Call ``function(module)``; the errors it is known to raise end the task with one sentence and no traceback.

    A cmdlet's error comes with its parts as ``cmdlet_error``. Anything else is a defect and keeps its traceback.
    """
    try:
        function(module)
    except CmdletError as exc:
        detail = {"cmdlet": exc.cmdlet, "host": exc.host, **dataclasses.asdict(exc.error)}
        module.fail_json(msg=f"{exc} {way_out(exc)}".rstrip(), cmdlet_error=detail)
    except SessionError as exc:
        module.fail_json(msg=str(exc))
    except CollectionError as exc:
        module.fail_json(**exc.result, msg=str(exc))
