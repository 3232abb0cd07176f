"""A service that takes NTLM below /ntlm, and Negotiate elsewhere, by pyspnego. Both
sign the connection in, and not the request."""

import base64
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import spnego

import ready

users = os.path.join(sys.argv[1], "users")
with open(users, "w") as file:
    file.write("E2E:alice:correct horse\n")
os.environ["NTLM_USER_FILE"] = users


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # each client's connection is one here, too


class Connection(BaseHTTPRequestHandler):
    """There is one for each connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    context = None

    def do_GET(self):
        scheme = "NTLM" if self.path.startswith("/ntlm") else "Negotiate"
        name, _, token = self.headers.get("Authorization", "").partition(" ")
        if name != scheme:
            signed_in = self.context is not None and self.context.complete
            return self.answer(200) if signed_in else self.answer(401, scheme)
        if self.context is None or self.context.complete:
            self.context = spnego.server(protocol=scheme.lower())
        try:
            out = self.context.step(base64.b64decode(token))
        except spnego.exceptions.SpnegoError:
            self.context = None
            return self.answer(401, scheme)
        challenge = scheme + " " + base64.b64encode(out).decode() if out else None
        return self.answer(200 if self.context.complete else 401, challenge)

    def answer(self, status, challenge=None):
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


ready.serve(Server(("127.0.0.1", 0), Connection), "pyspnego")
