"""
Keys that others can use, and DNS records held against what receivers ask for.
"""

import stat
from pathlib import Path

import dkim
import pytest

from digest.domains.keys import generate_key, record_of, strings_of
from digest.domains.lookup import open_lookup
from digest.domains.records import Finding, Sending, SigningKey, findings_of
from digest.errors import LookupFailed, SettingsError
from digest.signer import Signer

from .factories import a_letter
from .nameserver import Zone, a_name_server
from .program import WEEKLY, Project, a_project
from .test_signer import MONDAY_MORNING

RECORD = "v=DKIM1; k=rsa; p=QUJD"
KEY = SigningKey(domain="example.org", selector="s1", record=RECORD)
GOOD: Zone = {
    ("example.org", "TXT"): ['"some-verification=1"', '"v=spf1 ip4:192.0.2.1 -all"'],
    ("example.org", "MX"): ["10 mail.example.org."],
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=none"'],
    ("s1._domainkey.example.org", "TXT"): ['"v=DKIM1; k=rsa; " "p=QUJD"'],
}


def findings(zone: Zone, sending: Sending | None = None) -> list[Finding]:
    ours = sending or Sending(domain="example.org", envelope_domain="example.org", keys=(KEY,))
    with a_name_server(zone) as server:
        return list(findings_of(ours, open_lookup([server])))


def messages(zone: Zone, sending: Sending | None = None) -> str:
    return "\n".join(each.message for each in findings(zone, sending))


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
def test_a_new_key_signs_what_its_record_verifies(algorithm: str) -> None:
    pair = generate_key("rsa" if algorithm == "rsa" else "ed25519")
    signer = Signer(domain="example.org", selector="s1", private_key=pair.private)

    signed = signer.sign(a_letter(), at=MONDAY_MORNING)

    def published(name: bytes, timeout: int = 5) -> bytes:
        return pair.record.encode()

    assert dkim.verify(signed.data, dnsfunc=published)


def test_a_record_comes_in_strings_that_a_zone_file_takes() -> None:
    record = generate_key("rsa").record

    strings = list(strings_of(record))

    assert "".join(strings) == record
    assert max(map(len, strings)) <= 255


def test_no_key_has_no_record() -> None:
    with pytest.raises(SettingsError, match="no private key in PEM"):
        record_of(b"nonsense")


def test_a_domain_with_all_records_has_no_findings() -> None:
    assert findings(GOOD) == []


@pytest.mark.parametrize(
    ("place", "records", "expected"),
    [
        (("_dmarc.example.org", "TXT"), [], "has no DMARC record"),
        (("_dmarc.example.org", "TXT"), ['"v=DMARC1; rua=mailto:a@b.c"'], "lacks p=none"),
        (("_dmarc.example.org", "TXT"), ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "keep one"),
        (("s1._domainkey.example.org", "TXT"), [], f'is not published: add TXT "{RECORD}"'),
        (("s1._domainkey.example.org", "TXT"), ['"v=DKIM1; p=ZZZZ"'], "publishes another key"),
        (("s1._domainkey.example.org", "TXT"), ['"v=DKIM1; p="'], "is revoked"),
        (("s1._domainkey.example.org", "TXT"), ['"k=rsa; t=y; p=QUJD"'], "says t=y"),
        (("s1._domainkey.example.org", "TXT"), ['"p=QUJD"', '"p=ZZZZ"'], "has 2 TXT records"),
        (("example.org", "TXT"), [], "has no SPF record"),
        (("example.org", "TXT"), ['"v=spf1 -all"', '"v=spf1 ~all"'], "2 SPF records"),
        (("example.org", "TXT"), ['"v=spf1 +all"'], "lets everybody send"),
        (("example.org", "TXT"), ['"v=spf1 ip4:192.0.2.1"'], "has no end"),
        (("example.org", "MX"), [], "has no MX record"),
        (("example.org", "MX"), ["0 ."], "takes no mail"),
    ],
)
def test_each_missing_or_wrong_record_is_named(
    place: tuple[str, str], records: list[str], expected: str
) -> None:
    found = messages({**GOOD, place: records})

    assert expected in found
    assert "\n" not in found


def test_a_policy_of_the_domain_above_counts() -> None:
    zone = {
        **GOOD,
        ("news.example.org", "TXT"): ['"v=spf1 -all"'],
        ("news.example.org", "MX"): ["1 m."],
    }
    sending = Sending(domain="news.example.org", envelope_domain="news.example.org", keys=(KEY,))

    assert findings(zone, sending) == []


def test_a_signature_of_another_organisation_does_not_count() -> None:
    zone = {**GOOD, ("s1._domainkey.mailer.example", "TXT"): ['"p=QUJD"']}
    other = SigningKey(domain="mailer.example", selector="s1", record=RECORD)
    sending = Sending(domain="example.org", envelope_domain="example.org", keys=(other,))

    assert "which DMARC does not count" in messages(zone, sending)


def test_a_strict_policy_wants_the_very_domain() -> None:
    strict = {**GOOD, ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=none; adkim=s"']}
    zone = {**strict, ("s1._domainkey.news.example.org", "TXT"): ['"p=QUJD"']}
    below = SigningKey(domain="news.example.org", selector="s1", record=RECORD)
    sending = Sending(domain="example.org", envelope_domain="example.org", keys=(below,))

    assert "which DMARC does not count" in messages(zone, sending)


def test_letters_that_are_not_signed_are_an_error() -> None:
    sending = Sending(domain="example.org", envelope_domain="example.org", keys=())

    assert "digest dkim keygen example.org" in messages(GOOD, sending)


def test_an_spf_record_that_includes_itself_ends() -> None:
    zone = {
        **GOOD,
        ("example.org", "TXT"): ['"v=spf1 include:example.org include:example.org -all"'],
    }

    assert "counts as broken: 10 are allowed" in messages(zone)


def test_included_records_count_their_own_lookups() -> None:
    many = " ".join(f"a:h{number}.example.org" for number in range(9))
    zone = {
        **GOOD,
        ("example.org", "TXT"): ['"v=spf1 include:_spf.example.org -all"'],
        ("_spf.example.org", "TXT"): [f'"v=spf1 {many} -all"'],
    }

    assert findings(zone) == []

    zone[("_spf.example.org", "TXT")] = [f'"v=spf1 {many} mx -all"']
    assert "counts as broken" in messages(zone)


def test_what_cannot_be_asked_is_a_warning_for_each_record() -> None:
    sending = Sending(domain="example.org", envelope_domain="example.org", keys=(KEY,))
    with a_name_server(GOOD, broken=True) as server:
        found = list(findings_of(sending, open_lookup([server])))

    assert [each.level for each in found] == ["warning"] * 4
    assert "could not be looked up" in found[0].message


def test_no_answer_is_not_an_empty_answer() -> None:
    with a_name_server(GOOD, broken=True) as server, pytest.raises(LookupFailed):
        open_lookup([server])("example.org", "MX")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_project(tmp_path / "project", WEEKLY)


def test_keygen_writes_a_key_nobody_else_may_read_and_never_over_another(project: Project) -> None:
    made = project.run("dkim", "keygen", "example.org", "--selector", "s1", "--json").json

    key = Path(made["key_file"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert made["name"] == "s1._domainkey.example.org"
    assert made["value"] == record_of(key.read_bytes())
    again = project.run("dkim", "keygen", "example.org", "--selector", "s1")
    assert (again.status, "is there already" in again.err) == (1, True)


def test_the_record_of_a_configured_key_is_shown_again(project: Project) -> None:
    made = project.run("dkim", "keygen", "example.org", "--selector", "s1", "--json").json
    for selector in ("s1", "s2"):
        with project.config.open("a") as file:
            file.write(f'[[dkim]]\ndomain = "example.org"\nselector = "{selector}"\n')
            file.write('key_file = "dkim-s1.pem"\n')

    shown = project.run("dkim", "record", "--json").json["records"]

    assert [each["value"] for each in shown] == [made["value"]] * 2
    assert [each["name"] for each in shown] == [
        "s1._domainkey.example.org",
        "s2._domainkey.example.org",
    ]
