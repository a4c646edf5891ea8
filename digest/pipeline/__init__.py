"""
The stages, put together. The only module that knows all of them; it decides nothing.

    read_articles
    | Selector.select   once per set of topics
    | illustrate
    | render
    | compose           once per subscriber, from here on
    | sign
    | send
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from ..model import Issue, Newsletter, Subscriber
from .composers import Composers
from .moments import Moment
from .printshop import Printed, Printshop

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..composer import Composer
    from ..gatherer import Progress as Gathering
    from ..model import Letter, Page, Recipient
    from ..ports import Transport
    from ..sender import Allowance, Sending
    from ..signer import Signer
    from ..store import Store
    from ..tokens import Key
    from .publishing import Publisher

__all__ = ["NOBODY", "Moment", "Pipeline", "Printed"]

RUN_BITS = 128
NOBODY = Subscriber(id=0, address="reader@example.org", name="Reader")


class Pipeline(Printshop):
    """
    From content to letters, for one site.
    """

    @cached_property
    def store(self) -> "Store":
        """
        The store, made if it is not there.
        """
        return self._open_store(read_only=False)

    @property
    def existing_store(self) -> "Store | None":
        """
        A run looks at what it writes.
        """
        store: Store | None = vars(self).get("store")
        return store or super().existing_store

    def freeze(
        self,
        newsletter: Newsletter,
        issue: Issue,
        *,
        fetch: "Gathering | None" = None,
        also: "Callable[[Connection], None]" = lambda _: None,
    ) -> str:
        """
        Keep the issue as it is now, once and for all, and `also` with it; or say why there is none.

        With `fetch`, pictures that are not in the cache are fetched before.
        """
        from .planning import Planning

        return Planning(self, newsletter, issue, fetch=fetch).freeze(also)

    def publish(self, issue: Issue) -> None:
        """
        See to it that what a frozen issue shows is still where its readers load it from.
        """
        self.publisher.publish(self.store.issues.pictures_of(issue.id))

    def sending(
        self, issue: Issue, allowance: "Allowance", *, patience: timedelta = timedelta(0)
    ) -> "Sending":
        """
        A run over what waits of a frozen issue.
        """
        from ..journal import Heading, Journal, current_boot
        from ..sender import Sending

        number = self.store.subscribers.number(issue.newsletter)
        key = self.store.key()

        def composer(edition: int) -> "Composer":
            page = self.store.issues.page(issue.id, edition)
            return self.composer(page, issue, key=key, newsletter_number=number)

        composers = Composers(composer)

        def compose(recipient: "Recipient") -> "Letter":
            letter = composers.of(recipient.edition).compose(recipient.subscriber)
            return self._signed(letter, issue)

        run = f"{self._random_bits(RUN_BITS):032x}"
        heading = Heading(
            boot=current_boot(), store=self.store.recovery.store_id(), run=run, issue=issue.id
        )
        # The store first: of a run that has a journal, and that it does not know, it would have to
        # think that the store itself was restored from an older copy.
        self.store.ledger.open_run(issue.id, run)
        journal = Journal(self.settings.store.journals, heading)
        return Sending(
            issue_id=issue.id,
            ledger=self.store.ledger,
            transport=self.transport,
            compose=compose,
            run=run,
            journal=journal,
            clock=self.clock,
            allowance=allowance,
            patience=patience,
            reserve=self._reserve,
            ahead=self._ahead,
        )

    @property
    def _shared_rate(self) -> float | None:
        """
        Letters per second over all workers, where there may be others.
        """
        smtp = self.settings.smtp
        return smtp.rate if smtp and not self.store.exclusive else None

    @property
    def _ahead(self) -> int:
        """
        Letters of which a run may speak to the ledger at once. With a rate over all workers their
        places in time are reserved together: those of a second at most.
        """
        from ..sender import CHUNK

        rate = self._shared_rate
        ahead = CHUNK * self.transport.connections
        return min(ahead, max(1, int(rate))) if rate else ahead

    def _reserve(self, letters: int) -> float:
        rate = self._shared_rate
        return self.store.paces.reserve("smtp", letters, rate) if rate else 0.0

    def letter(self, issue: Issue, page: "Page", subscriber: Subscriber = NOBODY) -> "Letter":
        """
        A letter whose links nobody can use: for previews and tests.
        """
        from ..tokens import PREVIEW_KEY

        composer = self.composer(page, issue, key=PREVIEW_KEY, newsletter_number=0)
        return self._signed(composer.compose(subscriber), issue)

    def composer(
        self, page: "Page", issue: Issue, *, key: "Key", newsletter_number: int
    ) -> "Composer":
        from ..composer import Composer

        inside = self.publisher.inside(page)
        return Composer(page, issue, key=key, newsletter_number=newsletter_number, inside=inside)

    @cached_property
    def publisher(self) -> "Publisher":
        """
        What brings pictures to where readers load them from.
        """
        from .publishing import Publisher

        return Publisher(self.settings, self.pictures)

    @cached_property
    def transport(self) -> "Transport":
        """
        The way out that the settings name.
        """
        from .ways_out import open_transport

        transport = open_transport(self.settings)
        if isinstance(transport, AbstractContextManager):
            self._entered.enter_context(transport)
        return transport

    def close(self) -> None:
        if "pictures" in vars(self):
            self.pictures.close()
        self._entered.close()
        for store in (vars(self).get("store"), self._looked_into):
            if store:
                store.close()

    @cached_property
    def _entered(self) -> ExitStack:
        """
        What is kept open from one issue to the next.
        """
        return ExitStack()

    @cached_property
    def _signers(self) -> "tuple[Signer, ...]":
        from .ways_out import open_signers

        return open_signers(self.settings)

    def _signed(self, letter: "Letter", issue: Issue) -> "Letter":
        for signer in self._signers:
            letter = signer.sign(letter, at=issue.made_at)
        return letter
