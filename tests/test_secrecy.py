"""
All that is written while people are written to, but for their own letters, says nothing of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.factories import a_store
from tests.program import AT, ISSUE, WEEKLY, Project, a_full_project, run_digest
from tests.reports import Sent, Shape, a_dsn, an_arf, mail_to_leave
from tests.secrecy import SECURED, leaks, readings_of, tokens_in, written_below
from tests.smtpd import CLOSE, Recorder, smtp_server
from tests.website import Website, serving

ANN, BEN, CY = READERS = ("ann@example.org", "ben@example.org", "cy@example.org")
DORA, EVE, FAY = OTHERS = ("dora@example.org", "eve@example.org", "fay@example.org")
PEOPLE = (*READERS, *OTHERS)
NAME = "Cyprienne Quickly"
OWNER = "editor@example.net"
TABLES = f"""
    [report]
    to = "{OWNER}"
    [bounces]
    address = "bounce@b.example.org"
    unsubscribe = "unsub@b.example.org"
    """
ARCHIVED = WEEKLY + '    public = true\n    archive = "public"\n'
QUIET = """
    [newsletters.quiet]
    title = "The Quiet One"
    from = "The Quiet One <quiet@example.org>"
    topics = ["Science"]
    archive = "unlisted"
    """
WRONG = ("x", "A" * 32, "%20" * 32)


@dataclass
class Scene:
    """
    A project at work, what it mailed, and what it wrote elsewhere.
    """

    project: Project
    recorder: Recorder
    texts: dict[str, bytes | str] = field(default_factory=dict)

    @property
    def tokens(self) -> set[str]:
        mails = (content for _, to, content in self.recorder.messages if to != OWNER)
        paths = (sender for sender, _, _ in self.recorder.messages)
        return {token for each in (*mails, *map(str.encode, paths)) for token in tokens_in(each)}

    def run(self, *arguments: str, status: int | None = None) -> int:
        ran = self.project.run(*arguments)
        assert status is None or ran.status == status, ran
        name = f"{len(self.texts)} digest {' '.join(arguments)[:60]}"
        self.texts |= {f"{name}: out": ran.out, f"{name}: err": ran.err}
        return ran.status

    def fail(self, *arguments: str) -> None:
        assert self.run(*arguments) in {1, 2}, arguments

    def hear(self, mail: str) -> None:
        """
        What comes back, handed over by a mail server.
        """
        config = ("--config", str(self.project.config))
        for more in ((), ("--json",)):
            ran = run_digest(*config, "bounces", "-", *more, cwd=self.project.folder, text=mail)
            self.texts[f"{len(self.texts)} digest bounces"] = ran.out + ran.err

    @contextmanager
    def answered(self, **hooks: object) -> Iterator[None]:
        """
        The mail server is rude for a while.
        """
        for name, hook in hooks.items():
            setattr(self.recorder, name, hook)
        yield
        for name in hooks:
            setattr(self.recorder, name, lambda _: None)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with smtp_server() as recorder:
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {recorder.port}\nsecurity = "none"\n'
        folder = tmp_path_factory.mktemp("secrecy") / "project"
        project = a_full_project(folder, TABLES, smtp, ARCHIVED, QUIET)
        for slug in ("tides", "trams"):
            project.add_article(f"more-{slug}", secured=SECURED, images=[{"secured": SECURED}])
        project.add_article("broken", secured=SECURED, heat="warm", title="")
        project.add_article("odd", secured=[SECURED], heat="warm", webUrl="nowhere")
        rows = f'{ANN},,Cities\n{BEN},,\n{CY},"{NAME}",\n{FAY},,\n'
        project.write("readers.csv", "email,name,topics\n" + rows)
        yield Scene(project, recorder)


@pytest.mark.parametrize(
    "text",
    [
        f'there is no newsletter "{ANN.upper()}"',
        '<a href="?email=ann%40example.org">',
        "ann&#64;example.org",
        "From: a\nSubject: =?utf-8?q?For_ann=40example=2Eorg?=\n\nHello",
        "From: a\nContent-Transfer-Encoding: base64\n\nYW5uQGV4YW1wbGUub3Jn\n",
        "From: a\n\nFor ann=40exa=\nmple.org",
        "bounce+ann=example.org@b.example.org",
    ],
)
def test_the_scan_finds_an_address_however_it_is_written(text: str) -> None:
    assert leaks({"there": text}, {ANN, BEN}) in ([("there", ANN)], [("there", "ann=example.org")])


def test_nothing_that_is_written_says_who_reads(scene: Scene) -> None:
    _prepare(scene)
    _send(scene)
    _look(scene)
    _fail(scene)
    _hear(scene)
    with serving(scene.project) as site:
        _visit(scene, site)
    _keep(scene)

    tokens = scene.tokens
    mailed = {to for _, to, _ in scene.recorder.messages}
    told = " ".join(each for text in scene.texts.values() for each in readings_of(text))
    assert mailed == {*READERS, DORA, EVE, OWNER}
    assert len(tokens) >= 3 * len(READERS)
    expected = ("Trams at night", "f•••@example.org", "<feed", "POST /u/{token} 200", "odd.csv:3")
    assert [each for each in expected if each not in told] == []
    assert leaks(scene.texts, {*PEOPLE, NAME, *tokens, *SECURED.split(";")}) == []


def test_no_letter_holds_what_is_another_reader_s(scene: Scene) -> None:
    for reader in READERS:
        theirs = {
            f"{number} to {to}": content
            for number, (_, to, content) in enumerate(scene.recorder.messages)
            if to == reader
        }
        others = {
            token
            for _, to, content in scene.recorder.messages
            if to not in {reader, OWNER}
            for token in tokens_in(content)
        }
        names = {each for each in PEOPLE if each != reader}
        assert theirs
        assert leaks(theirs, {*others, *names, *SECURED.split(";")}) == []


def _prepare(scene: Scene) -> None:
    scene.run("subscribers", "import", "weekly", "readers.csv", status=0)
    scene.run("subscribers", "import", "weekly", "readers.csv", "--json", status=0)
    scene.run("subscribers", "add", "quiet", ANN, status=0)
    scene.run("check", "--json", status=1)
    scene.run("check")
    for more in (("--explain",), ("--explain", "--json"), ("--subscriber", CY, "--json")):
        scene.run("select", "weekly", *AT, *more, status=0)
    scene.run("preview", *AT, "--json", status=0)
    scene.texts |= written_below(scene.project, "preview")


def _send(scene: Scene) -> None:
    """
    The server's replies repeat whom it refuses.
    """
    answers = {FAY: "550 5.1.1 <{}> unknown", BEN: "451 4.7.1 <{}> greylisted"}
    with scene.answered(on_rcpt=lambda name: answers.get(name, "").format(name) or None):
        scene.run("send", "--test", FAY, *AT, status=3)
        scene.run("send", "--test", BEN, *AT, "--json", status=3)
        scene.run("send", "weekly", *AT, "--json", status=75)
        scene.run("status", ISSUE, status=0)
        scene.run("status", ISSUE, "--json", status=0)
    with scene.answered(on_rcpt=lambda name: f"421 4.7.0 {name} goes too far"):
        scene.run("send", "weekly", *AT)
    with scene.answered(on_data=lambda _: CLOSE):
        scene.run("send", "weekly", *AT, "--log-format", "json")
        scene.run("status", ISSUE, "--json", status=0)
    scene.run("resolve", ISSUE, "--resend", "--json", status=0)
    scene.run("send", "weekly", *AT, "--json")
    scene.run("send", "quiet", "--issue", "first", "--since", "2026-11-16", "--json", status=0)


def _look(scene: Scene) -> None:
    for more in ((), ("--json",)):
        scene.run("status", *more, status=0)
        scene.run("status", ISSUE, *more, status=0)
        scene.run("send", "weekly", "--dry-run", *AT, *more)
    scene.run("preview", *AT, "--json", "--out", "again", status=0)
    scene.texts |= written_below(scene.project, "again")


def _fail(scene: Scene) -> None:
    """
    Errors name what they are about, but not whom.
    """
    scene.fail("subscribers", "show", DORA)
    scene.fail("subscribers", "remove", "weekly", DORA)
    scene.fail("subscribers", "restore", "weekly", DORA)
    scene.fail("subscribers", "erase", DORA, "--yes")
    scene.fail("subscribers", "topics", "weekly", ANN, "Nonsense")
    scene.fail("subscribers", "add", "weekly", f"{DORA} {EVE}")
    scene.fail("subscribers", "add", "weekly", f"<{DORA}")
    scene.fail("subscribers", "add", DORA, "weekly")
    scene.fail("select", "weekly", *AT, "--subscriber", DORA, "--json")
    scene.fail("preview", "weekly", *AT, "--subscriber", DORA)
    scene.fail("send", DORA, *AT)
    scene.fail("status", DORA)
    scene.fail("resolve", f"weekly/{DORA}", "--drop")
    rows = f"email,name\n{ANN}\n{EVE} x\n{DORA},a,b,c\n{BEN.upper()},{NAME}\n\0{EVE},=1\n"
    scene.project.write("odd.csv", rows)
    for more in ((), ("--json",), ("--dry-run",)):
        scene.run("subscribers", "import", "weekly", "odd.csv", *more)
    store = a_store(scene.project.folder)
    with store.lock():
        scene.run("send", "weekly", *AT, status=75)
        scene.run("send", "weekly", *AT, "--json", status=75)
        scene.run("resolve", ISSUE, "--drop", status=75)
    store.close()


def _hear(scene: Scene) -> None:
    store = a_store(scene.project.folder)
    key, number = store.key(), store.subscribers.number("weekly")
    people = [store.subscribers.find(each)[0] for each in READERS]
    store.close()
    shapes: tuple[Shape, ...] = (a_dsn, an_arf, mail_to_leave)
    for person, shape in zip(people, shapes, strict=True):
        sent = Sent(
            key=key,
            issue=ISSUE,
            subscriber_id=person.id,
            newsletter=number,
            address=person.address,
        )
        scene.hear(shape(sent))
    for reader in READERS:
        scene.run("subscribers", "restore", "weekly", reader)


def _visit(scene: Scene, site: Website) -> None:
    """
    As readers, as a stranger, and as somebody who tries what they have no right to.
    """
    for name in READERS:
        reader = site.store.subscribers.find(name)[0]
        path = site.path("unsubscribe", reader)
        own = [site.get(path), site.post(path), site.post(path, {"do": "return"})]
        path = site.path("preferences", reader)
        own += [site.get(path), site.post(path, {"do": "save"}), site.post(path, {"do": "mail"})]
        own.append(site.get(site.path("view", reader) + "/2026-11-23"))
        # A page of one's own has links of one's own, and an address that is masked.
        assert leaks({str(n): each.text for n, each in enumerate(own)}, {*PEOPLE, NAME}) == []
        scene.texts[f"a page of {name[0]}"] = own[-1].text
    site.sign_up(DORA)
    known = [site.sign_up(each).text for each in (ANN, EVE)]
    assert known[0] == known[1]
    paths = ["/", "/a/", "/a/weekly/", "/a/weekly/feed.xml", "/a/weekly/topics/cities.xml"]
    paths += ["/a/weekly/2026-11-23.html", "/a/quiet/", "/a/quiet/feed.xml", "/u/", "/p/"]
    paths += [f"/{place}/{token}" for place in "updcnw" for token in WRONG]
    scene.texts |= {f"GET {path}": site.get(path).text for path in paths}
    scene.texts["log"] = "\n".join(site.log)


def _keep(scene: Scene) -> None:
    scene.run("archive", "build", "public", "--json", status=0)
    scene.texts |= written_below(scene.project, "public")
    reports = [content for _, to, content in scene.recorder.messages if to == OWNER]
    scene.texts |= {f"report {number}": each for number, each in enumerate(reports)}
