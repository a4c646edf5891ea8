"""
Premailer as letters need it, and without parsing the same style sheet for every page anew.
"""

from functools import cache
from logging import CRITICAL
from typing import Any

from premailer import Premailer


class Inliner(Premailer):  # type: ignore[misc]
    """
    Inlines one page's styles; style sheets marked `data-premailer="ignore"` are left alone.
    """

    def __init__(self, html: str) -> None:
        super().__init__(
            html,
            allow_network=False,
            strip_important=False,
            keep_style_tags=False,
            remove_classes=False,
            disable_validation=True,
            align_floating_images=False,
            cssutils_logging_level=CRITICAL,
        )

    def _style_to_basic_html_attributes(self, *_: object, **__: object) -> None:
        """
        Nothing: as attributes, widths in per cent would make Outlook draw pictures at file size.
        """

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[Any, Any]:
        # Two thirds of premailer's time, and always the same for a theme, a brand and a language.
        return _rules_of(css_body, ruleset_index)


@cache
def _rules_of(css: str, index: int) -> tuple[Any, Any]:
    rules: tuple[Any, Any] = Premailer._parse_style_rules(Inliner(""), css, index)
    return rules
