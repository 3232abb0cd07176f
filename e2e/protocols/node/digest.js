// A service that takes HTTP Digest, by http-auth. Each page below /stale has forgotten its
// nonces whenever it has let somebody in, as after a restart.

import { createHash } from 'node:crypto'
import auth from 'http-auth'
import { serve } from './ready.js'

const realm = 'e2e'
const secret = createHash('md5').update(`alice:${realm}:correct horse`).digest('hex')
const digest = () => auth.digest({ realm }, (name, answer) => answer(name === 'alice' ? secret : ''))

const lasting = digest()
const forgetful = new Map()

serve((request, response) => {
  const { url } = request
  const forgets = url.startsWith('/stale')
  if (forgets && !forgetful.has(url)) forgetful.set(url, digest())
  const guard = forgets ? forgetful.get(url) : lasting
  guard.check(() => {
    forgetful.delete(url)
    response.end('Welcome.')
  })(request, response)
}, 'http-auth')
