"""Gets a page again and again with one of the libraries that Python programs use, and
writes a line in JSON about each time.

    client.py LIBRARY ADDRESS URL BATCHES

With keep, one session does all of a batch; otherwise each time is the first."""

import json
import sys

import httpx
import requests
from pypsrp.negotiate import HTTPNegotiateAuth
from requests.auth import HTTPDigestAuth
from requests_ntlm import HttpNtlmAuth
from requests_toolbelt.adapters.source import SourceAddressAdapter

library, address, url, batches = sys.argv[1:]
challenges = []


def note(response):
    challenges.append(response.headers.get("WWW-Authenticate", ""))


class Adapter(SourceAddressAdapter):
    """The libraries that sign in send their steps through it, too."""

    def send(self, *args, **kwargs):
        response = super().send(*args, **kwargs)
        note(response)
        return response


def with_requests(auth):
    s = requests.Session()
    s.trust_env = False
    s.mount("http://", Adapter(address))
    s.auth = auth
    return s


def with_httpx(auth):
    return httpx.Client(
        # It would read the system's certificates each time, and nothing is encrypted.
        transport=httpx.HTTPTransport(local_address=address, verify=False),
        auth=auth,
        event_hooks={"response": [note]},
    )


sessions = {
    "requests-ntlm": lambda password: with_requests(HttpNtlmAuth("E2E\\alice", password)),
    "pypsrp": lambda password: with_requests(HTTPNegotiateAuth("E2E\\alice", password)),
    "requests": lambda password: with_requests(HTTPDigestAuth("alice", password)),
    "httpx": lambda password: with_httpx(httpx.DigestAuth("alice", password)),
}


def run(password, times, keep):
    session = None
    for _ in range(times):
        if session is None or not keep:
            session = sessions[library](password)
        challenges.clear()
        response = session.get(url, timeout=10)
        print(json.dumps({
            "code": str(response.status_code),
            "retryAfter": response.headers.get("Retry-After", ""),
            "challenges": challenges,
        }))


for batch in json.loads(batches):
    run(**batch)
