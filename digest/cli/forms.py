"""
A sign-up form for other sites: subscribers form.
"""

import html

import typer

from .shared import Name, opened

FORM = """\
<form method="post" action="{url}/s/{newsletter}">
  <label>{label} <input type="email" name="email" autocomplete="email" required></label>
  <button>{button}</button>
</form>
"""


def form(context: typer.Context, newsletter: Name) -> None:
    """
    Print a sign-up form to embed in another site. Its readers press once more on ours.
    """
    from ..errors import SettingsError
    from ..languages import wording

    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        if not found.public:
            raise SettingsError(
                f"nobody may sign up for {found.id}: say public = true in [newsletters.{found.id}]"
            )
        words = wording(found.language, "web")
        label, button = words.gettext("Your mail address"), words.gettext("Subscribe")
        text = FORM.format(
            url=html.escape(pipeline.settings.site.url),
            newsletter=found.id,
            label=html.escape(label),
            button=html.escape(button),
        )
    typer.echo(text, nl=False)
