"""
`digest.toml` and the environment become one frozen object, once.
"""

from collections.abc import Mapping
from pathlib import Path

from ..errors import SettingsError
from .kept import Asked, Kept
from .known import INDEX, DkimSettings, Settings, StoreSettings

__all__ = ["INDEX", "DkimSettings", "Settings", "StoreSettings", "load_settings"]


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """
    Read and check a configuration. SettingsError holds all that is wrong with it, a line each.

    One that was checked before, and has not changed since, is not checked again.
    """
    source, place = _read(path), path.absolute()
    kept = Kept(place, source, environ)
    settings = kept.settings()
    if settings is None:
        from .tables import settings_of

        asked = Asked(environ)
        settings = settings_of(path, source, asked)
        kept.keep(settings, asked)
    return settings


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        message = (
            f"there is no configuration {path}: `digest init` makes one, --config names another"
        )
        raise SettingsError(message) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8 text: save the file as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"the configuration {path} cannot be read: {error.strerror}") from None
