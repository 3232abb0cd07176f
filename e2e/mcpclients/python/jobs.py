"""The client of MCP's Python SDK does what it is told, and tells what it sees:

    python jobs.py <jobs.json

A job is a server, and a tool that is called until the call is refused. It runs with the
versions 1 and 2 of the SDK.
"""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

try:
    import httpx2 as httpx
    from mcp import Client
    from mcp.shared.auth import AuthorizationCodeResult
except ImportError:  # version 1
    import httpx

    Client = None

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata

BACK = "http://127.0.0.1:1/back"


class Person:
    """Logs in at once, without a browser. Knows the client's tokens, too."""

    def __init__(self):
        self.asked = []
        self.tokens = None
        self.client = OAuthClientInformationFull(client_id="e2e", redirect_uris=[BACK], token_endpoint_auth_method="none")

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info

    async def go(self, url):
        self.asked.append(parse_qs(urlsplit(url).query).get("scope", [""])[0])
        async with httpx.AsyncClient() as browser:
            answer = await browser.get(url, follow_redirects=False)
        self.query = parse_qs(urlsplit(answer.headers["location"]).query)

    async def come_back(self):
        code, state = self.query["code"][0], self.query["state"][0]
        return AuthorizationCodeResult(code=code, state=state) if Client else (code, state)

    def provider(self, endpoint):
        return OAuthClientProvider(
            server_url=endpoint,
            client_metadata=OAuthClientMetadata(client_name="e2e", redirect_uris=[BACK], token_endpoint_auth_method="none"),
            storage=self,
            redirect_handler=self.go,
            callback_handler=self.come_back,
        )


@asynccontextmanager
async def connect(job, person):
    auth = person.provider(job["endpoint"]) if job.get("oauth") else None
    async with httpx.AsyncClient(auth=auth, headers=job.get("headers"), follow_redirects=True, timeout=30) as http:
        if job.get("sse"):
            transport = sse_client(job["endpoint"], headers=job.get("headers"))
        else:
            transport = streamable_http_client(job["endpoint"], http_client=http)
        if Client:
            async with Client(transport, mode="legacy" if job["era"] < "2026" else job["era"]) as client:
                yield client
            return
        async with transport as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await session.initialize()
                yield session


async def call(session, job, tool):
    try:
        result = await asyncio.wait_for(session.call_tool(tool, {}), job["seconds"])
    except TimeoutError:
        return {"kind": "silence", "text": ""}
    except Exception as error:
        return {"kind": "error", "text": str(error)}
    failed = result.is_error if Client else result.isError
    return {"kind": "failed" if failed else "done", "text": " ".join(part.text for part in result.content)}


async def refused(session, job):
    for _ in range(job.get("times", 1)):
        answers = await asyncio.gather(*(call(session, job, job["tool"]) for _ in range(job.get("at_once", 1))))
        answer = next((one for one in answers if one["kind"] != "done"), answers[0])
        if answer["kind"] != "done":
            break
    return answer


async def goes_on(session, job):
    for left in range(job.get("patience", 1), 0, -1):
        if (await call(session, job, "read"))["kind"] == "done":
            return True
        if left > 1:
            await asyncio.sleep(0.2)
    return False


def innermost(error):
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def play(job, answer, person):
    async with connect(job, person) as session:
        answer["tools"] = [tool.name for tool in (await session.list_tools()).tools]
        answer.update(await refused(session, job))
        answer["goes_on"] = await goes_on(session, job)


async def attempt(job, some):
    answer, person = {"kind": "none", "text": "", "goes_on": False, "tools": []}, Person()
    async with some:
        try:
            await asyncio.wait_for(play(job, answer, person), 120)
        except BaseException as error:
            if answer["kind"] == "none":
                answer.update(kind="raised", text=str(innermost(error)))
    answer["asked"] = person.asked
    return answer


async def main():
    some = asyncio.Semaphore(16)
    answers = await asyncio.gather(*(attempt(job, some) for job in json.load(sys.stdin)))
    print(json.dumps(answers))


asyncio.run(main())
