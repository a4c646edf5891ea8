"""
The lists, one person at a time: add, remove, restore, erase, list, show, topics.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..text import mask_address
from .forms import form
from .lists import export, import_, known_topics_of, topic_check
from .shared import AsJson, Name, counted, iso, opened, print_json, print_table, say

if TYPE_CHECKING:
    from ..pipeline import Pipeline

app = typer.Typer(
    help="Who reads which newsletter, and with which topics.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("import")(import_)
app.command("export")(export)

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="A subscriber's mail address.")]
Topics = Annotated[
    str, typer.Option(metavar="'A;B'", help="Topics of their own. Default: the newsletter's.")
]
STATES = ("pending", "active", "unsubscribed", "bounced", "complained", "erased")


@app.command()
def add(
    context: typer.Context,
    newsletter: Name,
    address: Address,
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Their name.")] = "",
    topics: Topics = "",
) -> None:
    """
    Subscribe one address.
    """
    from ..roster import parse_entry

    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        try:
            entry = parse_entry(address, name, topics.split(";"), topic_check(pipeline, found))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        own = known_topics_of(pipeline, found, entry.topics or ())
        pipeline.store.subscribers.add(found.id, replace(entry, topics=own or None))
    say(f"{mask_address(entry.address)} is subscribed to {found.id}")


@app.command()
def remove(context: typer.Context, newsletter: Name, address: Address) -> None:
    """
    Unsubscribe one address. No letter goes to it that is not on its way yet.
    """
    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        pipeline.store.subscribers.remove(found.id, address)
    say(f"{mask_address(address)} is not subscribed to {newsletter} any more")


@app.command()
def restore(context: typer.Context, newsletter: Name, address: Address) -> None:
    """
    Take back a bounce, a complaint, or leaving.

    The last change of somebody's state is undone, whatever it was, and that is remembered, too.
    """
    # The address is what has an @, in whichever place.
    newsletter, address = (address, newsletter) if "@" in newsletter else (newsletter, address)
    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        was, now = pipeline.store.subscribers.restore(found.id, address)
    say(f"{mask_address(address)} is {now} on {found.id} again, no longer {was}")


@app.command()
def erase(
    context: typer.Context,
    address: Address,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be taken back.")] = False,
) -> None:
    """
    Forget somebody for good.

    Only a keyed hash of their address is kept, so that no list brings them back. They themselves
    may sign up again.
    """
    if not yes:
        raise typer.BadParameter("it cannot be taken back: say --yes")
    from ..pipeline.people import find_person

    with opened(context) as pipeline:
        subscriber, _ = find_person(pipeline, address)
        pipeline.store.people.erase(subscriber.id)
    say(f"{mask_address(address)} is forgotten")


@app.command(name="list")
def list_(
    context: typer.Context,
    newsletter: Name,
    *,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", help=f"Who is so instead: {', '.join(STATES)}."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    List who is subscribed.

    With a state, who left, bounced, complained or has not confirmed yet, and since when. Of who was
    erased, on whichever list, there is the time alone.
    """
    if state is not None and state not in STATES:
        raise typer.BadParameter(f'found "{state}", needed is one of {", ".join(STATES)}')
    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        listed = [*_listed(pipeline, found.id, state)]
    if as_json:
        print_json({"newsletter": newsletter, "subscribers": listed})
        return
    columns = ("address", "name", "topics", *(("since",) if state else ()))
    rows = [
        (
            each["email"],
            each["name"],
            "; ".join(each["topics"]),
            *([each["since"]] if state else []),
        )
        for each in listed
    ]
    what = counted(len(rows), "subscriber")
    print_table(f"{newsletter}: {what}" + (f" {state}" if state else ""), columns, rows)


@app.command()
def show(context: typer.Context, address: Address, *, as_json: AsJson = False) -> None:
    """
    Tell one person's story.

    What they read and how that came, what they were sent, and what came back.
    """
    from ..pipeline.people import story_of

    with opened(context) as pipeline:
        story = story_of(pipeline, address)
    if as_json:
        print_json(story)
        return
    if "state" in story:
        say(f"{mask_address(address)} was forgotten on {story['since'][:10]}")
        return
    print_table(
        f"{story['name']} {story['email']}".strip(),
        ("newsletter", "state", "topics", "since"),
        [
            (each["newsletter"], each["state"], "; ".join(each["topics"]), each["since"][:10])
            for each in story["subscriptions"]
        ],
    )
    _show_history(story)
    _show_letters(story)


@app.command()
def topics(
    context: typer.Context,
    newsletter: Name,
    address: Address,
    topics: Annotated[
        str, typer.Argument(metavar="'A;B'", help="Empty: the newsletter's topics.")
    ] = "",
) -> None:
    """
    Give somebody topics of their own, or the newsletter's.

    They hold for every letter that no run has claimed yet.
    """
    from ..pipeline.rechoosing import rechoose

    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        own = known_topics_of(pipeline, found, topics.split(";"))
        pipeline.store.subscribers.prefer(found.id, address, own)
        subscriber, _ = pipeline.store.subscribers.find(address)
        rechoose(pipeline, pipeline.store, found, replace(subscriber, topics=own or None))
    what = ", ".join(own) if own else "the newsletter's topics"
    say(f"{mask_address(address)} reads {what} in {newsletter}")


def _show_history(story: dict[str, Any]) -> None:
    rows = [
        (
            _moment(each["at"]),
            each["newsletter"],
            f"{each['before'] or '-'} → {each['after'] or '-'}",
            each["by"],
            "; ".join(filter(None, (each["reason"], _shown(each["evidence"])))),
        )
        for each in story["history"]
    ]
    if rows:
        print_table("\nhistory", ("at", "newsletter", "change", "by", "why"), rows)


def _show_letters(story: dict[str, Any]) -> None:
    letters = [
        (_moment(each["at"]), each["issue"], each["state"], each["code"] or "", each["reply"] or "")
        for each in story["letters"]
    ]
    if letters:
        print_table("\nletters", ("at", "issue", "state", "code", "reply"), letters)
    reports = [
        (
            _moment(each["at"]),
            each["issue"] or each["newsletter"],
            each["kind"],
            each["status"],
            "" if each["proven"] else "without proof",
        )
        for each in story["reports"]
    ]
    if reports:
        print_table("\nreports", ("at", "issue", "kind", "status", ""), reports)


def _moment(iso_time: str) -> str:
    return iso_time[:16].replace("T", " ")


def _shown(evidence: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in evidence.items())


def _listed(
    pipeline: "Pipeline", newsletter_id: str, state: str | None
) -> Iterator[dict[str, Any]]:
    from ..model import State, Subscriber

    store = pipeline.existing_store
    if store is None:
        return
    wanted = State(state or State.ACTIVE)
    if wanted is State.PENDING:
        found = store.signups.pending_iter(newsletter_id)
    elif wanted is State.ERASED:
        found = ((Subscriber(id=0, address=""), at) for at in store.subscribers.erased_iter())
    else:
        found = store.subscribers.in_state_iter(newsletter_id, wanted)
    for each, since in found:
        shown = {"email": each.address, "name": each.name, "topics": each.topics or ()}
        yield shown | ({"state": state, "since": iso(since)} if state else {})


app.command("form")(form)
