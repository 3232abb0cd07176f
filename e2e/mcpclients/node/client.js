// The client of MCP's TypeScript SDK finds out for itself how to get into an endpoint,
// and lists its tools:
//
//	node client.js ENDPOINT
//
// The authorization server lets everybody in at once, so no browser is needed.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const endpoint = new URL(process.argv[2])
let code, tokens, verifier

const provider = {
  redirectUrl: 'http://127.0.0.1:1/back',
  clientMetadata: { client_name: 'e2e', redirect_uris: ['http://127.0.0.1:1/back'], token_endpoint_auth_method: 'none' },
  clientInformation: () => ({ client_id: 'e2e' }),
  tokens: () => tokens,
  saveTokens: (saved) => { tokens = saved },
  codeVerifier: () => verifier,
  saveCodeVerifier: (saved) => { verifier = saved },
  async redirectToAuthorization (url) {
    const answer = await fetch(url, { redirect: 'manual' })
    code = new URL(answer.headers.get('location')).searchParams.get('code')
  },
}

const connect = async (transport) => {
  const client = new Client({ name: 'e2e', version: '1.0.0' })
  await client.connect(transport)
  return client
}

const first = new StreamableHTTPClientTransport(endpoint, { authProvider: provider })
try {
  await connect(first)
  throw new Error('it got in without a token')
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error
}
await first.finishAuth(code)
const client = await connect(new StreamableHTTPClientTransport(endpoint, { authProvider: provider }))
const { tools } = await client.listTools()
console.log(tools.map((tool) => tool.name).sort().join(' '))
await client.close()
