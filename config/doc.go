// Package config turns the plugin's JSON configuration into a validated [Config], or
// into an [Error] that lists all its mistakes.
//
// # The life of a configuration
//
//		JSON ──► syntax ──► parse ──► environment ──► validate ──► *Config
//		         first      fields    overrides       fields
//		         mistake    and their                 against
//		                    defaults                  each other
//
//	  - syntax: the text must be UTF-8 and JSON. The first place where it is not is
//	    the only mistake reported, since nothing after it can be trusted.
//	  - parse: every object starts with its defaults, and the keys of the text replace
//	    them. Unknown, repeated and mistyped keys are violations, and so is a value
//	    that can never be valid.
//	  - environment: variables of the VM replace single values, see [Parse].
//	  - validate: checks between fields, for instance that a request can reach every
//	    match of a surface.
//
// The configuration of an operations endpoint has only the fields admin and log, and
// skips the environment.
//
// Checks ignore a value that could not be read, so that each mistake is reported
// once. All violations are reported together, so that one attempt shows all of them. [Config.Warnings] lists what is valid but dangerous.
//
// docs/configuration.md describes every key with its default and its danger, and
// schema.json does so for editors. Tests compare both with this package.
//
// # Tables
//
// The keys of each type of object are rows of a table, and a new key is a new row:
//
//	var wideFields = table[Wide]{&oneWide, []field[Wide]{
//		{key: "ipv4_prefix", as: &integer{&oneWide.IPv4Prefix, 8, 31}},
//		{key: "failures", required: "write how many ...", as: &count{&oneWide.Failures, 1, maxFailures}},
//	}}
//
// as is for values of a usual form, and names the place of the value in oneWide, which
// stands for any Wide. read is for all others: a function that gets the value and the
// object. A reader reports a mistake by value.bad, and a check by violations.add; a
// message has %s and %q where its arguments go.
//
// Every worker's memory holds all this code, which runs once. So a row is data that the
// compiler writes down, without code that runs at start, and whatever is done for all
// types is compiled once. RATIONALE.md says why: "Why is a key of the configuration a row
// of data?"
//
// # The files
//
// Each room of the filter has a file, or a few with its name in front: the types, the
// fields and their readers, the defaults, the checks and the warnings.
//
//	route.go                  exempt requests, surfaces, matches, require
//	route_path.go             which paths a match can have
//	route_host.go             which hosts a match can have
//	route_cover.go            matches that take requests from later ones
//	client.go                 the client's address
//	credential.go             headers, cookies and form fields with credentials and accounts
//	identity.go               metadata, headers, accepted; untrusted headers
//	identity_keys.go          API keys
//	identity_introspect.go    asking an authorization server
//	endpoint.go               the URL, the timeout and the secret of another server
//	outcome.go                what is a failure: kinds, statuses, anonymous requests
//	outcome_condition.go      failures and successes by status, header and body
//	outcome_warn.go           conditions without effect, or with too much
//	lockout.go                limits, windows, escalation, known good, networks
//	attempt.go                failure keys, stuffing, spraying
//	quota.go                  rules, limits, algorithms, costs, headers
//	quota_check.go            checks and warnings of quotas
//	quota_service.go          budgets that another service keeps
//	fleet.go                  what a rate limit service counts for all proxies
//	fleet_limit.go            names, limits and windows that the service has
//	fleet_check.go            checks and warnings of the fleet
//	concurrency.go            requests in flight
//	burst.go                  attempts that wait for each other
//	bypass.go                 roles without limits
//	scope.go                  which scopes operations need
//	mcp.go                    what the calls of MCP servers need and cost
//	mcp_check.go              tools that no caller can use, and arguments without an effect
//	mcp_price.go              whether callers can pay for what they may call
//	oauth.go                  resource metadata and challenge
//	oauth_surface.go          which surface belongs to which resource
//	oauth_server.go           metadata of authorization servers
//	refusal.go                CORS of the filter's own replies
//	report.go                 the log
//	audit.go                  which decisions are kept, and how
//	table.go                  sizes of the tables
//	operations.go             the operations endpoint
//
// The rooms share:
//
//	config.go                 Config, and the modes of rules
//	parse.go                  Parse, and the keys of the root
//	defaults.go               the rooms' defaults together
//	validate.go               the order of the rooms' checks
//	warnings.go               the order of the rooms' warnings
//	environment.go            variables that replace values
//	syntax.go                 JSON that is broken
//	read.go                   objects, lists, numbers and words of JSON
//	fields.go                 tables of the keys of objects
//	forms.go                  the usual forms of values, for rows of tables
//	names.go                  names, header names and other short texts
//	secrets.go                hashes of secrets
//	duration.go               durations
//	timestamp.go              times
//	url.go                    URLs
//	errors.go                 violations and their paths
//	words.go                  words and characters of messages
package config
