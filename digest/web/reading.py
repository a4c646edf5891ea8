"""
Reading again: a reader's own issue in the browser, the archive, pictures.
"""

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..archive import Archive, File
from ..archive.neutral import neutral_html
from ..pictures import are_bytes_of
from .services import Services

FOLDER, NAME = re.compile(r"[0-9a-f]{2}"), re.compile(r"[0-9a-f]{32}\.(jpg|png)")
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
#: What others wrote: no script, no form, and nothing of ours within its reach.
SANDBOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " img-src 'self' https: http: data:; style-src 'unsafe-inline'; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'"
)
PICTURE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class Reading:
    """
    Pages that change nothing and know nobody.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def view(self, request: Request) -> Response:
        """
        The edition that was made for this reader, with nobody's links: addresses are passed on.
        """
        reader = await self._services.reader("view", request.path_params["token"])
        if reader is None:
            return self._services.not_found
        issue_id = f"{reader.here.newsletter}/{request.path_params['issue']}"
        shelf = self._services.pipeline.store.shelf
        copy = await run_in_threadpool(shelf.copy_of, issue_id, reader.subscriber.id)
        if copy is None:
            return self._services.not_found
        return HTMLResponse(neutral_html(copy, ""), headers={"Content-Security-Policy": SANDBOX})

    async def neutral(self, request: Request) -> Response:  # noqa: ARG002
        return self._services.neutral()

    async def archive(self, request: Request) -> Response:
        path: str = request.path_params["path"]
        newsletter = self._services.pipeline.settings.newsletters.get(path)
        # What is not listed is not told of by a redirect either.
        if newsletter and newsletter.archive == "public":
            return RedirectResponse(f"{self._services.pages.base}/a/{newsletter.id}/", 308)
        file = await run_in_threadpool(self._file, path)
        if file is None:
            return self._services.not_found
        policy = SANDBOX if file.is_issue else self._services.pages.policy(file.newsletter)
        headers = {"Cache-Control": "public, max-age=300", "Content-Security-Policy": policy}
        if file.listed:
            headers["X-Robots-Tag"] = "all"
        return Response(file.text, media_type=file.media_type, headers=headers)

    async def picture(self, request: Request) -> Response:
        """
        Only what we encoded ourselves, under the name that its bytes have.
        """
        folder, name = request.path_params["folder"], request.path_params["name"]
        if not FOLDER.fullmatch(folder) or not NAME.fullmatch(name) or name[:2] != folder:
            return self._services.not_found
        path = self._services.pipeline.pictures.path_of(f"{folder}/{name}")
        try:
            data = await run_in_threadpool(path.read_bytes)
        except OSError:
            return self._services.not_found
        if not are_bytes_of(path, data):
            return self._services.not_found
        return Response(
            data, media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=PICTURE_HEADERS
        )

    def _file(self, path: str) -> File | None:
        with self._services.upcoming.fresh() as pipeline:
            return Archive(pipeline, self._services.pages).file(path)
