"""Reads what a service tells of its limits, with libraries that Python programs
use, and obeys it. The command line and the rules are those of ../go/main.go."""

import argparse
import time

import http_sf
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


class FromAddress(HTTPAdapter):
    """Connections that leave from an address, and are tried again once at most."""

    def __init__(self, address, retries):
        self.address = address
        # Its own idea of a pause would be none at all.
        retry = Retry(total=retries, backoff_factor=0, status_forcelist=[429], raise_on_status=False)
        super().__init__(max_retries=retry if retries else 0)

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, source_address=(self.address, 0), **kwargs)


def session(address, headers, retries=0):
    s = requests.Session()
    s.trust_env = False
    s.headers.update(headers)
    s.mount("http://", FromAddress(address, retries))
    return s


def read(response):
    """What a response tells: limit, left, reset. Both ways have to agree."""
    (name, now), = http_sf.parse(response.headers["RateLimit"].encode(), tltype="list")
    policies = dict(http_sf.parse(response.headers["RateLimit-Policy"].encode(), tltype="list"))
    said = policies[name]["q"], now["r"], now["t"]
    old = tuple(int(response.headers["X-RateLimit-" + n]) for n in ("Limit", "Remaining", "Reset"))
    print(response.status_code, name, said)
    assert said == old, f"X-RateLimit says {old}, RateLimit {said}"
    return said


def check_refusal(response):
    _, left, reset = read(response)
    wait = int(response.headers["Retry-After"])
    detail = response.json()["detail"]
    print("Retry-After", wait, detail)
    assert left == 0 and wait >= reset
    assert detail == f"Rate limit exceeded. Try again in {wait} seconds."


def use_up(send):
    """Sends requests until one is refused, and returns the limit."""
    response = send()
    limit, left, _ = read(response)
    for expected in range(left - 1, -1, -1):
        response = send()
        assert response.status_code != 429, f"{expected} left was expected"
        assert read(response)[:2] == (limit, expected)
    response = send()
    assert response.status_code == 429, "nothing was left"
    check_refusal(response)
    return limit


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-from", dest="address", default="127.0.0.1")
    parser.add_argument("-wait", action="store_true")
    parser.add_argument("url")
    parser.add_argument("headers", nargs="*")
    args = parser.parse_args()
    headers = dict(h.split(": ", 1) for h in args.headers)

    limit = use_up(lambda once=session(args.address, headers): once.get(args.url, timeout=10))
    if args.wait:
        began = time.monotonic()
        response = session(args.address, headers, retries=1).get(args.url, timeout=10)
        print(f"after {time.monotonic() - began:.3f}s")
        _, left, _ = read(response)
        assert response.status_code != 429 and left == limit - 1, "not served right after the pause"


main()
