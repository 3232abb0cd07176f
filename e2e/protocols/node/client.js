// Calls the service of rpc_test.go again and again with one of the libraries that pages
// and Node programs use, and writes a line in JSON about each call.
//
//     client.js LIBRARY ADDRESS URL METHOD BATCHES

import http from 'node:http'
import { create, createFileRegistry, toBinary, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, StringValueSchema, file_google_protobuf_wrappers as wrappers } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web'
import grpcWeb from 'grpc-web'
import { Agent, fetch } from 'undici'
import ssl from 'xmlhttprequest-ssl'

const [library, localAddress, baseUrl, method, batches] = process.argv.slice(2)

// What protoc would make of the service's description.
const value = '.google.protobuf.StringValue'
const described = create(FileDescriptorProtoSchema, {
  name: 'gate.proto',
  package: 'e2e',
  syntax: 'proto3',
  dependency: [wrappers.proto.name],
  service: [{
    name: 'Gate',
    method: [
      { name: 'Check', inputType: value, outputType: value },
      { name: 'Watch', inputType: value, outputType: value, serverStreaming: true },
      { name: 'Follow', inputType: value, outputType: value, serverStreaming: true }
    ]
  }]
})
const Gate = createFileRegistry(described, () => wrappers.proto).getService('e2e.Gate')

const dispatcher = new Agent({ localAddress })
const page = { baseUrl, fetch: (input, init) => fetch(input, { ...init, dispatcher }) }

// connect returns a call through a transport of Connect.
function connect (transport) {
  const client = createClient(Gate, transport)
  return async headers => {
    if (method === 'Check') return client.check({ value: 'x' }, { headers })
    for await (const message of client[method.toLowerCase()]({ value: 'x' }, { headers })) void message
  }
}

// generated returns a call by grpc-web, as its generated code makes it.
function generated (format) {
  const agent = new http.Agent({ localAddress, keepAlive: true })
  globalThis.XMLHttpRequest = function () { return new ssl.XMLHttpRequest({ agent }) }
  const client = new grpcWeb.GrpcWebClientBase({ format })
  const kind = method === 'Check' ? grpcWeb.MethodType.UNARY : grpcWeb.MethodType.SERVER_STREAMING
  const path = `/e2e.Gate/${method}`
  const descriptor = new grpcWeb.MethodDescriptor(path, kind, Object, Object,
    message => toBinary(StringValueSchema, message), bytes => fromBinary(StringValueSchema, bytes))
  const message = create(StringValueSchema, { value: 'x' })
  if (method === 'Check') return headers => client.unaryCall(baseUrl + path, message, headers, descriptor)
  return headers => new Promise((resolve, reject) => {
    client.serverStreaming(baseUrl + path, message, headers, descriptor)
      .on('error', reject).on('end', resolve)
  })
}

const calls = {
  'connect-web': () => connect(createConnectTransport(page)),
  'connect-web-grpc': () => connect(createGrpcWebTransport({ ...page, useBinaryFormat: true })),
  'connect-node-grpc': () => connect(createGrpcTransport({ baseUrl, nodeOptions: { localAddress } })),
  'grpc-web-text': () => generated('text')
}

// told is what the library says of a call that failed.
function told (error) {
  if (error instanceof ConnectError) {
    return { code: Code[error.code], retryAfter: error.metadata.get('Retry-After') ?? '' }
  }
  if (!(error instanceof grpcWeb.RpcError)) throw error
  return { code: String(error.code), retryAfter: error.metadata['retry-after'] ?? '' }
}

const call = calls[library]()
for (const { password, times } of JSON.parse(batches)) {
  for (let n = 0; n < times; n++) {
    const answer = await call({ Authorization: `Bearer ${password}` }).then(() => ({ code: 'ok' }), told)
    console.log(JSON.stringify(answer))
  }
}
process.exit() // whatever connections are left
