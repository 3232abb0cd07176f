"""Gets a page again and again with one of the libraries that Python programs use, and
writes a line in JSON about each time.

    client.py LIBRARY ADDRESS URL PASSWORD TIMES KEEP

KEEP is yes if one session does it all, and no if each time is the first."""

import json
import sys

import httpx
import requests
from pypsrp.negotiate import HTTPNegotiateAuth
from requests.auth import HTTPDigestAuth
from requests_ntlm import HttpNtlmAuth
from requests_toolbelt.adapters.source import SourceAddressAdapter

library, address, url, password, times, keep = sys.argv[1:]


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
    def session():
        s = requests.Session()
        s.trust_env = False
        s.mount("http://", Adapter(address))
        s.auth = auth()
        return s

    return session


def with_httpx():
    return httpx.Client(
        transport=httpx.HTTPTransport(local_address=address),
        auth=httpx.DigestAuth("alice", password),
        event_hooks={"response": [note]},
    )


sessions = {
    "requests-ntlm": with_requests(lambda: HttpNtlmAuth("E2E\\alice", password)),
    "pypsrp": with_requests(lambda: HTTPNegotiateAuth("E2E\\alice", password)),
    "requests": with_requests(lambda: HTTPDigestAuth("alice", password)),
    "httpx": with_httpx,
}

session = sessions[library]()
for n in range(int(times)):
    if n > 0 and keep == "no":
        session.close()
        session = sessions[library]()
    challenges.clear()
    response = session.get(url, timeout=10)
    print(json.dumps({
        "code": str(response.status_code),
        "retryAfter": response.headers.get("Retry-After", ""),
        "challenges": challenges,
    }))
