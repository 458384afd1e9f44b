"""Holds many connections at once, and does with all of them what lines on standard input say.

hold.py PORT COUNT
Says "held N" when all are greeted. Then: "noop" sends NOOP over each and says "answered N" when all have their reply; "reset" resets all and ends.
"""
import resource
import selectors
import socket
import struct
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
sockets = []


def read_all(batch, expected):
    """Reads one line from each."""
    selector = selectors.DefaultSelector()
    for one in batch:
        selector.register(one, selectors.EVENT_READ, bytearray())
    left = len(batch)
    while left > 0:
        for key, _ in selector.select():
            octets = key.fileobj.recv(4096)
            assert octets, "the server closed a connection"
            key.data.extend(octets)
            if key.data.endswith(b"\r\n"):
                assert key.data.startswith(expected), bytes(key.data)
                selector.unregister(key.fileobj)
                left -= 1
    selector.close()


while len(sockets) < count:
    # Fewer at a time than the server's backlog takes.
    batch = [socket.create_connection(("127.0.0.1", port)) for _ in range(min(200, count - len(sockets)))]
    read_all(batch, b"220 ")
    sockets += batch

print("held", len(sockets), flush=True)
for line in sys.stdin:
    if line == "noop\n":
        for one in sockets:
            one.sendall(b"NOOP\r\n")
        read_all(sockets, b"250 ")
        print("answered", len(sockets), flush=True)
    else:
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        break
