// The clients of MCP's TypeScript SDK do what they are told, and tell what they see:
//
//	node jobs.js PACKAGE <jobs.json
//
// PACKAGE is @modelcontextprotocol/sdk (version 1) or @modelcontextprotocol/client
// (version 2). A job is a server, and a tool that is called until the call is refused.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const first = process.argv[2] === '@modelcontextprotocol/sdk'
const load = async (...files) => Object.assign({}, ...await Promise.all(files.map((file) => import(file))))
const { Client, StreamableHTTPClientTransport, SSEClientTransport, UnauthorizedError } = first
  ? await load('@modelcontextprotocol/sdk/client/index.js', '@modelcontextprotocol/sdk/client/auth.js', '@modelcontextprotocol/sdk/client/sse.js', '@modelcontextprotocol/sdk/client/streamableHttp.js')
  : await load('@modelcontextprotocol/client')

const back = 'http://127.0.0.1:1/back'

// person logs in at once, without a browser, and knows the code that the client gets back.
const person = () => {
  const known = { asked: [] }
  known.provider = {
    redirectUrl: back,
    clientMetadata: { client_name: 'e2e', redirect_uris: [back], token_endpoint_auth_method: 'none' },
    clientInformation: () => ({ client_id: 'e2e' }),
    tokens: () => known.tokens,
    saveTokens: (saved) => { known.tokens = saved },
    codeVerifier: () => known.verifier,
    saveCodeVerifier: (saved) => { known.verifier = saved },
    async redirectToAuthorization (url) {
      known.asked.push(url.searchParams.get('scope') ?? '')
      const answer = await fetch(url, { redirect: 'manual' })
      known.code = new URL(answer.headers.get('location')).searchParams.get('code')
    },
  }
  return known
}

// retried does something again when the user has come back.
const retried = async (job, what) => {
  for (;;) {
    try {
      return await what()
    } catch (error) {
      if (!(error instanceof UnauthorizedError) || !job.person?.code) throw error
      const { code } = job.person
      job.person.code = undefined
      job.returns = (job.returns ?? 0) + 1
      await job.transport.finishAuth(code)
    }
  }
}

const connect = async (job) => {
  if (job.oauth) job.person = person()
  await retried(job, async () => {
    const Transport = job.sse ? SSEClientTransport : StreamableHTTPClientTransport
    job.transport = new Transport(new URL(job.endpoint), {
      requestInit: { headers: job.headers }, authProvider: job.person?.provider,
    })
    const mode = job.era < '2026' ? 'legacy' : { pin: job.era }
    job.client = new Client({ name: 'e2e', version: '1.0.0' }, first ? {} : { versionNegotiation: { mode } })
    await job.client.connect(job.transport)
  })
}

const call = async (job, name) => {
  try {
    const result = await retried(job, () => job.client.callTool({ name, arguments: {} }, ...(first ? [undefined] : []), { timeout: job.seconds * 1000 }))
    const text = result.content.map((part) => part.text).join(' ')
    return { kind: result.isError ? 'failed' : 'done', text }
  } catch (error) {
    if (/timed out/i.test(error.message)) return { kind: 'silence', text: '' }
    return { kind: 'error', text: error.message }
  }
}

const refused = async (job) => {
  const many = job.at_once ?? 1
  let answer
  for (let times = job.times ?? 1; times > 0; times--) {
    const answers = await Promise.all(Array.from({ length: many }, () => call(job, job.tool)))
    answer = answers.find(({ kind }) => kind !== 'done') ?? answers[0]
    if (answer.kind !== 'done') return answer
  }
  return answer
}

const goesOn = async (job) => {
  for (let left = job.patience ?? 1; left > 0; left--) {
    if ((await call(job, 'read')).kind === 'done') return true
    if (left > 1) await sleep(200)
  }
  return false
}

const play = async (job) => {
  const answer = { kind: 'none', text: '', goes_on: false, tools: [] }
  try {
    await connect(job)
    answer.tools = (await job.client.listTools()).tools.map(({ name }) => name)
    Object.assign(answer, await refused(job))
    answer.goes_on = await goesOn(job)
    answer.asked = job.person?.asked
    answer.returns = job.returns
    await job.client.close()
  } catch (error) {
    Object.assign(answer, { kind: 'raised', text: error.message })
  }
  return answer
}

const jobs = JSON.parse(readFileSync(0, 'utf8'))
const answers = new Array(jobs.length)
let next = 0
await Promise.all(Array.from({ length: 16 }, async () => {
  while (next < jobs.length) {
    const i = next++
    answers[i] = await play(jobs[i])
  }
}))
console.log(JSON.stringify(answers))
process.exit()
