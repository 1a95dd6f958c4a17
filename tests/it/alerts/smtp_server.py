"""A proper mail server for the tests: keeps each mail it takes as a file.

Takes: folder, mode (starttls, tls), certificate, key, and perhaps a user and password it insists on.
Prints the port it listens on, and ends when its standard input is closed.
"""

import itertools
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.numbers = itertools.count(1)

    async def handle_DATA(self, server, session, envelope):
        head = f"X-Envelope-From: {envelope.mail_from}\r\n".encode()
        head += "".join(f"X-Envelope-To: {to}\r\n" for to in envelope.rcpt_tos).encode()
        head += f"X-User: {getattr(session, 'auth_data', None) and session.auth_data.login.decode()}\r\n".encode()
        part = self.folder / f"{next(self.numbers)}.part"
        part.write_bytes(head + envelope.original_content)
        part.rename(part.with_suffix(".eml"))
        return "250 kept"


def main():
    folder, mode, certificate, key, *login = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def check(server, session, envelope, mechanism, data):
        known = [data.login.decode(), data.password.decode()] == login
        return AuthResult(success=known, auth_data=data)

    options = {"decode_data": False, "enable_SMTPUTF8": True}
    if login:
        options |= {"authenticator": check, "auth_required": True, "auth_require_tls": mode == "starttls"}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}

    class Server(Controller):
        def factory(self):
            return SMTP(self.handler, **options)

        def _trigger_server(self):
            """No visit to itself: the tests begin by talking to it."""

    server = Server(Keeper(folder), hostname="127.0.0.1", port=0, ssl_context=context if mode == "tls" else None)
    server.start()
    print(server.server.sockets[0].getsockname()[1], flush=True)
    sys.stdin.read()
    server.stop()


main()
