package config

import "testing"

func TestHasStatus(t *testing.T) {
	for _, row := range []struct {
		statuses []int
		is, not  []int
	}{
		{nil, []int{200, 204, 302, 400, 404, 429, 499}, []int{0, 100, 101, 199, 500, 503, 599}},
		{[]int{2}, []int{200, 204, 299}, []int{0, 2, 199, 300, 400}},
		{[]int{4}, []int{400, 401, 403, 422, 499}, []int{404, 405, 408, 413, 429, 399, 500}},
		{[]int{4, 404}, []int{400, 404}, []int{405}},
		{[]int{302}, []int{302}, []int{301, 303, 3}},
	} {
		c := Condition{Statuses: row.statuses}
		for _, status := range row.is {
			if !c.HasStatus(status) {
				t.Errorf("%v does not have %d", row.statuses, status)
			}
		}
		for _, status := range row.not {
			if c.HasStatus(status) {
				t.Errorf("%v has %d", row.statuses, status)
			}
		}
	}
}

func TestReadsBody(t *testing.T) {
	for lockout, want := range map[string]bool{
		`"kind": "api"`:         false,
		`"kind": "oauth-token"`: true,
		`"kind": "oauth-token", "lockout": {"failures_when": [{"status": [401]}]}`:                            false,
		`"kind": "api", "lockout": {"failures_when": [{"json": {"path": ["a"], "equals": 1}}]}`:               true,
		`"kind": "api", "lockout": {"succeeded_when": [{"json": {"path": ["a"], "equals": 1}}]}`:              true,
		`"kind": "api", "lockout": {"succeeded_when": [{"header": {"name": "location", "equals": "/home"}}]}`: false,
	} {
		c := mustParse(t, `{"surfaces": [{"name": "one", "match": [{"path": "/one"}], `+lockout+`}]}`)
		if got := c.Surfaces[0].Lockout.ReadsBody(); got != want {
			t.Errorf("%s reads bodies: %v", lockout, got)
		}
	}
}

func TestConditionWarnings(t *testing.T) {
	of := func(kind, lockout string) string {
		return `{"surfaces": [{"name": "one", "kind": "` + kind + `", "match": [{"path": "/one"}], "lockout": {` + lockout + `}}]}`
	}
	const (
		failures  = "surfaces[0].lockout.failures_when"
		successes = "surfaces[0].lockout.succeeded_when"
		a         = `"json": {"path": ["a"], "one_of": [1, 2]}`
		location  = `"header": {"name": "location", "contains": "error"}`
	)
	checkWarnings(t, []warningsRow{
		{of("oauth-consent", `"failures_when": [{"status": [302], `+location+`}, {"status": ["2xx"], `+a+`}], "succeeded_when": [{"status": ["2xx", "3xx"]}]`), ""},
		// Bodies that are not there.
		{of("oauth-consent", `"failures_when": [{"status": [204, 304], `+a+`}]`), failures + "[0].json"},
		{of("oauth-consent", `"failures_when": [{"status": [204, 200], `+a+`}], "succeeded_when": [{"status": [205], `+a+`}]`), successes + "[0].json"},
		// One that another makes needless.
		{of("oauth-consent", `"failures_when": [{"status": ["4xx"]}, {"status": [401, 403]}]`), failures + "[1]"},
		{of("oauth-consent", `"failures_when": [{"status": ["4xx"]}, {"status": [401], `+a+`}]`), failures + "[1]"},
		{of("oauth-consent", `"failures_when": [{`+a+`}, {"status": [401], "json": {"path": ["a"], "equals": 2}}]`), failures + "[1]"},
		{of("oauth-consent", `"failures_when": [{`+a+`}, {"status": [401], "json": {"path": ["a"], "equals": 3}}, {"json": {"path": ["b"], "equals": 2}}]`), ""},
		{of("oauth-consent", `"failures_when": [{"status": ["4xx"]}, {"status": [404]}, {`+location+`}]`), ""},
		{of("oauth-consent", `"succeeded_when": [{"status": [302, 303]}, {"status": [303], `+location+`}]`), successes + "[1]"},
		// A success that is a failure.
		{of("oauth-consent", `"failures_when": [{"status": [200, 401]}], "succeeded_when": [{"status": ["2xx"]}]`), successes + "[0]"},
		{of("oauth-consent", `"failures_when": [{"status": [200]}], "succeeded_when": [{"status": ["2xx"], `+a+`}]`), successes + "[0]"},
		{of("oauth-consent", `"failures_when": [{"status": ["3xx"], `+location+`}], "succeeded_when": [{"status": [302], `+location+`}]`), successes + "[0]"},
		{of("oauth-consent", `"failures_when": [{"status": [200]}], "succeeded_when": [{"status": ["3xx"]}]`), ""},
		// Everything.
		{of("oauth-consent", `"failures_when": [{"status": ["2xx", "3xx"]}, {"status": ["4xx"]}]`), failures},
		{of("oauth-consent", `"failures_when": [{"status": ["2xx", "4xx"]}]`), ""},
		{of("oauth-consent", `"failures_when": [{"status": ["2xx", "3xx"], `+a+`}, {"status": ["4xx"]}]`), ""},
		{of("api", `"failures_when": [{"status": ["2xx", 401]}]`), failures},
		{of("mcp", `"failures_when": [{"status": [200], `+location+`}, {"status": [401]}]`), ""},
		// Where nothing counts, nothing matters.
		{of("api", `"mode": "off", "failures_when": [{"status": ["2xx"]}]`), "surfaces"},
	})
}
