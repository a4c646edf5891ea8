"""
Mail addresses in one form.
"""

import re

MAX_LENGTH = 254
#: What nearly all addresses look like; for these the library has nothing to add but time.
PLAIN = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9]+(?:[._+-][a-z0-9]+)*"
    r"@(?=[^@]{1,253}$)((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:com|de|edu|fr|io|net|org|uk))",
    re.ASCII | re.IGNORECASE,
)


def key_of(address: str) -> str:
    """
    Addresses that differ only in case are one.
    """
    return address.casefold()


def normalize_address(raw: str) -> str:
    """
    A reader's address as it is kept: its domain in lower case and ASCII, and a whole one.

    ValueError says what is wrong, and never repeats the address. Before the @ there may be letters
    of any script (RFC 6531).
    """
    address = _normalized(raw)
    _, dot, top = address.rpartition("@")[2].rpartition(".")
    if not dot:
        raise ValueError("has no dot after the @: write the whole domain")
    if top.isdigit():
        raise ValueError("names a machine by its number: write its domain")
    return address


def normalize_own_address(raw: str) -> str:
    """
    The same for an address that we write from, or are written to: every server must take it.

    It may be one of this network alone, such as editor@mailhost.
    """
    address = _normalized(raw)
    if not address.isascii():
        raise ValueError("has letters beyond ASCII before the @, which many servers do not take")
    return address


def _normalized(raw: str) -> str:
    if len(raw.encode("utf-8", "replace")) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH} characters")
    if PLAIN.fullmatch(raw) and "xn--" not in raw.lower() and "--" not in raw:
        local, _, domain = raw.partition("@")
        return f"{local}@{domain.lower()}"
    from email_validator import EmailNotValidError, validate_email

    if "@" not in raw:
        raise ValueError("has no @")
    try:
        checked = validate_email(
            raw.strip(),
            check_deliverability=False,
            globally_deliverable=False,
            allow_smtputf8=True,
        )
    except EmailNotValidError:
        raise ValueError("is not an address that mail can be sent to") from None
    if not checked.local_part.isprintable():
        raise ValueError("holds what cannot be seen")
    if "=?" in checked.local_part:
        raise ValueError("looks like an encoded word, which headers cannot carry")
    return f"{checked.local_part}@{checked.ascii_domain}"
