// oidc-provider with one client that may have tokens for itself and for users.

import Provider from 'oidc-provider'
import { serve } from './ready.js'

const provider = new Provider('http://127.0.0.1', {
  clients: [{
    client_id: 'alice',
    client_secret: 'correct horse',
    grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
    redirect_uris: ['https://app.example.com/callback'],
    response_types: ['code']
  }],
  features: { clientCredentials: { enabled: true }, revocation: { enabled: true } }
})

serve(provider.callback(), 'oidc-provider')
