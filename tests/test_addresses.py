"""
One mailbox has one spelling, and no message repeats it.
"""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.addresses import MAX_LENGTH, normalize_address, normalize_own_address
from digest.composer import format_address


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  ann@example.org\n", "ann@example.org"),
        ("Ann.Example+news@EXAMPLE.Org", "Ann.Example+news@example.org"),
        ("ann@exämple.org", "ann@xn--exmple-cua.org"),
        ("zoë@example.org", "zoë@example.org"),
        ("zoe\u0308@EXAMPLE.org", "zoë@example.org"),
        ("ann@straße.de", "ann@xn--strae-oqa.de"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("ann@mail.internal", "ann@mail.internal"),
    ],
)
def test_the_domain_is_kept_in_lower_case_and_ascii(raw: str, address: str) -> None:
    assert normalize_address(raw) == address


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "has no @"),
        ("ann", "has no @"),
        ("a" * 300 + "@example.org", f"is longer than {MAX_LENGTH} characters"),
        ("@example.org", "is not an address that mail can be sent to"),
        ("ann@", "is not an address that mail can be sent to"),
        ("ann@@example.org", "is not an address that mail can be sent to"),
        ("ann@example..org", "is not an address that mail can be sent to"),
        ("ann@mailhost", "has no dot after the @: write the whole domain"),
        ("ann@127.0.0.1", "names a machine by its number: write its domain"),
        ("ann@[127.0.0.1]", "is not an address that mail can be sent to"),
        ("Ann <ann@example.org>", "is not an address that mail can be sent to"),
        ('"ann x"@example.org', "is not an address that mail can be sent to"),
        ("ann,eve@example.org", "is not an address that mail can be sent to"),
        ("ann@example.org,eve@example.org", "is not an address that mail can be sent to"),
        ("ann@example.org\nBcc: eve@example.org", "is not an address that mail can be sent to"),
        ("ann\0@example.org", "is not an address that mail can be sent to"),
        ("ann\ud800@example.org", "is not an address that mail can be sent to"),
        ("zo\u202eë@example.org", "is not an address that mail can be sent to"),
        ("ann(comment)@example.org", "is not an address that mail can be sent to"),
    ],
)
def test_what_is_refused_is_said_without_the_address(raw: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + message + "$") as caught:
        normalize_address(raw)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@settings(deadline=None)
@given(st.text(alphabet=st.characters() | st.sampled_from("@.+-_'ab<>,;\"\r\n "), max_size=30))
def test_any_text_is_an_address_that_can_be_sent_to_or_is_refused(text: str) -> None:
    for raw in (text, f"{text}@example.org", f"ann@{text}", f"ann@{text}.org"):
        try:
            address = normalize_address(raw)
        except ValueError as error:
            assert type(error) is ValueError
            assert "ann@" not in str(error)
        else:
            assert address.rpartition("@")[2].isascii()
            assert format_address("", address) == address
            assert address.isprintable()
            assert not set(address) & set(' <>,;"\r\n')
            assert normalize_address(address) == address


@given(st.from_regex(r"\A[A-Za-z0-9._+-]{1,20}@([A-Za-z0-9-]{1,12}\.){1,3}(com|org|uk|test)\Z"))
def test_the_short_way_for_plain_addresses_ends_where_the_library_does(address: str) -> None:
    try:
        checked = validate_email(
            address, check_deliverability=False, globally_deliverable=False, allow_smtputf8=False
        )
        expected = f"{checked.local_part}@{checked.ascii_domain}"
    except EmailNotValidError:
        expected = "refused"

    try:
        found = normalize_address(address)
    except ValueError:
        found = "refused"

    assert found == expected


def test_an_address_of_ours_is_one_that_every_server_takes() -> None:
    assert normalize_own_address("ann@exämple.org") == "ann@xn--exmple-cua.org"
    with pytest.raises(ValueError, match="beyond ASCII"):
        normalize_own_address("zoë@example.org")


def test_an_address_of_ours_may_be_one_of_this_network() -> None:
    assert normalize_own_address("editor@mailhost") == "editor@mailhost"
