"""What the integration tests share: labs, clients, processes, load, a browser."""

import socket

from .waiting import DEADLINE_SECONDS

# For the socket that nobody has given a time of its own.
socket.setdefaulttimeout(DEADLINE_SECONDS)
