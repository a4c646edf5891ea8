"""
Keyed hashes of addresses: enough to recognise somebody, too little to find them.
"""

import hmac
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, Transaction, insert, select

from .schema_readers import pepper

SECRET_BITS = 256


class Hashes:
    """
    One secret per store, made when it is first needed and never changed.
    """

    def __init__(self, clock: Callable[[], datetime], random_bits: Callable[[int], int]) -> None:
        self._clock, self._random_bits = clock, random_bits
        self._secret: bytes | None = None
        self._made_in: Transaction | None = None

    def of(self, connection: Connection, purpose: str, value: str) -> str:
        """
        64 hexadecimal digits, within the caller's writing transaction.
        """
        message = f"{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key(connection), message, "sha256").hex()

    def _key(self, connection: Connection) -> bytes:
        if self._secret is not None:
            return self._secret
        secret: bytes | None = connection.scalar(select(pepper.c.secret))
        if secret is not None:
            # Not one that was made just now: the transaction might not be kept.
            if connection.get_transaction() is not self._made_in:
                self._secret, self._made_in = secret, None
            return secret
        secret = self._random_bits(SECRET_BITS).to_bytes(SECRET_BITS // 8, "big")
        connection.execute(insert(pepper).values(number=1, secret=secret, created_at=self._clock()))
        self._made_in = connection.get_transaction()
        return secret
