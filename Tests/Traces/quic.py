#!/usr/bin/env python3
"""QUIC servers and clients for make-traces.sh, by aioquic (PyPI).

usage: quic.py serve ADDRESS PORT KEY CERTIFICATE [retry]
       quic.py ask ADDRESS PORT NAME [v1|v2|other|unknown] [early|foreign|long]
"""
import asyncio
import os
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import StreamDataReceived
from aioquic.quic.packet import QuicProtocolVersion as Version

UNKNOWN = 0x1A2A3A4A
# What the client begins with, and what else it speaks.
VERSIONS = {
    "v1": [Version.VERSION_1], "v2": [Version.VERSION_2], "other": [Version.VERSION_1, Version.VERSION_2], "unknown": [UNKNOWN, Version.VERSION_1]}


class Echo(QuicConnectionProtocol):
    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived) and event.end_stream:
            self._quic.send_stream_data(event.stream_id, event.data, end_stream=True)
            self.transmit()


async def run_server(address, port, key, certificate, retry):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["echo"], supported_versions=[Version.VERSION_2, Version.VERSION_1])
    configuration.load_cert_chain(certificate, key)
    tickets = {}
    await serve(
        address, port, configuration=configuration, create_protocol=Echo, retry=retry, session_ticket_fetcher=tickets.pop,
        session_ticket_handler=lambda ticket: tickets.__setitem__(ticket.ticket, ticket))
    await asyncio.Future()


async def ask(address, port, name, versions, tickets=None, protocols=("echo",)):
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=list(protocols), server_name=name, verify_mode=0, original_version=versions[0], supported_versions=list(versions[::-1]),
        session_ticket=tickets.pop() if tickets else None)
    early = configuration.session_ticket is not None
    try:
        async with connect(
            address, port, configuration=configuration, wait_connected=not early, session_ticket_handler=None if tickets is None else tickets.append) as client:
            reader, writer = await client.create_stream()
            writer.write(b"some text")
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 3)
            await asyncio.sleep(0.1)
    except (ConnectionError, asyncio.TimeoutError) as error:
        print(name, repr(error))


async def run_client(address, port, name, version="v1", how=""):
    versions = VERSIONS[version]
    if how == "early":
        tickets = []
        await ask(address, port, name, versions, tickets)
        await ask(address, port, name, versions, tickets)
    elif how == "foreign":
        await ask(address, port, name, versions, protocols=["h3"])
    elif how == "long":
        # A hello of more than one packet.
        await ask(address, port, name, versions, protocols=["echo"] + [f"a-protocol-that-nobody-speaks-{number:04}" for number in range(40)])
    else:
        await ask(address, port, name, versions)


if sys.argv[1] == "serve":
    asyncio.run(run_server(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5], "retry" in sys.argv[6:]))
else:
    asyncio.run(run_client(sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
