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


def normalize_address(raw: str) -> str:
    """
    An address as it is kept: its domain in lower case and ASCII. ValueError says what is wrong.

    The message never repeats the address.
    """
    if len(raw) > MAX_LENGTH:
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
            allow_smtputf8=False,
        )
    except EmailNotValidError:
        raise ValueError("is not an address that mail can be sent to") from None
    if "=?" in checked.local_part:
        raise ValueError("looks like an encoded word, which headers cannot carry")
    return f"{checked.local_part}@{checked.ascii_domain}"
