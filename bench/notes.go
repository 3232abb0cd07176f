package main

import "fmt"

// What the document says about its tables.
const (
	passNote = "`GET /api/v1/items`" + ` with a bearer token, answered with 200 by a direct response; the client has not failed. What counts failures is made to refuse another client first, so that it is known to work.`

	refuseNote = `The client has failed often enough before. Envoy alone answers with the same status, headers and length of body.`

	quotaNote = `The same request, counted by no rule, by one (per tenant, whom a header of a trusted gateway names) or by three (per user and per client, too), whose limits nobody reaches. All of the load is one tenant, one client and one user, so that two workers count in the same place. Every peer tells on each response what is left; afterwards, each of its rules is asked whether it counted each request. Gatewarden's lockout is on as in the tables above. The ratelimit filter leaves direct responses of a route alone; here, all variants have a route to a service, in whose place Envoy's fault filter answers. "Ratelimit with Redis" is that filter with envoyproxy/ratelimit, both services on the same machine: a network comes on top. It is set to wait for the service and to fail with it; by default, Envoy waits 20 ms and lets the request pass uncounted.`

	overQuotaNote = `One rule, whose limit of 20 is used up. The answers differ: Gatewarden's is a problem document, that of local_ratelimit a line of text, that of ratelimit is empty.`

	quotaPairNote = `One worker. Beside that of Envoy, the CPU is that of ratelimit and Redis.`

	mcpNote = "`tools/call`" + ` by POST, with a long text as one argument and the quality, which decides about the price, behind it; one worker, and a service that reads the call and answers with JSON. Envoy's mcp filter is in its strictest mode: it refuses what is no MCP and what has a name twice, and notes the tool and the quality as metadata, on which nothing is decided here. Gatewarden reads the same, prices the call, takes its credits from a budget, reads the answer, and keeps or gives back the credits. Both are made to refuse a broken body first; afterwards, the budget has to have been charged with every call.`

	clientsNote = `Failing requests (401), as fast as one worker takes them, from addresses in turn; nobody is locked out. Each address fails at least once. Growth is counted from where the proxy stood after 50,000 failures from ten addresses. Gatewarden and local_ratelimit are configured for 65,536 clients, Lua has no bound.`

	surfacesNote = `The request belongs to the last surface, so that every one before it is looked at.`

	soakNote = `Passing requests, as fast as one worker takes them.`

	simulateNote = `%s lines as envoy.yaml writes them, of 20,000 clients and a hundred that guess, in the page cache. What jq does is to read each line and to look at one field. The kernel counts the memory of whoever starts a program, so that 14 MB is the least that it says.`

	nativeNote = `Of the filter's rules alone, with a stand-in for the proxy whose results cost nothing.`
)

// method is how the figures came about.
func method() string {
	return fmt.Sprintf(`- Load: paced and timed by fortio as a library, on connections of the program's own (fortio's closes its connection after each refusal); on the same machine, over loopback, HTTP/1.1 with keep-alive; %d connections at the fixed rate, %d at saturation. It leaves a core to the proxy where there are several; with as many workers as cores, both share them, and rates at saturation say as much about the load as about the proxy. "Workers busy" tells: well below 100, the load was the limit, and CPU per request is what to compare.
- CPU per request: what the kernel charged to the proxy's threads while the load ran (the sum behind utime and stime, from schedstat, which is finer), divided by the requests. At the fixed rate, each wake-up serves few requests, so that it costs more than at saturation.
- The targets that are ratios of times, and the ratios of quotas and calls, are measured in pairs: two proxies run, 25 loads of 400 ms go to each in turn, at saturation; the figure is the median of the 25 ratios.
- Every answer has to have the expected status; the body and, for refusals, the headers are held to what they should be before each measurement; Gatewarden's own counters have to have counted every request. Otherwise the run fails.
- No access log, no tracing, the same listener and routes for every variant on Envoy, but for the routes that quotas and calls need.
- "The four raw host calls" is a filter that fetches all request headers, `+"`source.address`"+`, a missing shared-data key and `+"`:status`"+`, and does nothing with them.
`, steady.Connections, saturating.Connections)
}
