"""Certificates as companies have them: an authority that nobody else knows, and what it signs, well and badly."""

from __future__ import annotations

import ssl
from datetime import datetime, timezone
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

LONG_AGO, LONG_OFF = datetime(2020, 1, 1, tzinfo=timezone.utc), datetime(2100, 1, 1, tzinfo=timezone.utc)
SOON_AFTER, LATER = datetime(2020, 2, 1, tzinfo=timezone.utc), datetime(2100, 2, 1, tzinfo=timezone.utc)


class Certificates:
    """What one authority signs. Files lie in a folder of the test's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.ca_file: str = str(folder / "authority.pem")
        """The authority's own certificate."""
        self._authority.cert_pem.write_to_path(self.ca_file)

    def server(self, name: str = "127.0.0.1", *, begins: datetime | None = None, ends: datetime | None = None) -> ssl.SSLContext:
        """Return what a server of this name has."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(name, not_before=begins, not_after=ends).configure_cert(context)  # pyright: ignore[reportUnknownMemberType] # half typed
        return context

    def server_file(self, name: str) -> str:
        """Return the path of what a server of this name has, with its key, for another process."""
        path = self._folder / f"{name}.pem"
        self._authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(path))
        return str(path)

    def demanding(self) -> ssl.SSLContext:
        """Return what a server has that wants a certificate of who asks, by the same authority."""
        context = self.server()
        context.verify_mode = ssl.CERT_REQUIRED
        self._authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType] # as above
        return context

    def client(self, name: str = "ana") -> tuple[str, str]:
        """Return the paths of a certificate of one who asks, and of its key."""
        issued = self._authority.issue_cert(f"{name}@example.com")
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(b"".join(it.bytes() for it in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return str(certificate), str(key)

    def locked(self, key: str) -> str:
        """Return the path of a key as it is, but for a password that one has to know."""
        read = serialization.load_pem_private_key(Path(key).read_bytes(), password=None)
        kind = serialization.PrivateFormat.TraditionalOpenSSL
        path = self._folder / "locked.key"
        path.write_bytes(read.private_bytes(serialization.Encoding.PEM, kind, serialization.BestAvailableEncryption(b"secret")))
        return str(path)
