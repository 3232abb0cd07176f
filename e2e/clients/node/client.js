// Reads what a service tells of its limits, with libraries that Node programs use,
// and obeys it. The command line and the rules are those of ../go/main.go.

import assert from 'node:assert/strict'
import { parseList } from 'structured-headers'
import { Agent, RetryAgent, request } from 'undici'

function readArguments ([...words]) {
  const read = { address: '127.0.0.1', wait: false, url: '', headers: {} }
  while (words[0]?.startsWith('-')) {
    const option = words.shift()
    if (option === '-wait') read.wait = true
    else if (option === '-from') read.address = words.shift()
    else throw new Error(`${option} is no option`)
  }
  read.url = words.shift()
  for (const header of words) {
    const colon = header.indexOf(': ')
    read.headers[header.slice(0, colon)] = header.slice(colon + 2)
  }
  return read
}

// What a response tells. Both ways have to agree.
function rateOf ({ statusCode, headers }) {
  const [[name, now], ...others] = parseList(headers.ratelimit)
  assert.equal(others.length, 0)
  const policy = parseList(headers['ratelimit-policy']).find(([other]) => other === name)
  const said = { limit: policy[1].get('q'), left: now.get('r'), reset: now.get('t') }
  console.log(statusCode, name, said)
  assert.deepEqual(said, {
    limit: Number(headers['x-ratelimit-limit']),
    left: Number(headers['x-ratelimit-remaining']),
    reset: Number(headers['x-ratelimit-reset'])
  })
  return said
}

async function checkRefusal (response) {
  const { left, reset } = rateOf(response)
  const wait = Number(response.headers['retry-after'])
  const { detail } = await response.body.json()
  console.log('Retry-After', wait, detail)
  assert(left === 0 && wait >= reset)
  assert.equal(detail, `Rate limit exceeded. Try again in ${wait} seconds.`)
}

// useUp sends requests until one is refused, and returns the limit.
async function useUp (send) {
  for (let sent = 0, first; ; sent++) {
    const response = await send()
    if (response.statusCode === 429) {
      assert.equal(first.left - sent, -1, 'something was left')
      await checkRefusal(response)
      return first.limit
    }
    await response.body.dump()
    const told = rateOf(response)
    first ??= told
    assert.deepEqual({ limit: told.limit, left: told.left }, { limit: first.limit, left: first.left - sent })
  }
}

const { address, wait, url, headers } = readArguments(process.argv.slice(2))
const agent = new Agent({ localAddress: address })
const limit = await useUp(() => request(url, { headers, dispatcher: agent }))
if (wait) {
  const began = performance.now()
  // Its own idea of a pause would be far too short.
  const dispatcher = new RetryAgent(agent, { maxRetries: 1, minTimeout: 1, maxTimeout: 10_000 })
  const response = await request(url, { headers, dispatcher })
  console.log(`after ${Math.round(performance.now() - began)} ms`)
  assert.notEqual(response.statusCode, 429, 'not served right after the pause')
  await response.body.dump()
  assert.equal(rateOf(response).left, limit - 1)
}
await agent.close()
