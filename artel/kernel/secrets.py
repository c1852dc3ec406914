"""Random tokens, their hashes, and what must be stored so that only this installation can read it."""

import contextlib
import errno
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN_BYTES: Final = 32  # 256 bits: guessing is hopeless, so a fast hash is enough to store it
NONCE_BYTES: Final = 12  # AES-GCM, NIST SP 800-38D
KEY_BYTES: Final = 32


def new_token() -> str:
    """A bearer secret: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token (SHA-256): a dump of it opens nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class Sealer:
    """AES-256-GCM under the installation's key, bound to the row that holds the text.

    The row's identity is the associated data, so that a sealed value moved to another row cannot be opened there.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._marking_key = hmac.digest(key, b"mark", "sha256")

    def mark(self, text: bytes) -> bytes:
        """Tells equal texts, and opens no guessing to whoever has the database but not the key (HMAC-SHA-256)."""
        return hmac.digest(self._marking_key, text, "sha256")

    def seal(self, plain: bytes, row: str) -> bytes:
        """Nonce and cipher text; opens only with the same `row`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, row.encode())

    def open(self, sealed: bytes, row: str) -> bytes | None:
        """The plain text, or None when the key or the row is another, or the text is damaged."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], row.encode())
        except (InvalidTag, ValueError):  # ValueError: too short to be a nonce
            return None


def load_key(path: Path) -> bytes:
    """The installation's key, made at the first start with mode 0600 and kept outside the database.

    Several processes that start at once agree: whoever links its file first has made the key. Raises OSError.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise OSError(errno.EINVAL, f"this is not a key of {KEY_BYTES} bytes: restore it from a backup", str(path))
    return key
