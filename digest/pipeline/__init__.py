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

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from ..model import Issue, Letter, Newsletter, Page, Recipient, Subscriber
from ..tokens import PREVIEW_KEY, Key
from .moments import Moment
from .newsroom import Newsroom, Printed

if TYPE_CHECKING:
    from ..composer import Composer
    from ..ports import Transport
    from ..sender import Allowance, Sending
    from ..signer import Signer
    from ..store import Store

__all__ = ["NOBODY", "Moment", "Pipeline", "Printed"]

NOBODY = Subscriber(id=0, address="reader@example.org", name="Reader")


class Pipeline(Newsroom):
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

    def freeze(self, newsletter: Newsletter, issue: Issue) -> str:
        """
        Keep the issue as it is now, once and for all; or say why there is no issue.
        """
        readers = tuple(self.store.subscribers.active_iter(newsletter.id))
        if not readers:
            return "nobody is subscribed: see `digest subscribers import`"
        printed, without_news = self.print_editions(
            newsletter, issue, readers, key=self.store.key()
        )
        if not printed:
            least = newsletter.min_articles
            what = f"fewer than {least} stories (min_articles)" if least else "nothing to read"
            return f"{what} in its window: see `digest select {newsletter.id} --explain`"
        places: dict[int, int | None] = {each.id: None for each in without_news}
        for place, each in enumerate(printed):
            places |= {reader.id: place for reader in each.readers}
        frozen = [(each.edition, each.page) for each in printed]
        self.store.issues.freeze(issue, frozen, sorted(places.items(), key=itemgetter(0)))
        return ""

    def sending(self, issue: Issue, allowance: "Allowance") -> "Sending":
        """
        A run over what waits of a frozen issue.
        """
        from ..sender import Sending

        number = self.store.subscribers.number(issue.newsletter)
        key = self.store.key()
        composers = {
            place: self.composer(page, issue, key=key, newsletter_number=number)
            for place, page in self.store.issues.pages(issue.id).items()
        }

        def compose(recipient: Recipient) -> Letter:
            return self._signed(composers[recipient.edition].compose(recipient.subscriber), issue)

        return Sending(
            issue_id=issue.id,
            ledger=self.store.ledger,
            transport=self.transport,
            compose=compose,
            run=f"{self._random_bits(64):016x}",
            allowance=allowance,
        )

    def letter(self, issue: Issue, page: Page, subscriber: Subscriber = NOBODY) -> Letter:
        """
        A letter whose links nobody can use: for previews and tests.
        """
        composer = self.composer(page, issue, key=PREVIEW_KEY, newsletter_number=0)
        return self._signed(composer.compose(subscriber), issue)

    def composer(self, page: Page, issue: Issue, *, key: Key, newsletter_number: int) -> "Composer":
        from ..composer import Composer

        return Composer(page, issue, key=key, newsletter_number=newsletter_number)

    @cached_property
    def transport(self) -> "Transport":
        """
        The way out that the settings name.
        """
        from .ways_out import open_transport

        return open_transport(self.settings)

    def close(self) -> None:
        for store in (vars(self).get("store"), self._looked_into):
            if store:
                store.close()

    @cached_property
    def _signer(self) -> "Signer | None":
        from .ways_out import open_signer

        return open_signer(self.settings)

    def _signed(self, letter: Letter, issue: Issue) -> Letter:
        return self._signer.sign(letter, at=issue.made_at) if self._signer else letter
