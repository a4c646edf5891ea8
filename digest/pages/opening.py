"""
The pages of one site, with the logos of its brands.
"""

from dataclasses import replace

from ..model import Newsletter, Picture
from ..pipeline import Pipeline
from ..pipeline.branding import logo_of
from . import Pages


def open_pages(pipeline: Pipeline) -> Pages:
    """
    A logo that cannot be shown is not: `digest check` says why.
    """
    settings = pipeline.settings
    branded = [*settings.newsletters.values()]
    branded += [replace(each, brand=settings.brand) for each in branded[:1]]
    return Pages(settings.site, settings.brand, _logos(pipeline, branded))


def _logos(pipeline: Pipeline, newsletters: list[Newsletter]) -> dict[str, Picture]:
    return {
        newsletter.brand.logo: picture
        for newsletter in newsletters
        if newsletter.brand.logo
        and (picture := logo_of(pipeline.settings, newsletter, pipeline.pictures)[0])
    }
