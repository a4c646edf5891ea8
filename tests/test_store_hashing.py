"""
The secret that addresses are hashed with is the one that is kept.
"""

from contextlib import closing
from random import Random

import pytest

from .factories import a_store

other_bits = Random(2).getrandbits  # noqa: S311 - no secret


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_secret_that_was_not_kept_hashes_nothing_later(store_url: str, times: int) -> None:
    with closing(a_store(store_url)) as store:
        with pytest.raises(ZeroDivisionError), store._database.writing() as connection:
            for _ in range(times):
                store.limits._hashes.of(connection, "origin", "192.0.2.1")
            raise ZeroDivisionError
        hashed = [store.limits.hash_of("192.0.2.1") for _ in range(3)]

    with closing(a_store(store_url, random_bits=other_bits)) as another:
        hashed.append(another.limits.hash_of("192.0.2.1"))

    assert len(set(hashed)) == 1
