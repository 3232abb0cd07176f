"""Serves, and says where."""

import json
import sys
import threading
from importlib.metadata import version


def serve(server, *packages):
    """Serves until standard input ends, as it does with whoever started this."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    print(json.dumps({"address": f"127.0.0.1:{port}", "version": versions}), flush=True)
    sys.stdin.read()
