"""
No letter leaves before its pictures are where its readers load them from.
"""

import email
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from random import Random

import pytest

from digest.errors import DigestError, PublishError
from digest.pipeline import Moment, Pipeline
from digest.pipeline.delivery import Report, deliver
from digest.sender import Allowance
from digest.settings import load_settings

from .factories import MONDAY, a_store
from .photos import a_photo
from .program import AT, ISSUE, SITE, WEEKLY, Project, a_full_project, contents
from .s3d import ACCESS_KEY, SECRET_KEY, Storage, running_storage

RANDOM = Random(7).getrandbits  # noqa: S311 - no secret
EIGHT = MONDAY + timedelta(hours=1)
KEYS = {"DIGEST_S3_ACCESS_KEY": ACCESS_KEY, "DIGEST_S3_SECRET_KEY": SECRET_KEY}
ADDRESS = re.compile(r'<img[^>]* src="([^"]+)"')


@pytest.fixture
def storage() -> Iterator[Storage]:
    with running_storage() as storage:
        yield storage


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """
    Two stories for two readers, one of them with a photo.
    """
    project = a_full_project(tmp_path)
    (project.folder / "content" / "tides.png").write_bytes(a_photo(1600, 900))
    project.add_article("tides", title="Tides", heat=90, images=[{"url": "tides.png"}])
    project.subscribe("ann@example.org", "bob@example.org")
    return project


def say(project: Project, *images: str) -> None:
    """
    Put that into the table of pictures.
    """
    project.configure(SITE, WEEKLY, "[images]", *images)


def in_bucket(storage: Storage, **other: str) -> tuple[str, ...]:
    keys = {"bucket": storage.bucket, "endpoint": storage.url, "prefix": "i"} | other
    public = f"{storage.url}/{storage.bucket}/i"
    lines = [f'{name} = "{value}"' for name, value in keys.items()]
    return 'delivery = "s3"', f'public_url = "{public}"', "[images.s3]", *lines


def send(project: Project, limit: int | None = None, **environ: str) -> Report:
    """
    What `digest send` does, without a process.
    """
    settings = load_settings(project.config, environ or KEYS)
    pipeline = Pipeline(settings, clock=lambda: EIGHT, random_bits=RANDOM)
    with closing(pipeline), pipeline.store.lock():
        return deliver(
            pipeline,
            settings.newsletter("weekly"),
            Moment(at=EIGHT),
            allowance=Allowance(limit),
            progress=lambda *_: None,
        )


def refusal(project: Project, **environ: str) -> DigestError:
    """
    What ends a run before its first letter.
    """
    with pytest.raises(DigestError) as caught:
        send(project, None, **environ)
    assert "\n" not in str(caught.value)
    assert project.letters == []
    return caught.value


def message(project: Project) -> EmailMessage:
    return email.message_from_bytes(project.letters[0].read_bytes(), policy=default)


def pictures_of(project: Project) -> list[str]:
    """
    The addresses of the pictures that a letter shows.
    """
    body = message(project).get_body(("html",))
    assert body
    return ADDRESS.findall(body.get_content())


def test_pictures_are_below_the_site_unless_said_otherwise(project: Project) -> None:
    send(project)

    shown = pictures_of(project)
    assert len(shown) == 2
    for address in shown:
        name = address.removeprefix("https://digests.example.org/i/")
        assert (project.folder / "pictures-cache" / name).is_file()


def test_pictures_are_in_the_bucket_before_the_first_letter_leaves(
    project: Project, storage: Storage
) -> None:
    say(project, *in_bucket(storage))

    send(project)

    base = f"{storage.url}/letters/i/"
    names = {address.removeprefix(base) for address in pictures_of(project)}
    assert storage.objects.keys() == {f"/letters/i/{name}" for name in names}
    assert len(storage.methods("GET")) == 1  # One of them was loaded back.
    assert len(project.letters) == 2


def test_a_second_newsletter_uploads_only_what_is_new(project: Project, storage: Storage) -> None:
    say(project, *in_bucket(storage))
    send(project)
    storage.asked.clear()
    (project.folder / "digest.db").unlink()
    project.subscribe("ann@example.org")

    send(project)

    assert storage.methods("PUT") == []


@pytest.mark.parametrize(
    ("bucket", "keys", "reason"),
    [
        ({"bucket": "lettres"}, KEYS, "there is no bucket lettres"),
        ({}, KEYS | {"DIGEST_S3_SECRET_KEY": "guessed"}, "refuses our key"),
        ({}, {"HOME": "/"}, "images.s3 has no key: set DIGEST_S3_ACCESS_KEY"),
        ({"secret_key_file": "missing"}, KEYS, "images.s3.secret_key_file: "),
    ],
)
def test_no_letter_leaves_if_the_bucket_cannot_be_used(
    project: Project, storage: Storage, bucket: dict[str, str], keys: dict[str, str], reason: str
) -> None:
    say(project, *in_bucket(storage, **bucket))

    error = refusal(project, **keys)

    assert reason in str(error)
    assert error.exit_status == 1
    store = a_store(project.folder)
    assert store.issues.all() == ()
    store.close()


def test_a_secret_may_lie_in_a_file(project: Project, storage: Storage) -> None:
    (project.folder / "secret").write_text(f"{SECRET_KEY}\n")
    say(project, *in_bucket(storage, access_key=ACCESS_KEY, secret_key_file="secret"))

    send(project, HOME="/")

    assert len(storage.objects) == 2


def test_a_secret_in_the_configuration_is_refused_and_not_shown(project: Project) -> None:
    say(project, 'delivery = "s3"', "[images.s3]", 'bucket = "x"', 'secret_key = "hunter2"')

    ran = project.run("check")

    assert "images.s3.secret_key: secrets do not belong here" in ran.err
    assert "hunter2" not in ran.err + ran.out


def test_no_letter_leaves_if_readers_may_not_load_what_was_uploaded(
    project: Project, storage: Storage
) -> None:
    storage.is_public = False
    say(project, *in_bucket(storage))

    assert re.match(
        r"pictures cannot be loaded from http\S+: it answers 404", str(refusal(project))
    )


def test_no_letter_leaves_if_readers_would_load_another_picture(
    project: Project, storage: Storage
) -> None:
    say(project, *in_bucket(storage))
    send(project, limit=1)
    for name, (data, headers) in storage.objects.items():
        storage.objects[name] = bytes(len(data)), headers
    project.letters[0].unlink()

    assert "it answers with other bytes" in str(refusal(project))


def test_a_place_that_is_busy_makes_the_run_one_to_be_run_again(
    project: Project, storage: Storage
) -> None:
    storage.is_busy = True
    say(project, *in_bucket(storage))

    error = refusal(project)

    assert error.exit_status == 75
    assert "it answers 503 with text/html" in str(error)


def test_a_place_of_one_s_own_is_looked_at_as_well(project: Project, storage: Storage) -> None:
    say(project, f'public_url = "{storage.url}/letters/i"', 'publish = "public"')

    assert "it answers 404" in str(refusal(project))

    for path in (project.folder / "public").glob("*/*"):
        kept = path.read_bytes(), {"Content-Type": "image/jpeg"}
        storage.objects[f"/letters/i/{path.relative_to(project.folder / 'public')}"] = kept
    send(project)
    assert all(each.startswith(f"{storage.url}/letters/i/") for each in pictures_of(project))


def test_a_bucket_that_is_away_makes_the_run_one_to_be_run_again(
    project: Project, storage: Storage
) -> None:
    say(project, *in_bucket(storage, endpoint="http://127.0.0.1:9"))

    assert refusal(project).exit_status == 75

    say(project, *in_bucket(storage))
    send(project)
    assert len(project.letters) == 2


def test_pictures_are_copied_into_a_folder_that_is_published(project: Project) -> None:
    say(project, 'publish = "public/i"')

    send(project)

    published = contents(project.folder / "public/i")
    names = {address.rpartition("/i/")[2] for address in pictures_of(project)}
    assert published.keys() == names
    assert (project.folder / "public/i" / min(names)).stat().st_mode & 0o777 == 0o644


def test_no_letter_leaves_if_the_folder_cannot_be_written(project: Project) -> None:
    project.write("public", "a file")
    say(project, 'publish = "public"')

    assert "pictures cannot be published in" in str(refusal(project))


def test_a_picture_that_was_lost_after_the_issue_was_made_stops_it(project: Project) -> None:
    send(project, limit=1)
    (first, *_) = (project.folder / "pictures-cache").glob("??/*.jpg")
    kept = first.read_bytes()
    first.write_bytes(b"damaged")

    with pytest.raises(PublishError, match=f"the picture {first} is gone or damaged"):
        send(project)
    assert len(project.letters) == 1
    first.write_bytes(kept)
    send(project)
    assert len(project.letters) == 2


def test_a_test_letter_has_its_pictures_uploaded_too(project: Project, storage: Storage) -> None:
    say(project, *in_bucket(storage))

    ran = project.run("send", "--test", "me@example.org", *AT, environ=KEYS)

    assert ran.status == 0, ran
    assert len(storage.objects) == 2


def test_pictures_of_issues_are_published_by_hand_and_again_without_harm(project: Project) -> None:
    send(project)

    first = project.json("images", "publish", "public")
    published = contents(project.folder / "public")
    second = project.json("images", "publish", "public")

    names = {address.rpartition("/i/")[2] for address in pictures_of(project)}
    assert published.keys() == names
    assert (first["pictures"], first["copied"], second["copied"]) == (2, 2, 0)
    assert contents(project.folder / "public") == published


def test_pictures_can_be_published_before_the_letters_leave_that_show_them(
    project: Project,
) -> None:
    published = project.json("images", "publish", "public", *AT)
    before = contents(project.folder / "public")
    send(project)

    shown = {address.rpartition("/i/")[2] for address in pictures_of(project)}
    assert before.keys() == shown
    assert (published["pictures"], published["copied"]) == (2, 2)


def test_where_nothing_is_shown_the_published_folder_is_empty(tmp_path: Path) -> None:
    project = a_full_project(tmp_path)

    project.done("images", "publish", "public", "--at", "2020-01-06T08:00")

    assert contents(project.folder / "public") == {}


def test_pictures_are_not_published_in_what_is_no_folder(project: Project) -> None:
    ran = project.run("images", "publish", "digest.toml")

    assert ran.status == 1
    assert "pictures cannot be published in digest.toml: File exists" in ran.err


def test_publishing_names_what_the_cache_lost_and_copies_the_rest(project: Project) -> None:
    send(project)
    (first, *others) = (project.folder / "pictures-cache").glob("??/*.jpg")
    first.unlink()

    ran = project.run("images", "publish", "public", "--at", "2020-01-06T08:00")

    assert (ran.status, str(first) in ran.err) == (1, True)
    assert len(contents(project.folder / "public")) == len(others)


@pytest.fixture
def embedding(project: Project) -> Project:
    say(project, 'delivery = "embedded"')
    return project


def test_pictures_travel_inside_letters_if_asked_for(embedding: Project) -> None:
    send(embedding)

    letter = message(embedding)
    text, related = letter.iter_parts()
    html, *pictures = related.iter_parts()
    assert letter.get_content_type() == "multipart/alternative"
    assert (text.get_content_type(), related.get_content_type()) == (
        "text/plain",
        "multipart/related",
    )
    assert html.get_content_type() == related.get_param("type") == "text/html"
    shown = ADDRESS.findall(html.get_content())
    assert shown == [f"cid:{part['Content-ID'].strip('<>')}" for part in pictures]
    cached = {*contents(embedding.folder / "pictures-cache").values()}
    assert {part.get_content() for part in pictures} <= cached
    assert {part.get_content_disposition() for part in pictures} == {"inline"}


def test_only_the_first_five_travel_inside(embedding: Project) -> None:
    topics = [f"Topic {place}" for place in range(7)]
    for place, topic in enumerate(topics):
        provider = {"name": f"{chr(ord('A') + place)} News"}
        embedding.add_article(f"story-{place}", heat=80 - place, topics=[topic], provider=provider)
    names = ", ".join(f'"{topic}"' for topic in topics)
    weekly = WEEKLY.replace('"Science", "Cities"', names)
    embedding.configure(SITE, weekly, '[images]\ndelivery = "embedded"')

    send(embedding)

    shown = pictures_of(embedding)
    assert [address.startswith("cid:") for address in shown] == [True] * 5 + [False] * 2
    assert all(each.startswith("https://digests.example.org/i/") for each in shown[5:])


def test_a_dry_run_says_what_pictures_inside_letters_weigh(embedding: Project) -> None:
    (planned,) = embedding.json("send", "--dry-run", *AT)["issues"]
    said = embedding.done("send", "--dry-run", *AT).err

    assert 0 < planned["picture_bytes"] < planned["bytes"]
    assert f"pictures inside letters are {planned['picture_bytes']:,} of these bytes" in said
    send(embedding)
    sent = sum(len(path.read_bytes()) for path in embedding.letters)
    # The readers' own names and tokens differ by a few bytes.
    assert planned["bytes"] == pytest.approx(sent, abs=500)


def test_check_warns_of_pictures_inside_letters(embedding: Project) -> None:
    problems = embedding.json("check")["problems"]

    assert any("images.delivery" in each["message"] for each in problems)


def test_the_preview_of_a_letter_with_pictures_inside_shows_them_from_disk(
    embedding: Project,
) -> None:
    embedding.done("preview", *AT, "--out", "preview")

    page = next((embedding.folder / "preview").glob("weekly*.html")).read_text()
    for address in ADDRESS.findall(page):
        assert (embedding.folder / "preview" / address).is_file()
    letter = next((embedding.folder / "preview").glob("*.eml")).read_bytes()
    assert b"Content-ID: <" in letter


def test_previews_of_pictures_elsewhere_show_them_from_disk(
    project: Project, storage: Storage
) -> None:
    say(project, *in_bucket(storage))

    project.done("preview", *AT, "--out", "preview")

    page = next((project.folder / "preview").glob("weekly*.html")).read_text()
    for address in ADDRESS.findall(page):
        assert (project.folder / "preview" / address).is_file()
    assert storage.asked == []


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (('delivery = "s3"',), "should have public_url and a table [images.s3]"),
        (("[images.s3]", 'bucket = "x"'), 'should say delivery = "s3"'),
        (('delivery = "pigeon"',), "should be 'hosted', 's3' or 'embedded'"),
        (('public_url = "pictures"',), "should be a web address"),
    ],
)
def test_contradictions_are_named(project: Project, images: tuple[str, ...], reason: str) -> None:
    say(project, *images)

    ran = project.run("check")

    assert ran.status == 1
    assert reason in ran.err


def test_the_command_says_in_one_line_why_nothing_was_sent(
    project: Project, storage: Storage
) -> None:
    storage.is_public = False
    say(project, *in_bucket(storage))

    ran = project.run("send", *AT, environ=KEYS)

    assert (ran.status, ran.err.count("\n")) == (1, 1)
    storage.is_public = True
    assert project.run("send", *AT, environ=KEYS).status == 0
    (issue,) = project.json("status")["issues"]
    assert (issue["issue"], issue["accepted"]) == (ISSUE, 2)
