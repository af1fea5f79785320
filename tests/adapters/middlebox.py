"""What stands between companies and their servers, as a process of its own: a proxy that makes tunnels, or the end of TLS.

    python tests/adapters/middlebox.py proxy [--credentials NAME:PASSWORD] [--knows NAME=PORT] [--says ANSWER] [--silent]
    python tests/adapters/middlebox.py tls CERTIFICATE AUTHORITY PORT

It prints its port, then a line of JSON for each tunnel that it was asked for. `tls` wants a certificate of who asks, and leads to a port of this
machine.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import ssl
import sys
from contextlib import suppress
from typing import Any

HOST = "127.0.0.1"
PIECE = 64 * 1024


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Carry bytes both ways until either side ends."""
    there, here = await asyncio.open_connection(HOST, port)

    async def carry(of: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await of.read(PIECE):
                to.write(data)
                await to.drain()

    ways = [asyncio.ensure_future(carry(reader, here)), asyncio.ensure_future(carry(there, writer))]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    here.close()


class Proxy:
    """Makes tunnels to this machine, for those whom it knows."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._known = dict(pair.split("=") for pair in options.knows)
        self._wanted = f"Basic {base64.b64encode(options.credentials.encode()).decode()}" if options.credentials else None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split("\r\n")[0].split()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        host, _, port = target.rpartition(":")
        answer = self._answer(method, headers, host)
        sys.stdout.write(json.dumps({"method": method, "target": target, "headers": sorted(headers), "answer": answer}) + "\n")
        sys.stdout.flush()
        if self._options.silent:
            await reader.read()
            return
        writer.write(f"{answer}\r\n\r\n".encode())
        if " 200 " in answer:
            await relay(reader, writer, int(self._known.get(host, port)))

    def _answer(self, method: str, headers: dict[str, str], host: str) -> str:
        return self._options.says or f"HTTP/1.1 {self._status(method, headers, host)} Said"

    def _status(self, method: str, headers: dict[str, str], host: str) -> int:
        if self._wanted not in {None, headers.get("Proxy-Authorization")}:
            return 407
        if method != "CONNECT":
            return 405
        return 200 if host in self._known or host == HOST else 502


async def serve(options: argparse.Namespace) -> None:
    """Serve until the process is ended."""
    context: ssl.SSLContext | None = None
    if options.act == "tls":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=options.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(options.certificate)
    proxy = Proxy(options) if options.act == "proxy" else None

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await (relay(reader, writer, options.port) if proxy is None else proxy.serve(reader, writer))
        writer.close()

    server = await asyncio.start_server(handle, HOST, 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _options() -> Any:
    made = argparse.ArgumentParser()
    acts = made.add_subparsers(dest="act", required=True)
    proxy = acts.add_parser("proxy")
    proxy.add_argument("--credentials", default="")
    proxy.add_argument("--knows", action="append", default=[])
    proxy.add_argument("--says", default="")
    proxy.add_argument("--silent", action="store_true")
    tls = acts.add_parser("tls")
    tls.add_argument("certificate")
    tls.add_argument("authority")
    tls.add_argument("port", type=int)
    return made.parse_args()


if __name__ == "__main__":
    asyncio.run(serve(_options()))
