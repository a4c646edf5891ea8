"""
Many processes send one issue: each takes part in what is frozen, beside the others.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException

from ..errors import PublishError, SettingsError, StoreBusy, TransportAway, TransportError
from ..model import Issue, Outcome
from ..sender import Allowance
from ..store.outbox import CALLS, QUEUE, TAKE_PART
from ..text import clean_line
from . import Pipeline
from .feedback import heed_refusals
from .recovery import recover
from .spreading import goes_alone, next_attempt, spread

#: Seconds without a heartbeat after which a worker is taken for dead.
DEAD_AFTER = 30
HEARTBEAT = 5
#: Seconds, where the store is away for a moment.
RETRY_AFTER = 10
#: How often somebody looks for jobs of dead workers.
RESCUE = "*/10 * * * * *"
ONLY_POSTGRESQL = (
    "workers need a PostgreSQL store: with SQLite `digest send` does it alone (store.url)"
)


class Worker:
    """
    Waits for calls to take part in an issue, and does.
    """

    def __init__(self, pipeline: Pipeline, say: Callable[[str], None]) -> None:
        self._pipeline, self._say = pipeline, say
        self._allowance = Allowance()
        self._patience = timedelta(0)

    def run(self, *, once: bool) -> None:
        """
        Until a signal says to stop; with `once`, until there is nothing left to do.
        """
        if self._pipeline.store.outbox is None:
            raise SettingsError(ONLY_POSTGRESQL)
        self._pipeline.store.outbox.prepare()
        if once:
            self._patience = self._pipeline.settings.retries.patience
        try:
            asyncio.run(self._serve(once=once))
        except ConnectorException:
            raise StoreBusy("the store cannot be reached: the worker stops") from None

    async def _serve(self, *, once: bool) -> None:
        app = self._app()
        async with app.open_async():
            serving = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    wait=not once,
                    concurrency=1,
                    install_signal_handlers=False,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=DEAD_AFTER,
                    delete_jobs="successful",
                )
            )

            def drain() -> None:
                self._say("digest: stopping after the letters under way")
                self._allowance.stop()
                serving.cancel()

            loop = asyncio.get_running_loop()
            loop.set_exception_handler(self._tell)
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(each, drain)
            with suppress(asyncio.CancelledError):
                await serving

    def _tell(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """
        What went wrong with nobody to tell: a job whose worker was frozen is another's by now.
        """
        error = context.get("exception")
        if isinstance(error, ConnectorException):
            self._say("digest: the store knows nothing of this worker's job: another has it by now")
        else:
            self._say(f"digest: the worker goes on after: {clean_line(str(context['message']))}")

    def _app(self) -> App:
        settings = self._pipeline.settings.store
        password = settings.read_password()
        connector = PsycopgConnector(
            conninfo=settings.url, kwargs={"password": password} if password else {}
        )
        app = App(connector=connector)

        patient = RetryStrategy(wait=RETRY_AFTER, retry_exceptions={StoreBusy})

        @app.task(name=TAKE_PART, queue=QUEUE, retry=patient)
        def call(issue_id: str, stale_at: str, place: int) -> None:
            self._answer(issue_id, datetime.fromisoformat(stale_at), place)

        @app.periodic(cron=RESCUE)
        @app.task(name="digest.rescue", queue=QUEUE, queueing_lock="rescue", pass_context=True)
        async def rescue(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
            # Without it jobs of a dead worker would be under way for ever.
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER):
                await app.job_manager.retry_job(job)

        return app

    def _answer(self, issue_id: str, stale_at: datetime, place: int) -> None:
        pipeline = self._pipeline
        issue = pipeline.store.issues.get(issue_id)
        if issue is None or self._allowance.stopped:
            return
        if pipeline.clock() > stale_at:
            self._say(f"digest: {issue_id} is overdue: `digest send --force` sends it all the same")
            return
        if place and goes_alone(pipeline, issue):
            return  # The first place calls the others again when all may go.
        again_at = self._take_part(issue, stale_at)
        if again_at:
            self._call(issue, stale_at, (place,), at=again_at)

    def _call(
        self, issue: Issue, stale_at: datetime, places: Sequence[int], at: datetime | None = None
    ) -> None:
        if outbox := self._pipeline.store.outbox:
            outbox.call_alone(issue.id, stale_at=stale_at, places=places, at=at)

    def _take_part(self, issue: Issue, stale_at: datetime) -> datetime | None:
        """
        Send of the issue what nobody else does; when to look at it again.
        """
        pipeline = self._pipeline
        recover(pipeline, issue)
        deadline = issue.made_at + pipeline.settings.retries.deadline
        pipeline.store.ledger.expire(issue.id, deadline)
        outcomes: Counter[Outcome] = Counter()
        try:
            for receipt in spread(
                pipeline,
                issue,
                self._allowance,
                lambda part: pipeline.sending(issue, part, patience=self._patience).receipts_iter(),
                proven=lambda: self._call(issue, stale_at, range(1, CALLS)),
            ):
                outcomes[receipt.outcome] += 1
        except TransportAway as error:
            self._say(f"digest: {issue.id}: {error}")
            return next_attempt(pipeline, issue)
        except (PublishError, TransportError) as error:
            self._say(f"digest: {issue.id}: {error}")
            return None
        finally:
            if outcomes[Outcome.REFUSED]:
                heed_refusals(pipeline, issue.id)
            if outcomes:
                counts = (f"{number} {each}" for each, number in outcomes.items())
                self._say(f"{issue.id}: {', '.join(counts)}")
        return pipeline.store.ledger.next_attempt(issue.id)
