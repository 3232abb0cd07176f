// Serves, and says where.

import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'

const versionOf = name => {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url)
  return `${name} ${JSON.parse(readFileSync(file)).version}`
}

// serve serves until standard input ends, as it does with whoever started this.
export function serve (handler, ...packages) {
  const server = createServer(handler).listen(0, '127.0.0.1', () => {
    const address = `127.0.0.1:${server.address().port}`
    console.log(JSON.stringify({ address, version: packages.map(versionOf).join(', ') }))
  })
  process.stdin.on('end', () => process.exit()).resume()
}
