"""Reads bodies of requests as servers in Python do:

    python reader.py

A body comes as four bytes with its length, and itself. For each, a line says what each
reader makes of it.
"""

import json
import re
import sys

import pydantic_core
from mcp import types

NAMED = {
    "tools/call": (types.CallToolRequestParams, "name"),
    "prompts/get": (types.GetPromptRequestParams, "name"),
    "resources/read": (types.ReadResourceRequestParams, "uri"),
}

ABSENT = "-"
INVALID = "!"


def value(v):
    """A letter for the type of a value, and the value. A surrogate is not in UTF-8, so it
    is written out."""
    if v is None:
        return ABSENT
    if isinstance(v, str):
        return "s" + re.sub("[\ud800-\udfff]", lambda c: f"<{ord(c[0]):x}>", v)
    if isinstance(v, bool):
        return "b" + str(v).lower()
    if isinstance(v, (int, float)):
        return "n" + str(v)
    return "o"


def message(id, method, params, name):
    arguments = params.get("arguments") if isinstance(params, dict) else None
    if not isinstance(arguments, dict):
        arguments = {}
    return [value(id), value(method), name, value(arguments.get("quality")), value(arguments.get("count"))]


def plain(raw):
    """What a program makes of a message that looks at nothing but what it needs."""
    method, params = raw.get("method"), raw.get("params")
    name = ABSENT
    if isinstance(method, str) and method in NAMED:
        name = value(params.get(NAMED[method][1]))
    return message(raw.get("id"), method, params, name)


def by_sdk(raw):
    m = types.jsonrpc_message_adapter.validate_python(raw, by_name=False)
    method, params, name = getattr(m, "method", None), getattr(m, "params", None), ABSENT
    if method in NAMED:
        model, field = NAMED[method]
        try:
            read = model.model_validate(params or {}, by_name=False)
            name, params = value(str(getattr(read, field))), read.model_dump()
        except pydantic_core.ValidationError:
            name = INVALID
    return message(getattr(m, "id", None), method, params, name)


READERS = {
    "json.loads": (json.loads, plain),
    "Python SDK": (pydantic_core.from_json, by_sdk),
    # Of newer versions of the protocol.
    "Python SDK, json.loads": (json.loads, by_sdk),
}


def read(body):
    found = {}
    for name, (parse, reader) in READERS.items():
        try:
            document = parse(body)
            batch = document if isinstance(document, list) else [document]
            found[name] = [reader(raw) for raw in batch]
        except Exception:
            pass  # It refuses the body.
    return found


def main():
    while head := sys.stdin.buffer.read(4):
        body = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        sys.stdout.write(json.dumps(read(body)) + "\n")
        sys.stdout.flush()


main()
