"""
Mail addresses in one form.
"""

MAX_LENGTH = 254


def normalize_address(raw: str) -> str:
    """
    An address as it is kept: its domain in lower case and ASCII. ValueError says what is wrong.

    The message never repeats the address.
    """
    from email_validator import EmailNotValidError, validate_email

    if len(raw) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH} characters")
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
