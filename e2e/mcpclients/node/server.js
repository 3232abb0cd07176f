// A server of MCP's TypeScript SDK, version 1, without sessions. It serves at every path,
// until its standard input ends.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { serve } from './ready.js'

const answer = async (request, response) => {
  const server = new McpServer({ name: 'demo', version: '1.0.0' })
  for (const name of ['read', 'spend', 'tiered', 'scoped']) {
    server.registerTool(name, { description: 'a tool' }, () => ({ content: [{ type: 'text', text: 'done' }] }))
  }
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  response.on('close', () => { transport.close(); server.close() })
  await server.connect(transport)
  await transport.handleRequest(request, response)
}

serve(answer, '@modelcontextprotocol/sdk')
