"""A proper mail server for the tests: keeps each mail it takes as a file.

Takes: folder, mode (starttls, tls), certificate, key, and perhaps a user and password it insists on.
Prints the port it listens on, and ends when its standard input is closed.
"""

import asyncio
import itertools
import pathlib
import ssl
import sys

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


async def main():
    folder, mode, certificate, key, *login = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def check(server, session, envelope, mechanism, data):
        known = [data.login.decode(), data.password.decode()] == login
        return AuthResult(success=known, handled=False, auth_data=data)

    options = {"decode_data": False, "enable_SMTPUTF8": True}
    if login:
        options |= {"authenticator": check, "auth_required": True, "auth_require_tls": mode == "starttls"}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}

    keeper = Keeper(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keeper, loop=loop, **options),
        host="127.0.0.1",
        port=0,
        ssl=context if mode == "tls" else None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
