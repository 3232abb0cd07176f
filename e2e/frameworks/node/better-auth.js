// better-auth with email and password, in memory.

import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { serve } from './ready.js'

const auth = betterAuth({
  secret: 'a secret of the tests, and of nothing else',
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: {
    enabled: true,
    // Scrypt for each guess would be all that the tests' two processors do.
    password: { hash: async password => password, verify: async ({ hash, password }) => hash === password }
  },
  telemetry: { enabled: false }
})
await auth.api.signUpEmail({
  body: { name: 'Alice', email: 'alice@example.com', password: 'correct horse' }
})

serve(toNodeHandler(auth), 'better-auth')
