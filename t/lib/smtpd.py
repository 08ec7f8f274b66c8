#!/usr/bin/python3

# Copyright (C) the Pupil authors
#
# A mail relay: aiosmtpd, which keeps each mail that it says yes to as a file.
#
#     smtpd.py PORT FOLDER CERTIFICATE KEY starttls|tls|plain|login
#
# It ends with the process that started it.  In FOLDER the file "refuse" has
# part of an address that is refused for now, "gone" keeps a client waiting for
# the yes to what is kept already.

import asyncio
import json
import os
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

parent = os.getppid()
port, folder, certificate, key, mode = sys.argv[1:6]


def told(name):
    path = os.path.join(folder, name)
    return open(path).read().strip() if os.path.exists(path) else None


class Relay:
    kept = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if told("refuse") and told("refuse") in address:
            return "451 4.7.1 Later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.kept += 1
        path = os.path.join(folder, "mail%d" % self.kept)
        with open(path + ".part", "w") as out:
            json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos,
                       "tls": server.transport.get_extra_info("ssl_object")
                              is not None,
                       "login": bool(session.authenticated),
                       "text": envelope.content.decode("utf-8")}, out)
        os.rename(path + ".part", path)
        while told("gone") is not None:
            await asyncio.sleep(0.05)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"mailer", b"a-secret")
    return AuthResult(success=right)


more = {}
if mode != "plain":
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    more = {"ssl_context": context} if mode == "tls" else {
        "tls_context": context, "require_starttls": True}
if mode == "login":
    more.update(authenticator=authenticate, auth_required=True)

Controller(Relay(), hostname="127.0.0.1", port=int(port), **more).start()
while os.getppid() == parent:         # it ends with the test
    time.sleep(0.2)
