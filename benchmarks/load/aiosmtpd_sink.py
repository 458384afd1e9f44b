"""aiosmtpd_sink.py PORT: aiosmtpd with a handler that counts, on 127.0.0.1:PORT."""
import asyncio
import sys

from aiosmtpd.smtp import SMTP


class Counting:
    messages = 0

    async def handle_DATA(self, server, session, envelope):
        Counting.messages += 1
        return "250 OK"


async def main():
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Counting(), hostname="load.example.com"), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
