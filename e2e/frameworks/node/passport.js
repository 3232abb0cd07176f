// Express with passport-local and sessions: a login that redirects, as in Passport's
// tutorial, and one without options, as a page's scripts call it.

import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { serve } from './ready.js'

passport.use(new Strategy((username, password, done) => {
  if (username !== 'alice' || password !== 'correct horse') {
    return done(null, false, { message: 'Incorrect username or password.' })
  }
  done(null, { id: 1, username })
}))
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.use(express.json())
app.use(express.urlencoded({ extended: false }))
app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }))
app.use(passport.authenticate('session'))

app.get('/login', (request, response) => response.type('html').send(`
  <form action="/login/password" method="post">
    <input name="username"><input name="password" type="password"><button>Sign in</button>
  </form>`))
app.post('/login/password', passport.authenticate('local', {
  successRedirect: '/account', failureRedirect: '/login', failureMessage: true
}))
app.get('/account', (request, response) => {
  if (!request.isAuthenticated()) return response.redirect('/login')
  response.send(`Signed in as ${request.user.username}`)
})

app.post('/logout', (request, response, next) => request.logout(error => {
  if (error) return next(error)
  response.redirect('/')
}))

app.post('/api/login', passport.authenticate('local'), (request, response) => response.json(request.user))
app.get('/api/account', (request, response) => {
  if (!request.isAuthenticated()) return response.sendStatus(401)
  response.json(request.user)
})

serve(app, 'express', 'passport', 'passport-local')
