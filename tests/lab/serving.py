# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serving in a thread that sleeps until a request comes or the end: serve_forever() wakes to see whether it has come."""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading


class Serving(socketserver.BaseServer):
    """Before socketserver's own class in a server's bases."""

    _serving: threading.Thread | None = None

    def start_serving(self, name: str) -> None:
        """Take requests from now on.

        :param name: of the thread
        """
        self._end, end = socket.socketpair()
        self._serving = threading.Thread(target=self._serve, args=(end,), name=name)
        self._serving.start()

    def stop_serving(self) -> None:
        """Take no more requests; those that were taken may still run."""
        if self._serving is not None:
            self._end.close()
            self._serving.join()
            self._serving = None

    def _serve(self, end: socket.socket) -> None:
        with end, selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(end, selectors.EVENT_READ)
            while not any(key.fileobj is end for key, _events in selector.select()):
                self._handle_request_noblock()
