"""
Keys that sign letters: dkim keygen, dkim record.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SettingsError
from .shared import AsJson, now, print_json, say

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(help="Make keys that sign letters, and show what to publish.")


@app.callback()
def _group() -> None:
    """
    Make keys that sign letters, and show what to publish.
    """


@app.command()
def keygen(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Of the From addresses.")],
    *,
    selector: Annotated[
        str | None, typer.Option(metavar="NAME", help="Default: digest and the month.")
    ] = None,
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="A short key, beside one that all receivers know.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: beside the configuration.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Make a key. Prints its DNS record, and its lines of digest.toml.
    """
    from ..domains.keys import generate_key

    name = selector or f"digest{now():%Y%m}{'e' if ed25519 else ''}"
    path = out or Path(context.obj).parent / f"dkim-{name}.pem"
    _check_name(name, "--selector")
    _check_name(domain, "DOMAIN")
    pair = generate_key("ed25519" if ed25519 else "rsa")
    _write_secret(path, pair.private)
    record = f"{name}._domainkey.{domain}"
    if as_json:
        print_json({"key_file": str(path), "name": record, "type": "TXT", "value": pair.record})
        return
    say(f"Made {path}, which nobody else may read. Publish this record:\n")
    typer.echo(_zone_line(record, pair.record))
    say(f"\nand sign with it: in digest.toml\n\n{_table(domain, name, path.name)}")


@app.command()
def record(context: typer.Context, *, as_json: AsJson = False) -> None:
    """
    Print the DNS records of the keys in the configuration.
    """
    from ..domains.keys import record_of
    from ..settings import load_settings

    keys = load_settings(context.obj, os.environ).dkim
    if not keys:
        raise SettingsError("no key is configured: `digest dkim keygen DOMAIN` makes one")
    records = [
        (f"{key.selector}._domainkey.{key.domain}", record_of(key.read_key())) for key in keys
    ]
    if as_json:
        rows = [{"name": name, "type": "TXT", "value": value} for name, value in records]
        print_json({"records": rows})
        return
    for name, value in records:
        typer.echo(_zone_line(name, value))


def _check_name(name: str, option: str) -> None:
    labels = name.split(".")
    if not all(each.isascii() and each.replace("-", "").isalnum() for each in labels):
        raise typer.BadParameter(
            f'found "{name}", needed is a name such as example.org', param_hint=option
        )


def _write_secret(path: Path, data: bytes) -> None:
    """
    Never over a key that letters are signed with.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except FileExistsError:
        raise SettingsError(f"{path} is there already: name another with --out") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None


def _zone_line(name: str, value: str) -> str:
    from ..domains.keys import strings_of

    return f"{name}. IN TXT {_quoted(strings_of(value))}"


def _quoted(strings: "Iterable[str]") -> str:
    return " ".join(f'"{each}"' for each in strings)


def _table(domain: str, selector: str, file: str) -> str:
    return f'[[dkim]]\ndomain = "{domain}"\nselector = "{selector}"\nkey_file = "{file}"\n'
