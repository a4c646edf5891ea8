"""
Our own pages and mails in the words of a newsletter's language, from templates beside this file.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from unicodedata import bidirectional
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ..languages import Wording, wording
from ..model import Brand, Newsletter, Picture, Site
from .palette import colours_of, css_of

FOLDER = Path(__file__).parent
CATALOGUE = "web"
#: How large a logo is shown at most; its file has twice the pixels.
LOGO_WIDTH, LOGO_HEIGHT = 240, 48
#: What Unicode calls the letters of Hebrew and of Arabic.
RIGHT_TO_LEFT = frozenset({"R", "AL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTexts:
    subject: str
    text: str
    html: str


class Pages:
    """
    Renders with the brand of the newsletter that a page is about, or else with the site's.
    """

    def __init__(self, site: Site, brand: Brand, logos: Mapping[str, Picture]) -> None:
        """
        `logos` by the paths that brands have for them, from the cache.
        """
        self._site, self._brand, self._logos = site, brand, logos
        self.base = urlsplit(site.url).path
        self._html = partial(
            Environment, loader=FileSystemLoader(FOLDER), undefined=StrictUndefined
        )(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self._text = partial(
            Environment, loader=FileSystemLoader(FOLDER), undefined=StrictUndefined
        )(autoescape=False, trim_blocks=True, lstrip_blocks=True)

    def page(
        self,
        name: str,
        newsletter: Newsletter | None,
        *,
        language_of: Newsletter | None = None,
        **context: Any,
    ) -> str:
        """
        One HTML page about a newsletter, or about the site, then in the language of another one.
        """
        words = _wording(newsletter or language_of)
        brand = self._brand_of(newsletter)
        shared = {
            "words": words,
            "logo": self._logo(brand),
            "t": partial(_translate, words),
            "site": self._site,
            "newsletter": newsletter,
            "base": self.base,
            "style": Markup(_style(brand)),  # noqa: S704 - of settings that were checked
        }
        return self._html.get_template(f"{name}.html.j2").render(shared | context)

    def neutral(self, newsletter: Newsletter) -> str:
        """
        Where the links of a page lead that is nobody's own.
        """
        t = self.translator(newsletter)
        return self.page(
            "message",
            None,
            language_of=newsletter,
            heading=t("This is a copy"),
            texts=[t("It belongs to nobody. Your own letters have links that are yours alone.")],
            action=None,
            link=None,
        )

    def feed(
        self, newsletter: Newsletter, *, entries: Sequence[Any], updated: datetime, **context: Any
    ) -> str:
        """
        An Atom feed (RFC 4287) of entries with title, url, updated and text, the latest first.
        """
        return self._html.get_template("feed.xml.j2").render(
            context,
            words=_wording(newsletter),
            site=self._site,
            entries=entries,
            updated=f"{updated:%Y-%m-%dT%H:%M:%SZ}",
        )

    def translator(self, newsletter: Newsletter | None) -> Callable[..., Markup]:
        """
        What turns a message, and values for it, into the newsletter's language.
        """
        return partial(_translate, _wording(newsletter))

    def mail(self, newsletter: Newsletter, kind: str, url: str) -> MailTexts:
        """
        A mail with one link.
        """
        words = _wording(newsletter)
        said = _mail_words(words.gettext)[kind]
        values = {"newsletter": newsletter.title, "site": self._site.name}
        subject, sentence, button, after = (each.format(**values) for each in said)
        context = {
            "words": words,
            "site": self._site,
            "newsletter": newsletter,
            "subject": subject,
            "sentence": sentence,
            "button": button,
            "after": after,
            "url": url,
            "colours": colours_of(newsletter.brand.light),
            "dark": colours_of(newsletter.brand.dark),
            "heading_font": Markup(newsletter.brand.heading_font),  # noqa: S704 - checked
            "text_font": Markup(newsletter.brand.text_font),  # noqa: S704 - checked
            "radius": newsletter.brand.radius,
        }
        return MailTexts(
            subject=subject,
            text=self._text.get_template("mail.txt.j2").render(context),
            html=self._html.get_template("mail.html.j2").render(context),
        )

    def policy(self, newsletter: Newsletter | None) -> str:
        """
        The Content-Security-Policy of such a page: its own style sheet, and no other.
        """
        digest = hashlib.sha256(_style(self._brand_of(newsletter)).encode()).digest()
        return (
            f"default-src 'none'; style-src 'sha256-{b64encode(digest).decode()}';"
            " img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )

    @property
    def pictures(self) -> frozenset[str]:
        """
        The names of those that pages show.
        """
        return frozenset(each.name for each in self._logos.values())

    def _brand_of(self, newsletter: Newsletter | None) -> Brand:
        return newsletter.brand if newsletter else self._brand

    def _logo(self, brand: Brand) -> Mapping[str, object] | None:
        picture = self._logos.get(brand.logo or "")
        if picture is None:
            return None
        scale = min(0.5, LOGO_WIDTH / picture.width, LOGO_HEIGHT / picture.height)
        return {
            "url": f"{self.base}/i/{picture.name}",
            "width": max(1, round(picture.width * scale)),
            "height": max(1, round(picture.height * scale)),
        }


@cache
def _style(brand: Brand) -> str:
    """
    The style sheet of every page of that brand.
    """
    return css_of(brand) + (FOLDER / "style.css").read_text("utf-8")


def _wording(newsletter: Newsletter | None) -> Wording:
    if newsletter is None:
        return wording("en", CATALOGUE)
    return wording(newsletter.language, CATALOGUE, timezone=newsletter.timezone)


def _translate(words: Wording, message: str, **values: object) -> Markup:
    """
    A sentence of ours with values that are anybody's.
    """
    isolated = {name: _isolated(words, str(value)) for name, value in values.items()}
    return escape(words.gettext(message)).format(**isolated)


def _isolated(words: Wording, value: str) -> str:
    """
    A name or an address that does not turn the sentence around it, nor is turned by it.
    """
    if words.direction == "ltr" and RIGHT_TO_LEFT.isdisjoint(map(bidirectional, value)):
        return value
    return f"\N{FIRST STRONG ISOLATE}{value}\N{POP DIRECTIONAL ISOLATE}"


def _mail_words(_: Callable[[str], str]) -> Mapping[str, tuple[str, str, str, str]]:
    """
    Subject, sentence, button, and what else there is to know.
    """
    return {
        "confirm": (
            _("Confirm your subscription to {newsletter}"),
            _("Somebody, probably you, asked for {newsletter} at this address."),
            _("Confirm the subscription"),
            _("If it was not you, do nothing: you will not hear from us again."),
        ),
        "data": (
            _("Your data at {site}"),
            _("With it you can change your address, get a copy of your data, or have it erased."),
            _("Open the page"),
            _("The link is good once, for 30 minutes. If you did not ask for it, do nothing."),
        ),
        "address": (
            _("Confirm your new address"),
            _("Letters of {newsletter} will come to this address from now on, if you confirm it."),
            _("Confirm the address"),
            _("The link is good once, for 30 minutes. If you did not ask for it, do nothing."),
        ),
    }
