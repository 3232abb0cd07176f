"""A server of MCP's Python SDK, with its default settings. It serves at every path that
ends with /mcp, until its standard input ends."""

import asyncio
import json
import socket
import threading
import sys
from importlib.metadata import version

import uvicorn
from mcp.server.mcpserver import MCPServer

server = MCPServer("demo", log_level="WARNING")


def add(name):
    @server.tool(name=name, description="a tool")
    def done() -> str:
        return "done"


for name in ("read", "spend", "tiered", "scoped"):
    add(name)

app = server.streamable_http_app()


async def anywhere(scope, receive, send):
    if scope["type"] == "http":
        scope = {**scope, "path": "/mcp", "raw_path": b"/mcp"}
    await app(scope, receive, send)


listener = socket.create_server(("127.0.0.1", 0))
runner = uvicorn.Server(uvicorn.Config(anywhere, log_level="warning", timeout_graceful_shutdown=1))


def end():
    sys.stdin.read()
    runner.should_exit = True


threading.Thread(target=end, daemon=True).start()
address = f"127.0.0.1:{listener.getsockname()[1]}"
print(json.dumps({"address": address, "version": f"mcp {version('mcp')}"}), flush=True)
asyncio.run(runner.serve(sockets=[listener]))
