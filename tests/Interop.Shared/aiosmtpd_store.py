"""An aiosmtpd server that stores each message as it came. Prints its port; ends when its standard input does."""
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Store:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = os.path.join(self.folder, "%d" % self.count)
        with open(name + ".eml", "wb") as file:
            file.write(envelope.original_content)
        with open(name + ".json", "w") as file:
            json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos, "options": envelope.mail_options,
                       "tls": session.ssl is not None, "user": session.auth_data}, file)
        return "250 2.0.0 Stored as %d" % self.count


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"user", b"secret")
    return AuthResult(success=good, handled=good or False, auth_data="user" if good else None)


async def main(folder, certificate, key):
    context = None
    if certificate != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    handler = Store(folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="aiosmtpd.test", tls_context=context, enable_SMTPUTF8=True, data_size_limit=200_000_000,
                     authenticator=authenticate, auth_require_tls=context is not None),
        "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main(*sys.argv[1:4]))
