package scenario

import (
	"strings"
	"time"
)

// priced is a configuration with tools that cost credits and the given quotas.
func priced(quotas ...string) string {
	return `{"surfaces": [
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 0}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 0}}],
		"identity": [` + keys(
		key("free", "Free-1", `, "tenant": "small", "tier": "free"`),
		key("pro", "Pro-1", `, "tenant": "large", "tier": "pro"`),
		key("also", "Pro-2", `, "tenant": "large", "tier": "pro"`)) + `],
		"mcp": {"tiers": ["free", "pro"], "other_tools": {"scopes": []}, "tools": [
			{"name": "search", "cost": 1}, {"name": "video", "cost": 250, "tier": "pro"},
			{"name": "image", "cost": 25, "arguments": [{"argument": "count", "max_count": 4}]}]},
		"quotas": [` + strings.Join(quotas, ",") + `]}`
}

// remote is a quota service, with more of its members, that pays for the same tools.
func remote(more string) string {
	return strings.TrimSuffix(priced(), "}") + `, "quota_service": {"endpoint": {"cluster": "` + AuthCluster + `",
		"url": "http://quota.example.com/v1", "token": "secret"}` + more + `}}`
}

// monthly and hourly are budgets of tenants.
const (
	monthly = `{"name": "month", "unit": "credits", "per": ["tenant"], "limits": {"free": 100, "pro": 1000, "default": 10}, "window": "month"}`
	hourly  = `{"name": "hour", "unit": "credits", "per": ["tenant"], "limit": 60, "window": "1h"}`
	daily   = `{"name": "day", "unit": "credits", "per": ["tenant"], "limit": 60, "window": "day"}`
)

func paid(note, key, body string, options ...option) Step {
	return post(note, "/mcp", append([]option{token(key), with("content-type", "application/json"), bodyOf(body)}, options...)...)
}

// unpaid is a refusal by a budget. wait is the seconds after which there is enough, "" if
// there never is.
func unpaid(id, wait, message, more string) option {
	return func(s *Step) {
		refused("quota_exceeded", 402)(s)
		if has("retry-after")(s); wait != "" {
			has("retry-after", wait)(s)
			message, more = message+" Try again in "+wait+" seconds.", `,"retryAfter":`+wait+more
		}
		says(rpcRefusal(id, "402", message, "quota_exceeded", more))(s)
	}
}

// budgetLeft is what a response says of the only budget.
func budgetLeft(field string) option { return has("ratelimit", field) }

func budgets() []Scenario {
	// The stand-in begins on 2027-01-15 at 08:00 UTC.
	const toMidnight, toFebruary = "57600", "1440000"
	const short = `,"rule":"month","cost":100,"left":50,"limit":100`
	return []Scenario{
		{
			Name:        "budget: calls spend a tenant's credits, by its tier",
			StandInOnly: true, // its time of day is set by hand
			Config:      priced(monthly),
			Workers:     2,
			Steps: []Step{
				paid("", "Free-1", call("1", "image", `"count":2`), budgetLeft(`"month";r=50;t=`+toFebruary), has("x-ratelimit-limit", "100"),
					has("x-ratelimit-reset", toFebruary), has("ratelimit-policy", `"month";q=100;qu="credits";w=2678400`)),
				paid("", "Free-1", call("2", "image", `"count":4`), unpaid("2", toFebruary, "This costs 100 credits, and month has 50 of 100 left.", short)),
				paid("what costs nothing passes", "Free-1", call("3", "time", ""), hasNo("ratelimit")),
				paid("no call at all", "Free-1", `{"jsonrpc":"2.0","id":4,"method":"tools/list"}`, hasNo("ratelimit")),
				get("a stream", "/mcp", token("Free-1"), hasNo("ratelimit")),
				get("another surface", "/api/v1/x", token("Free-1"), hasNo("ratelimit")),
				paid("", "Free-1", call("5", "image", `"count":2`), budgetLeft(`"month";r=0;t=`+toFebruary)),
				paid("", "Free-1", call("6", "search", ""), unpaid("6", toFebruary, "This costs 1 credit, and month has 0 of 100 left.", `,"rule":"month","cost":1,"left":0,"limit":100`)),
				paid("another tier", "Pro-1", call("7", "video", ""), budgetLeft(`"month";r=750;t=`+toFebruary)),
				paid("the same tenant", "Pro-2", call("8", "video", ""), budgetLeft(`"month";r=500;t=`+toFebruary)),
				paid("a batch", "Pro-2", `[`+call("9", "video", "")+`,`+call("10", "image", "")+`]`, budgetLeft(`"month";r=225;t=`+toFebruary)),
				paid("more than there ever is", "x", call(`"a"`, "image", ""),
					unpaid(`"a"`, "", "This costs 25 credits, more than all 10 of month. Waiting does not help.", `,"rule":"month","cost":25,"left":10,"limit":10`)),
				paid("the next month", "Free-1", call("11", "image", ""), after(1_440_000*time.Second), budgetLeft(`"month";r=75;t=2419200`),
					has("ratelimit-policy", `"month";q=100;qu="credits";w=2419200`)),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.month.outcome.reserved":                     100 + 775 + 25,
				"gatewarden_credits_total.rule.month.outcome.committed":                    100 + 775 + 25,
				"gatewarden_credits_total.rule.month.outcome.refunded":                     0,
				"gatewarden_credits_total.rule.month.outcome.expired":                      0,
				"gatewarden_quota_requests_total.rule.month.outcome.refused":               3,
				"gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded": 3,
			},
			Log: []string{"refusal surface=mcp client=192.0.2.1 reason=quota_exceeded rule=month retry_after=1440000"},
		},
		{
			Name:   "budget: rules of requests refuse first, and several budgets take together or not at all",
			Config: priced(`{"name": "rate", "per": ["tenant"], "limit": 4, "window": "1m"}`, hourly, `{"name": "week", "unit": "credits", "per": ["tenant"], "limit": 55, "window": "7d"}`),
			Steps: []Step{
				paid("", "Free-1", call("1", "image", ""), budgetLeft(`"rate";r=3;t=60, "week";r=30;t=604800`), has("x-ratelimit-limit", "4")),
				paid("", "Free-1", call("2", "image", `"count":2`), refused("quota_exceeded", 402), has("retry-after", "604800"),
					budgetLeft(`"week";r=30;t=604800, "rate";r=3;t=60`), has("x-ratelimit-limit", "55")),
				paid("", "Free-1", call("3", "image", ""), budgetLeft(`"rate";r=2;t=60, "week";r=5;t=604800`)),
				paid("", "Free-1", call("4", "search", "")),
				paid("", "Free-1", call("5", "search", ""), budgetLeft(`"rate";r=0;t=60, "week";r=3;t=604800`)),
				paid("", "Free-1", call("6", "image", ""), over("60"), budgetLeft(`"rate";r=0;t=60, "week";r=3;t=604800`)),
				paid("for free", "Free-1", call("7", "time", ""), over("60"), budgetLeft(`"rate";r=0;t=60`)),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.hour.outcome.reserved": 52,
				"gatewarden_credits_total.rule.week.outcome.reserved": 52,
			},
		},
		{
			Name:        "budget: a day ends at midnight, on every worker",
			StandInOnly: true, // its time of day is set by hand
			Config:      priced(daily),
			Workers:     3,
			Steps: []Step{
				paid("", "Pro-1", call("1", "image", `"count":2`), budgetLeft(`"day";r=10;t=`+toMidnight)),
				paid("", "Pro-1", call("2", "image", ""), after(57_599*time.Second), refused("quota_exceeded", 402), has("retry-after", "1")),
				paid("", "Pro-1", call("3", "image", ""), after(time.Second), budgetLeft(`"day";r=35;t=86400`)),
				paid("the clock of the machine is the same", "Pro-1", call("4", "image", ""), budgetLeft(`"day";r=10;t=86400`)),
				paid("two days later", "Pro-1", call("5", "image", ""), after(48*time.Hour), budgetLeft(`"day";r=35;t=86400`)),
			},
		},
		{
			Name:   "budget: a call that failed is not paid for",
			Config: priced(hourly),
			Steps: []Step{
				paid("a tool that failed", "Free-1", call("1", "image", ""), answerBody("application/json", `{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}`), budgetLeft(`"hour";r=35;t=3600`)),
				paid("an error", "Free-1", call("2", "image", ""), answerBody("text/event-stream", "event: message\n", `data: {"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"no"}}`+"\n\n"), budgetLeft(`"hour";r=35;t=3600`)),
				paid("a status", "Free-1", call("3", "image", ""), answer(503), budgetLeft(`"hour";r=35;t=3600`)),
				paid("one of a batch", "Free-1", `[`+call("4", "image", "")+`,`+call(`"4"`, "search", "")+`]`,
					answerBody("application/json", `[{"jsonrpc":"2.0","id":4,"error":{}},`, `{"jsonrpc":"2.0","id":"4","result":{}}]`), budgetLeft(`"hour";r=34;t=3600`)),
				paid("a result", "Free-1", call("5", "image", ""), answerBody("application/json", `{"jsonrpc":"2.0","id":5,"result":{"content":[]}}`), budgetLeft(`"hour";r=34;t=3600`)),
				paid("no body", "Free-1", call("6", "search", ""), answer(202), budgetLeft(`"hour";r=33;t=3600`)),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.hour.outcome.reserved":  25 + 25 + 25 + 26 + 25 + 1,
				"gatewarden_credits_total.rule.hour.outcome.refunded":  25 + 25 + 25 + 25,
				"gatewarden_credits_total.rule.hour.outcome.committed": 1 + 25 + 1,
			},
		},
		{
			Name:   "budget: a quota service pays, and is told what came of the call",
			Config: remote(""),
			Funds:  map[string]int{"small": 100, "large": 1000},
			Steps: []Step{
				paid("", "Free-1", call("1", "image", `"count":3`), has("ratelimit-policy", `"credits";q=100;qu="credits"`), budgetLeft(`"credits";r=25;t=3600`)),
				paid("an error", "Pro-1", call("2", "image", ""), answerBody("text/event-stream", "event: message\n", `data: {"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"no"}}`+"\n\n")),
				paid("a status", "Pro-1", call("3", "image", ""), answer(503)),
				paid("one of a batch", "Pro-1", `[`+call("4", "image", "")+`,`+call(`"4"`, "search", "")+`]`,
					answerBody("application/json", `[{"jsonrpc":"2.0","id":4,"error":{}},`, `{"jsonrpc":"2.0","id":"4","result":{}}]`)),
				paid("not enough", "Free-1", call("5", "image", `"count":2`), unpaid("5", "90", "This costs 50 credits, and credits has 25 of 100 left.", `,"rule":"credits","cost":50,"left":25,"limit":100`), budgetLeft(`"credits";r=25;t=90`)),
				paid("in pieces", "Free-1", "", body(call("6", "image", `"count":2`)[:20], call("6", "image", `"count":2`)[20:]), refused("quota_exceeded", 402)),
				paid("with trailers", "Free-1", call("7", "image", `"count":2`), trailer("x-t", "1"), refused("quota_exceeded", 402)),
				paid("a tier that is too low is refused first", "Free-1", call("8", "video", ""), refused("tier_denied", 403)),
				paid("what costs nothing passes", "Free-1", call("9", "time", ""), hasNo("ratelimit")),
				paid("no call at all", "Free-1", `{"jsonrpc":"2.0","id":10,"method":"tools/list"}`),
				paid("nobody knows who pays", "x", call("11", "search", ""), refused("auth_denied", 401)),
				paid("nobody has to pay", "x", call("12", "time", "")),
				get("a stream", "/mcp", token("Free-1")),
				paid("", "Free-1", call("13", "image", "")),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.credits.outcome.reserved":                   75 + 25 + 25 + 26 + 25,
				"gatewarden_credits_total.rule.credits.outcome.committed":                  75 + 1 + 25,
				"gatewarden_credits_total.rule.credits.outcome.refunded":                   25 + 25 + 25,
				"gatewarden_quota_service_calls_total.operation.reserve.outcome.exceeded":  3,
				"gatewarden_quota_service_calls_total.operation.commit.outcome.conflict":   0,
				"gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded": 3,
				"gatewarden_rate_limited_requests_total.surface.mcp.reason.tier_denied":    1,
			},
			Log: []string{"refusal surface=mcp client=192.0.2.1 reason=quota_exceeded rule=credits retry_after=90"},
		},
		{
			Name:   "budget: without the quota service, what costs something is refused and all else passes",
			Config: strings.ReplaceAll(remote(""), `"`+AuthCluster+`"`, `"nowhere"`),
			Steps: []Step{
				paid("", "Pro-1", call("1", "image", ""), refused("store_unavailable", 503), has("retry-after", "5"),
					says(rpcRefusal("1", "503", "This costs credits, and it cannot be found out at the moment whether there are enough. Try again in 5 seconds.", "store_unavailable", `,"retryAfter":5`))),
				paid("the breaker is open then", "Pro-1", call("2", "image", ""), refused("store_unavailable", 503), times(9)),
				paid("", "Pro-1", call("3", "time", "")),
				get("", "/api/v1/x", token("Pro-1")),
			},
			Metrics: map[string]uint64{
				"gatewarden_quota_service_calls_total.operation.reserve.outcome.error":        5,
				"gatewarden_quota_service_calls_total.operation.reserve.outcome.skipped":      5,
				"gatewarden_rate_limited_requests_total.surface.mcp.reason.store_unavailable": 10,
			},
			Log: []string{"quota service error cluster=nowhere operation=reserve reason=not_sent"},
		},
		{
			Name: "budget: a quota service beside quotas of the filter, which get back what they took when it refuses",
			Config: strings.Replace(remote(""), `"quotas": []`, `"concurrency": [{"name": "one", "per": "all", "limit": 1}],
				"quotas": [{"name": "rate", "per": ["tenant"], "limit": 9, "window": "1m"}, `+hourly+`]`, 1),
			Funds: map[string]int{"small": 30},
			Steps: []Step{
				paid("", "Free-1", call("1", "image", ""), has("ratelimit", `"rate";r=8;t=60, "hour";r=35;t=3600`, `"credits";r=5;t=3600`)),
				paid("not enough there", "Free-1", call("2", "image", ""), refused("quota_exceeded", 402), has("ratelimit", `"rate";r=8;t=60, "hour";r=35;t=3600`, `"credits";r=5;t=90`)),
				paid("not enough here", "Free-1", call("3", "image", `"count":2`), refused("quota_exceeded", 402), has("ratelimit", `"hour";r=35;t=3600, "rate";r=8;t=60`)),
				paid("for free", "Free-1", call("4", "time", ""), has("ratelimit", `"rate";r=7;t=60`)),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.credits.outcome.reserved":                   25,
				"gatewarden_credits_total.rule.hour.outcome.refunded":                      25,
				"gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded": 2,
			},
		},
		{
			Name:   "budget: a quota service in shadow mode refuses nobody",
			Config: remote(`, "mode": "shadow"`),
			Funds:  map[string]int{"small": 30},
			Steps: []Step{
				paid("", "Free-1", call("1", "image", ""), hasNo("ratelimit")),
				paid("", "Free-1", call("2", "image", ""), hasNo("ratelimit")),
				paid("", "x", call("3", "search", "")),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.credits.outcome.committed":                  25,
				"gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded": 0,
			},
			Log: []string{"shadow refusal surface=mcp client=192.0.2.1 reason=quota_exceeded rule=credits", "shadow refusal surface=mcp"},
		},
		{
			Name:   "budget: in shadow mode it spends and refuses nobody",
			Config: priced(strings.Replace(hourly, `"per"`, `"mode": "shadow", "per"`, 1)),
			Steps: []Step{
				paid("", "Pro-1", call("1", "image", `"count":2`), hasNo("ratelimit")),
				paid("", "Pro-1", call("2", "image", ""), hasNo("ratelimit")),
				paid("", "Pro-1", call("3", "video", ""), hasNo("ratelimit")),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.hour.outcome.reserved":        50,
				"gatewarden_quota_requests_total.rule.hour.outcome.shadowed": 2,
			},
			Log: []string{"shadow refusal surface=mcp client=192.0.2.1 reason=quota_exceeded rule=hour retry_after=", "shadow refusal surface=mcp client=192.0.2.1 reason=quota_exceeded rule=hour"},
		},
		{
			Name:   "budget: what something else refuses costs nothing",
			Config: strings.Replace(priced(hourly), "{", `{"concurrency": [{"name": "all", "per": "all", "limit": 1}],`, 1),
			Steps: []Step{
				paid("", "Pro-1", call("1", "image", ""), budgetLeft(`"hour";r=35;t=3600`), meanwhile(
					paid("", "Pro-1", call("2", "image", ""), refused("over_capacity", 503), has("ratelimit", `"hour";r=35;t=3600`)))),
				paid("not of the tier", "Free-1", call("3", "video", ""), refused("tier_denied", 403)),
				paid("", "Pro-1", call("4", "image", ""), budgetLeft(`"hour";r=10;t=3600`)),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.hour.outcome.reserved":  75,
				"gatewarden_credits_total.rule.hour.outcome.committed": 50,
				"gatewarden_credits_total.rule.hour.outcome.refunded":  25,
			},
		},
		{
			Name: "budget: a call of a locked account costs nothing, though the service has its headers",
			Config: strings.Replace(priced(hourly), `"lockout": {"failures": 0}`, `"lockout": {"failures": 9, "window": "1m",
				"count_anonymous": true, "account_fields": ["params.arguments.user"], "keys": [{"per": ["account"], "failures": 1, "action": "lock", "window": "1h"}]}`, 1),
			HidesBodies: true,
			Steps: []Step{
				paid("", "Pro-1", call("1", "image", `"user":"ann"`), answer(401), budgetLeft(`"hour";r=35;t=3600`)),
				paid("", "Pro-1", call("2", "image", `"user":"ann"`), locked("3600"), headersSent),
				paid("", "Pro-1", call("3", "image", `"user":"bob"`), budgetLeft(`"hour";r=35;t=3600`)),
			},
			Metrics: map[string]uint64{
				"gatewarden_credits_total.rule.hour.outcome.reserved":  75,
				"gatewarden_credits_total.rule.hour.outcome.committed": 25,
				"gatewarden_credits_total.rule.hour.outcome.refunded":  50,
			},
		},
		{
			Name:   "budget: another configuration goes on with what was spent",
			Config: priced(hourly),
			Steps: []Step{
				paid("", "Pro-1", call("1", "image", ""), budgetLeft(`"hour";r=35;t=3600`)),
				paid("", "Pro-1", call("2", "image", ""), reconfigured(priced(strings.Replace(hourly, "60", "80", 1))), budgetLeft(`"hour";r=30;t=3600`)),
			},
			Metrics: map[string]uint64{"gatewarden_credits_total.rule.hour.outcome.expired": 0},
		},
	}
}
