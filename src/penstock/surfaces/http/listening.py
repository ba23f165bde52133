"""Takes the port, with a clear word when it cannot be had. Imports nothing heavy: it comes first at every start."""

from __future__ import annotations

import errno
import socket

from penstock.errors import InvalidConfiguration

BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address; port 0 takes a free one. Who connects early waits for the server.

    Raises InvalidConfiguration when it is in use, forbidden or not an address of this machine. Bind before anything
    expensive is started: a taken port is then told at once.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, UnicodeError) as problem:
        listener.close()
        raise _cannot_bind(host, port, problem) from None
    listener.setblocking(False)  # noqa: FBT003 -- the standard library's signature
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the URL of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _cannot_bind(host: str, port: int, problem: OSError | UnicodeError) -> InvalidConfiguration:
    code = getattr(problem, "errno", None)
    if code == errno.EADDRINUSE:
        message = f"Port {port} on {host} is in use."
        steps: tuple[str, ...] = ("Stop what listens there, or choose another port with --port (0 takes a free one).",)
    elif code == errno.EACCES:
        message, steps = f"Port {port} may not be opened by this user.", ("Choose a port above 1023 with --port.",)
    else:
        message = f"{host} is no address of this machine ({getattr(problem, 'strerror', None) or problem})."
        steps = ("Choose another address with --host: 127.0.0.1 for this machine, 0.0.0.0 for everybody.",)
    return InvalidConfiguration(
        message, fields=["http.host" if code not in _PORT_CODES else "http.port"], next_steps=steps
    )


_PORT_CODES = frozenset({errno.EADDRINUSE, errno.EACCES})
