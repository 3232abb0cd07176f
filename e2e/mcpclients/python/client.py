"""The client of MCP's Python SDK finds out for itself how to get into an endpoint, and
lists its tools:

    python client.py ENDPOINT

The authorization server lets everybody in at once, so no browser is needed.
"""

import asyncio
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata

BACK = "http://127.0.0.1:1/back"


class Storage:
    """What the client knows: who it is, and its tokens."""

    tokens = None
    client = OAuthClientInformationFull(client_id="e2e", redirect_uris=[BACK], token_endpoint_auth_method="none")

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


class Person:
    """Logs in and comes back with a code."""

    async def go(self, url):
        async with httpx2.AsyncClient() as browser:
            answer = await browser.get(url, follow_redirects=False)
        self.query = parse_qs(urlsplit(answer.headers["location"]).query)

    async def come_back(self):
        return AuthorizationCodeResult(code=self.query["code"][0], state=self.query["state"][0])


async def main(endpoint):
    person = Person()
    auth = OAuthClientProvider(
        server_url=endpoint,
        client_metadata=OAuthClientMetadata(client_name="e2e", redirect_uris=[BACK], token_endpoint_auth_method="none"),
        storage=Storage(),
        redirect_handler=person.go,
        callback_handler=person.come_back,
    )
    async with httpx2.AsyncClient(auth=auth, follow_redirects=True) as http:
        async with streamable_http_client(endpoint, http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await session.initialize()
                tools = (await session.list_tools()).tools
    print(" ".join(sorted(tool.name for tool in tools)))


asyncio.run(main(sys.argv[1]))
