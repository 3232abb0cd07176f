package main

import "fmt"

// What the document says about its tables.
const (
	targetsNote = `Costs are for TinyGo's module, one worker.`

	passNote = "`GET /api/v1/items`" + ` with a bearer token and three headers that name the caller, answered with 200; the client has not failed. What counts failures is made to refuse another client first, so that it is known to work. Ratios are to the raw host calls by the same compiler, and to those by the first compiler for what is no Wasm.`

	quotaNote = `The same requests in the same run, counted by one quota or by three, whose limits nobody reaches. All of the load is one tenant, one user and one client, so that two workers count in the same place. One payer: the three rules are per tenant; three: per tenant, user and client. Gatewarden's lockout is on as well. Afterwards, each rule has to have counted each request. "Ratelimit with Redis" is Envoy's filter with envoyproxy/ratelimit, both services on the same machine: a network comes on top. It is set to wait for the service and to fail with it; by default, Envoy waits 20 ms and lets the request pass uncounted.`

	refuseNote = `The client has failed often enough before, or its tenant's quota of 20 is used up. Each refusal of Gatewarden is compared with a direct response that has the same status, headers and length of body. The answers of the others differ: that of local_ratelimit is a line of text, that of ratelimit is empty; they are compared with the direct response for a lockout.`

	othersNote = `Proxies that are not Envoy, with an answer of their own making.`

	mcpNote = "`tools/call`" + ` of one kilobyte by POST, with a text as one argument and the quality, which decides about the price, behind it; the call needs a scope. A service reads it and answers with JSON. Envoy's mcp filter is in its strictest mode: it refuses what is no MCP and what has a name twice, and notes the tool and the quality as metadata, on which nothing is decided here. Gatewarden reads the same, prices the call, takes its credits from a budget, reads the answer, and keeps or gives back the credits. Both are made to refuse a broken body first; afterwards, the budget has to have been charged with every call.`

	longNote = `The same with a text of 64 kilobytes. The raw host calls do not depend on it, and are lost in the noise.`

	listNote = "`tools/list`" + `, answered with ten tools. Gatewarden leaves out one that the caller may not use.`

	fleetNote = `Passing requests of a client that does not fail, at one proxy of a fleet, which counts failures with the others: see [fleet](fleet.md). "Ratelimit" is Envoy's filter, which counts each request. Each proxy has an envoyproxy/ratelimit and a Redis of its own, on the same machine.`

	rulesNote = `All quotas are of one tenant. One quota more may cost as much as the targets say.`

	tenantsNote = `Requests of tenants in turn, counted by one quota per tenant. Each tenant comes at least once before anything is measured. The table is for 2,097,152 counters, because tenants do not spread evenly over its sets; its size is the formula's ([capacity](operating.md#capacity)), and empty sets take nothing. Growth is counted from where the proxy stood after requests of ten tenants: that of RSS, into which memory that was free already does not count, and that of what Envoy has allocated, without the VM's own memory.`

	clientsNote = `Failing requests (401) from addresses in turn; nobody is locked out. Each address fails at least once before anything is measured. Growth is counted from where the proxy stood after failures from ten addresses, as for tenants. Gatewarden and local_ratelimit are configured for 65,536 clients, Lua has no bound.`

	toolsNote = `Calls of the last of so many configured tools.`

	surfacesNote = `The request belongs to the last surface, so that every one before it is looked at.`

	headersNote = `Each size is compared with Envoy alone at the same size.`

	readyNote = `Until Envoy says that it is ready, with nothing else running.`

	soakNote = `Passing requests, as fast as one worker takes them.`

	simulateNote = `%s lines as envoy.yaml writes them, of 20,000 clients and a hundred that guess, in the page cache. What jq does is to read each line and to look at one field. The kernel counts the memory of whoever starts a program, so that 14 MB is the least that it says.`

	nativeNote = `Of the filter's rules alone, with a stand-in for the proxy whose results cost nothing.`
)

// method is how the figures came about.
func method() string {
	return fmt.Sprintf(`- Load: paced and timed by fortio as a library, on connections of the program's own (fortio's closes its connection after each refusal); on the same machine, over loopback, HTTP/1.1 with keep-alive; %d connections at saturation, %d at the fixed rate of %d requests a second, by which latencies are measured. It leaves a core to the proxy where there are several; with as many workers as cores, both share them, and rates say as much about the load as about the proxy.
- CPU per request: what the kernel charged to the proxy's threads while the load ran (the sum behind utime and stime, from schedstat, which is finer), divided by the requests, at saturation.
- Groups: the proxies of all variants of a table run at the same time. A round gives each of them several loads of half a second in turn, in an order of chance. CPU and requests of a variant are added up over the round. From the sums come its CPU per request, the difference to bare Envoy's, and the ratio of this difference to that of the four raw host calls. A table has the median, the lowest and the highest of the rounds. The proxies of a table are started once. How they lie in memory differs from run to run, so differences of a few percent between tables or runs mean nothing; `+"`make bench-compare`"+` starts them anew in each round.
- Why sums: a ratio has the noise of its denominator, which is itself a difference of two figures of about the same size. A ratio of single loads of half a second can be twice another one, and the median of such ratios is biased, because a denominator that is too small distorts it more than one that is too large. Over a round of three seconds, that noise is averaged before it is divided by. Why rounds: the speed of a machine drifts within a minute, so all variants of a round have to share it; a round is short enough. How many: with four rounds of two seconds, two runs of the same build gave 1.40 and 1.56; with nine of three seconds, they agreed.
- Every answer has to have the expected status; the body and, for refusals, the headers are held to what they should be before each measurement; Gatewarden's own counters have to have counted every request. Otherwise the run fails.
- No access log, no tracing, the same listener and routes for every variant on Envoy, but for calls of MCP, which go to a service. For other requests, Envoy's fault filter answers in the place of a service: the ratelimit filter leaves direct responses of a route alone.
- "The four raw host calls" is a filter that fetches all request headers, `+"`source.address`"+`, a missing shared-data key and `+"`:status`"+`, and does nothing with them. That in Rust does so by its SDK, which makes strings and maps of the results.
`, saturating.Connections, paced.Connections, int(paced.Rate))
}
