"""flat.py RUNS ROUNDS PORT PID: the medians of flat.sh's runs, and as many idle connections as one process may have files open, with others served."""
import re
import resource
import socket
import statistics
import sys
import time

runs, rounds, port, pid = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
cpu = {}
for line in open(runs):
    title, out = line.rstrip("\n").split("|", 1)
    cpu.setdefault(title, []).append(float(re.search(r"server ([\d.]+) us/msg", out)[1]))

ratio = statistics.median(b / a for a, b in zip(cpu["idle 50"], cpu["idle 9950"]))
print(f"CPU per message, medians of {rounds} in one run")
print(f"  100 connections, 50 busy:     {statistics.median(cpu['idle 50']):7.1f} us")
print(f"  10,000 connections, 50 busy:  {statistics.median(cpu['idle 9950']):7.1f} us, {ratio:.2f} times")
# What each recipient more costs, from one point to the next: a straight line has one slope.
points = [(n, statistics.median(cpu[f"recipients {n}"])) for n in (1, 10, 100, 1000)]
for n, value in points:
    slope = "" if n == 1 else f", {(value - points[0][1]) / (n - 1):.3f} us for each recipient more"
    print(f"  {n:5} recipients, pipelined:   {value:7.1f} us{slope}")


def memory():
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1])


def greet(address):
    connection = socket.socket()
    connection.bind((address, 0))
    connection.connect(("127.0.0.1", port))
    connection.recv(512)
    connection.sendall(b"EHLO idle.example.com\r\n")
    connection.recv(2048)
    return connection


def send(connection):
    for line, code in ((b"MAIL FROM:<a@example.com>", b"250"), (b"RCPT TO:<b@example.net>", b"250"), (b"DATA", b"354"), (b"x\r\n.", b"250")):
        connection.sendall(line + b"\r\n")
        assert connection.recv(512).startswith(code)


limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 20400)
wanted = limit - 250
before = memory()
held = []
for i in range(wanted):
    held.append(greet(f"127.0.0.{1 + i // 10000}"))
grown = memory() - before
other = greet("127.0.0.9")
slowest = 0.0
for _ in range(200):
    began = time.perf_counter()
    send(other)
    slowest = max(slowest, time.perf_counter() - began)
for connection in held[:: max(1, wanted // 100)]:
    send(connection)
print(f"  {wanted} idle connections held at once ({limit} open files allowed), {grown * 1024 / wanted:.0f} octets of memory more each (the earlier ones' is used again);")
print(f"  meanwhile another sent 200 messages, the slowest in {slowest * 1000:.1f} ms, and each {max(1, wanted // 100)}th of the idle ones sent one")
