"""
Paths as the configuration means them, and secrets that lie in files of their own.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import SettingsError


def below(folder: Path, path: str) -> Path:
    """
    A path relative to the folder of digest.toml.
    """
    return Path(os.path.normpath(folder / path))


def secret_file(
    folder: Path, name: str, path: str | None, environ: Mapping[str, str]
) -> Path | None:
    """
    Where systemd has the secret `name`, or else the file that is named here or in the environment.
    """
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"), name)
    named = path or environ.get(f"DIGEST_{name.upper()}_FILE")
    return credential if credential.is_file() else below(folder, named) if named else None


def read_secret(key: str, path: Path) -> bytes:
    """
    SettingsError if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{key}: {path} cannot be read: {error.strerror}") from None


def read_password(key: str, path: Path | None, password: str | None) -> str | None:
    """
    The password of a file, if there is one, or the one that was given.
    """
    if path is None:
        return password
    return read_secret(key, path).decode("utf-8", "replace").strip("\r\n")
