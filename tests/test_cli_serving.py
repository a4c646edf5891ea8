"""
The commands of the web side: serve, archive build, subscribers form.
"""

from pathlib import Path

import pytest

from tests.program import ROOT, SITE, WEEKLY, a_full_project, a_project

PUBLIC = WEEKLY + '    public = true\n    language = "de"\n'


def test_a_form_for_other_sites_is_plain_html_in_the_newsletter_s_language(tmp_path: Path) -> None:
    ran = a_project(tmp_path, PUBLIC).done("subscribers", "form", "weekly")

    assert ran.out == (
        '<form method="post" action="https://digests.example.org/s/weekly">\n'
        '  <label>Ihre E-Mail-Adresse <input type="email" name="email" autocomplete="email"'
        " required></label>\n"
        "  <button>Abonnieren</button>\n"
        "</form>\n"
    )


def test_there_is_no_form_for_what_is_not_public(tmp_path: Path) -> None:
    ran = a_project(tmp_path).run("subscribers", "form", "weekly")

    assert ran.status == 1
    assert "public = true" in ran.err


def test_an_archive_of_nothing_is_built_as_well(tmp_path: Path) -> None:
    project = a_full_project(tmp_path)

    ran = project.json("archive", "build", str(tmp_path / "public"))

    assert ran == {"out": str(tmp_path / "public"), "files": 3, "removed": 0}
    assert (tmp_path / "public" / "a" / "index.html").is_file()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    project = a_full_project(tmp_path)
    (tmp_path / "file").touch()

    ran = project.run("archive", "build", str(tmp_path / "file"))

    assert ran.status == 1
    assert f"the folder {tmp_path / 'file'} cannot be written" in ran.err


def test_a_port_in_use_is_an_error_in_one_line(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = a_project(tmp_path).run("serve", "--port", str(port))

    assert ran.status == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_without_its_libraries_it_says_what_to_install(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    project.write("bare/uvicorn.py", "raise ModuleNotFoundError('uvicorn')")

    ran = project.run("serve", environ={"PYTHONPATH": f"{tmp_path / 'bare'}:{ROOT}"})

    assert ran.status == 1
    assert ran.err == ("digest: serving needs an extra: pip install 'newsletter-digest[web]'\n")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[web]\nport = 70000", "web.port: found 70000"),
        ('[web]\ntrusted_proxies = ["proxy"]', 'web.trusted_proxies.0: found "proxy", should be'),
        ("[web]\nsign_ups_per_hour = 0", "web.sign_ups_per_hour: found 0"),
        (WEEKLY + '    archive = "open"', "newsletters.weekly.archive: found"),
        (WEEKLY + '    frequency_of = "daily"', 'frequency_of: found "daily", should be another'),
        (WEEKLY + '    frequency_of = "weekly"', 'frequency_of: found "weekly", should be'),
    ],
)
def test_settings_are_checked(tmp_path: Path, table: str, message: str) -> None:
    project = a_project(tmp_path)
    tables = (table,) if "newsletters" in table else (table, WEEKLY)
    project.configure(SITE, *tables)

    ran = project.run("check")

    assert ran.status == 1
    assert message in ran.out + ran.err
