"""
A real name server on loopback, for one zone file in a dictionary.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from socketserver import BaseRequestHandler, UDPServer
from threading import Thread
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Zone = Mapping[tuple[str, str], list[str]]


@contextmanager
def a_name_server(zone: Zone, *, broken: bool = False) -> Iterator[tuple[str, int]]:
    """
    Answers with what is in the zone, (name, kind) -> records; a broken one with SERVFAIL.
    """

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            socket.sendto(
                _answer(dns.message.from_wire(data), zone, broken=broken), self.client_address
            )

    with UDPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            host, port = server.server_address[:2]
            yield str(host), int(port)
        finally:
            server.shutdown()
            thread.join()


def _answer(query: Any, zone: Zone, *, broken: bool) -> bytes:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True)
    kind = dns.rdatatype.to_text(question.rdtype)
    if broken:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif records := zone.get((name, kind)):
        response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
    elif not any(known == name for known, _ in zone):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return bytes(response.to_wire(max_size=4096))
