"""A PostgreSQL client of the extended protocol: named statements, a pipeline, portals in parts, an error that passes the rest over, a cancelled query.

usage: pgwire.py ADDRESS USER DATABASE PASSWORD
"""
import base64
import hashlib
import hmac
import os
import socket
import struct
import sys

address, user, database, password = sys.argv[1:5]


def message(kind, body=b""):
    return kind + struct.pack(">I", len(body) + 4) + body


def text(value):
    return value.encode() + b"\0"


class Client:
    def __init__(self):
        self.socket = socket.create_connection((address, 5432))
        self.file = self.socket.makefile("rb")
        parameters = text("user") + text(user) + text("database") + text(database) + text("application_name") + text("pgwire") + b"\0"
        self.socket.sendall(struct.pack(">II", len(parameters) + 8, 3 << 16) + parameters)
        self.authenticate()

    def read(self):
        kind, length = struct.unpack(">cI", self.file.read(5))
        return kind, self.file.read(length - 4)

    def until_ready(self):
        while True:
            kind, body = self.read()
            if kind == b"K":
                self.key = body
            if kind == b"Z":
                return

    def authenticate(self):
        """SCRAM-SHA-256, RFC 5802."""
        assert self.read()[1][:4] == b"\0\0\0\x0a"
        nonce = base64.b64encode(os.urandom(18)).decode()
        bare = "n=,r=" + nonce
        first = ("n,," + bare).encode()
        self.socket.sendall(message(b"p", text("SCRAM-SHA-256") + struct.pack(">I", len(first)) + first))
        challenge = self.read()[1][4:].decode()
        parts = dict(part.split("=", 1) for part in challenge.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        last = "c=biws,r=" + parts["r"]
        signature = hmac.digest(hashlib.sha256(key).digest(), ",".join([bare, challenge, last]).encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        self.socket.sendall(message(b"p", f"{last},p={proof}".encode()))
        self.until_ready()


def parse(name, sql):
    return message(b"P", text(name) + text(sql) + struct.pack(">H", 0))


def bind(portal, name, *values):
    parts = b"".join(struct.pack(">I", len(value)) + value.encode() for value in values)
    return message(b"B", text(portal) + text(name) + struct.pack(">HH", 0, len(values)) + parts + struct.pack(">H", 0))


def execute(portal="", rows=0):
    return message(b"E", text(portal) + struct.pack(">I", rows))


describe = message(b"D", b"P\0")
sync = message(b"S")

client = Client()
# Prepared, described and executed in three round trips.
client.socket.sendall(parse("by_name", "SELECT moons FROM planets WHERE name = $1") + message(b"D", b"Sby_name\0") + sync)
client.until_ready()
client.socket.sendall(bind("", "by_name", "Mars") + describe + execute() + sync)
client.until_ready()
# A pipeline of three units.
client.socket.sendall(b"".join(bind("", "by_name", name) + execute() + sync for name in ("Earth", "Venus", "Pluto")))
for _ in range(3):
    client.until_ready()
# A portal in parts.
client.socket.sendall(parse("", "SELECT generate_series(1, 25)") + bind("series", "") + execute("series", 10) + execute("series", 10) + execute("series") + sync)
client.until_ready()
# An error, and what is passed over behind it.
client.socket.sendall(parse("", "SELECT 1 / $1::int") + bind("", "", "0") + execute() + parse("", "SELECT 5") + bind("", "") + execute() + sync)
client.until_ready()
client.socket.sendall(parse("bad", "SELEC 1") + sync)
client.until_ready()
# A query that is cancelled.
client.socket.sendall(message(b"Q", text("SELECT pg_sleep(20)")))
other = socket.create_connection((address, 5432))
other.sendall(struct.pack(">II", 16, 80877102) + client.key)
other.close()
client.until_ready()
client.socket.sendall(message(b"C", b"Sby_name\0") + sync)
client.until_ready()
client.socket.sendall(message(b"X"))
client.socket.close()
