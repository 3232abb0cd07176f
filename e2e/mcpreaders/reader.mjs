// Reads bodies of requests as servers on Node do:
//
//	node reader.mjs FOLDER
//
// FOLDER has the SDK's package. A body comes as four bytes with its length, and itself. For
// each, a line says what each reader makes of it.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const types = require("@modelcontextprotocol/sdk/types.js");
const z = require("zod");

const named = {
  "tools/call": [types.CallToolRequestSchema, "name"],
  "prompts/get": [types.GetPromptRequestSchema, "name"],
  "resources/read": [types.ReadResourceRequestSchema, "uri"],
};

const absent = "-";
const invalid = "!";

// value is a letter for the type of a value, and the value. A surrogate that stands alone
// is not in UTF-8, so it is written out.
function value(v) {
  switch (typeof v) {
    case "string":
      return "s" + v.replace(/\p{Surrogate}/gu, (c) => `<${c.charCodeAt(0).toString(16)}>`);
    case "number":
      return "n" + v;
    case "boolean":
      return "b" + v;
    case "undefined":
      return absent;
  }
  return v === null ? absent : "o";
}

// message is what a message is, with its parameters as the method's handler gets them.
function message(m, params) {
  const place = named[m.method]?.[1];
  const name = params === invalid ? invalid : place ? value(params?.[place]) : absent;
  return [value(m.id), value(m.method), name, value(params?.arguments?.quality), value(params?.arguments?.count)];
}

// copied copies a value as programs do that merge objects.
function copied(v) {
  if (Array.isArray(v)) return v.map(copied);
  if (v === null || typeof v !== "object") return v;
  const copy = {};
  for (const name of Object.keys(v)) copy[name] = copied(v[name]);
  return copy;
}

function plain(m) {
  return message(m, m.params);
}

// A service does without null for an argument that it does not need.
const tool = z.object({ quality: z.unknown(), count: z.unknown() }).partial().passthrough();

function bySDK(raw) {
  const m = types.JSONRPCMessageSchema.parse(raw);
  const schema = named[m.method]?.[0];
  if (!schema) return message(m, m.params);
  const request = schema.safeParse(m);
  if (!request.success) return message(m, invalid);
  const params = { ...request.data.params };
  if (params.arguments) params.arguments = tool.parse(params.arguments);
  return message(m, params);
}

const readers = {
  "JSON.parse": plain,
  "JSON.parse, copied": (raw) => plain(copied(raw)),
  "TypeScript SDK": bySDK,
};

const utf8 = new TextDecoder();

function read(body) {
  let document;
  try {
    document = JSON.parse(utf8.decode(body));
  } catch {
    return {};
  }
  const found = {};
  for (const [name, reader] of Object.entries(readers)) {
    try {
      found[name] = Array.isArray(document) ? document.map(reader) : [reader(document)];
    } catch {
      // It refuses the body.
    }
  }
  return found;
}

let rest = Buffer.alloc(0);
process.stdin.on("data", (piece) => {
  rest = Buffer.concat([rest, piece]);
  let lines = "";
  while (rest.length >= 4) {
    const end = 4 + rest.readUInt32BE(0);
    if (rest.length < end) break;
    lines += JSON.stringify(read(rest.subarray(4, end))) + "\n";
    rest = rest.subarray(end);
  }
  process.stdout.write(lines);
});
