"""
Our own pages: in any brand, everything on them can be read.
"""

from hypothesis import given
from hypothesis import strategies as st

from digest.colours import READABLE, contrast
from digest.model import Brand, Picture, Site
from digest.pages import Pages
from digest.pages.palette import colours_of
from tests.factories import a_newsletter

COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
BRANDS = st.builds(Brand, accent=COLOURS, background=COLOURS, text=COLOURS, muted=COLOURS)
SITE = Site(name="Example Digests", url="https://example.org/d", address="1 High Street")
OF_SITE = Brand(accent="#225588", logo="/logo.png")
LOGO = Picture(name="ab/ab.png", width=560, height=112, colour="#ffffff")


@given(BRANDS)
def test_text_can_be_read_wherever_it_stands(brand: Brand) -> None:
    for palette in (brand.light, brand.dark):
        colours = colours_of(palette)
        texts = (colours.ink, colours.muted, colours.accent)
        assert contrast(colours.on_accent, colours.accent) >= READABLE
        assert min(contrast(text, colours.ground) for text in texts) >= READABLE
        assert min(contrast(text, colours.card) for text in texts) >= READABLE


def test_a_newsletter_has_its_own_brand_and_the_site_has_its_own() -> None:
    pages = Pages(SITE, OF_SITE, {"/logo.png": LOGO})
    newsletter = a_newsletter(brand=Brand(accent="#7a1f5c"))

    own, of_site = (
        pages.page("message", each, heading="Hello", texts=[], action=None, link=None)
        for each in (newsletter, None)
    )

    assert "#7a1f5c" in own
    assert "<img" not in own
    assert "#225588" in of_site
    assert '<img src="/d/i/ab/ab.png" width="240" height="48" alt="Example Digests">' in of_site
    assert pages.policy(newsletter) != pages.policy(None)


def test_mails_have_the_brand_of_the_newsletter() -> None:
    newsletter = a_newsletter(brand=Brand(accent="#7a1f5c", radius=9, heading_font="serif"))

    texts = Pages(SITE, OF_SITE, {}).mail(newsletter, "confirm", "https://example.org/d/c/x")

    assert "background:#7a1f5c" in texts.html
    assert "border-radius:9px" in texts.html
    assert "<img" not in texts.html
