"""A server of MongoDB's protocol that has the answers to what PyMongo asks here, and PyMongo asking it.

usage: mongo.py serve|ask ADDRESS        with PyMongo, whose `bson` both are made by
"""
import socket
import socketserver
import struct
import sys
import zlib

import bson
import pymongo

role, address = sys.argv[1:3]
PORT = 27017
HELLO = {"isWritablePrimary": True, "ismaster": True, "maxBsonObjectSize": 16777216, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000,
         "minWireVersion": 0, "maxWireVersion": 17, "ok": 1.0}
PLANETS = [{"_id": number, "name": name, "moons": moons} for number, (name, moons) in enumerate([("Earth", 1), ("Mars", 2), ("Venus", 0), ("Jupiter", 95), ("Saturn", 146)])]


def answer(command):
    name = next(iter(command))
    if name in ("hello", "ismaster", "isMaster"):
        # Newer clients compress whatever they may.
        zipped = command.get("client", {}).get("application", {}).get("name") == "zipped"
        return {"compression": ["zlib"], **HELLO} if zipped else HELLO
    if name == "find":
        if command["find"] == "planets":
            size = command.get("batchSize", 101)
            return {"cursor": {"firstBatch": PLANETS[:size], "id": bson.Int64(4711 if size < len(PLANETS) else 0), "ns": "shop.planets"}, "ok": 1.0}
        return {"ok": 0.0, "errmsg": "not authorized on shop to execute command", "code": 13, "codeName": "Unauthorized"}
    if name == "getMore":
        return {"cursor": {"nextBatch": PLANETS[2:], "id": bson.Int64(0), "ns": "shop.planets"}, "ok": 1.0}
    if name == "insert":
        if any(document.get("_id") == 0 for document in command["documents"]):
            return {"n": 1, "writeErrors": [{"index": 1, "code": 11000, "errmsg": "E11000 duplicate key error"}], "ok": 1.0}
        return {"n": len(command["documents"]), "ok": 1.0}
    if name == "update":
        return {"n": 2, "nModified": 1, "ok": 1.0}
    if name == "saslStart":
        return {"ok": 0.0, "errmsg": "Authentication failed.", "code": 18, "codeName": "AuthenticationFailed"}
    if name == "explode":
        return {"ok": 0.0, "errmsg": "no such command: 'explode'", "code": 59, "codeName": "CommandNotFound"}
    return {"ok": 1.0}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            head = self.rfile.read(16)
            if len(head) < 16:
                return
            length, number, _, opcode = struct.unpack("<4I", head)
            body = self.rfile.read(length - 16)
            if opcode == 2012:
                opcode = struct.unpack_from("<I", body)[0]
                body = zlib.decompress(body[9:])
            if opcode == 2004:
                place = body.index(b"\0", 4) + 9
                document = bson.decode(body[place:])
                documents = [answer(document)] if b".$cmd\0" in body[:place] else PLANETS[:2]
                reply = struct.pack("<IqII", 8, 0, 0, len(documents)) + b"".join(map(bson.encode, documents))
                self.wfile.write(struct.pack("<4I", len(reply) + 16, number + 1000, number, 1) + reply)
                continue
            if opcode != 2013:
                continue
            flags = struct.unpack_from("<I", body)[0]
            length = struct.unpack_from("<I", body, 5)[0]
            document, rest = bson.decode(body[5:5 + length]), body[5 + length:]
            if rest:
                document["documents"] = bson.decode_all(rest[rest.index(b"\0", 5) + 1:])
            if flags & 2:
                continue
            reply = struct.pack("<IB", 0, 0) + bson.encode(answer(document))
            self.wfile.write(struct.pack("<4I", len(reply) + 16, number + 1000, number, 2013) + reply)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def ask():
    def failing(call):
        try:
            call()
        except pymongo.errors.PyMongoError as error:
            print(error)

    common = dict(directConnection=True, serverMonitoringMode="poll", heartbeatFrequencyMS=100000, serverSelectionTimeoutMS=3000, retryWrites=False)
    client = pymongo.MongoClient(address, PORT, **common)
    shop = client.shop
    list(shop.planets.find({"moons": {"$gt": 0}}))
    list(shop.planets.find({}, batch_size=2))
    failing(lambda: list(shop.comets.find({})))
    shop.planets.insert_many([{"_id": 10, "name": "Uranus"}, {"_id": 11, "name": "Neptune"}])
    failing(lambda: shop.planets.insert_many([{"_id": 12}, {"_id": 0}]))
    shop.planets.update_many({"moons": 2}, {"$set": {"moons": 3}})
    shop.get_collection("log", write_concern=pymongo.WriteConcern(w=0)).insert_one({"_id": 1})
    failing(lambda: shop.command("explode"))
    client.admin.command("ping")
    client.close()
    zipped = pymongo.MongoClient(address, PORT, compressors="zlib", appname="zipped", **common)
    zipped.shop.command("ping")
    zipped.close()
    wrong = pymongo.MongoClient(address, PORT, username="admin", password="wrong", authMechanism="PLAIN", **common)
    failing(lambda: wrong.shop.command("ping"))
    wrong.close()
    # What clients before MongoDB 3.6 sent: a command, a query of a collection, and a write that nobody answers.
    old = socket.create_connection((address, PORT))
    for name, document in (("admin.$cmd", {"isMaster": 1}), ("shop.planets", {"moons": 1})):
        query = struct.pack("<I", 0) + name.encode() + struct.pack("<BII", 0, 0, 10) + bson.encode(document)
        old.sendall(struct.pack("<4I", len(query) + 16, 1, 0, 2004) + query)
        old.recv(4096)
    write = struct.pack("<I", 0) + b"shop.log\0" + bson.encode({"_id": 2})
    old.sendall(struct.pack("<4I", len(write) + 16, 2, 0, 2002) + write)
    old.close()


if role == "serve":
    Server((address, PORT), Handler).serve_forever()
ask()
