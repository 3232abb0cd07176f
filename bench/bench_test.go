package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/config"
)

func TestParse(t *testing.T) {
	s, err := parse([]string{"-only", "a,b", "-rounds", "2"})
	if err != nil || s.rounds != 2 || len(s.only) != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := parse([]string{"-quick"}); err != nil || s.rounds != 1 || s.soak > 100_000 {
		t.Errorf("-quick: %+v, %v", s, err)
	}
	for _, wrong := range []string{"-rounds 0", "-rounds 99", "-duration 1ms", "-duration 1h", "-soak -1", "-lines -1", "word"} {
		if _, err := parse(strings.Fields(wrong)); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

// The configurations that are measured are valid, and are what they say.
func TestConfigurations(t *testing.T) {
	for name, text := range map[string]string{
		"gatewarden": gatewardenConfig, "patient": patientConfig, "64 surfaces": manySurfaces(64),
	} {
		c, err := config.Parse([]byte(text), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		last := c.Surfaces[len(c.Surfaces)-1]
		if last.Name != "rest" || c.Table.Clients != tableClients {
			t.Errorf("%s: the last surface is %s, the table for %d", name, last.Name, c.Table.Clients)
		}
		if patient := last.Lockout.Failures > failures; patient != (name == "patient") {
			t.Errorf("%s: the limit is %d", name, last.Lockout.Failures)
		}
	}
	if !json.Valid([]byte(denied.Body)) {
		t.Errorf("%s is no JSON", denied.Body)
	}
}

// The measured quotas are those asked for, and either no request reaches a limit or all
// do.
func TestQuotaConfigurations(t *testing.T) {
	for _, n := range quotaCounts {
		for _, limit := range []int{plenty, little} {
			c, err := config.Parse([]byte(quotaConfig(n, limit)), nil)
			if err != nil {
				t.Fatalf("%d rules: %v", n, err)
			}
			if len(c.Quotas) != n || c.Surfaces[len(c.Surfaces)-1].Lockout.Failures != failures {
				t.Errorf("%d rules are %d, and a lockout after %d failures", n, len(c.Quotas), c.Surfaces[len(c.Surfaces)-1].Lockout.Failures)
			}
			for _, q := range c.Quotas {
				if int(q.Limit) != limit || q.Off() || len(q.Surfaces) > 0 {
					t.Errorf("%d rules: %s has the limit %d, not %d", n, q.Name, q.Limit, limit)
				}
			}
		}
	}
}

// A later request about one rule has nothing by which another rule, before or after it,
// counted the load.
func TestOnlyOwn(t *testing.T) {
	for i, q := range quotas {
		said := map[string]string{}
		for _, h := range onlyOwn(i) {
			said[h[0]] = h[1]
		}
		if said[q.header] != q.own {
			t.Errorf("per %s: %v", q.per, said)
		}
		for j, o := range quotas {
			if value, ok := said[o.header]; j != i && value == o.own && ok || j > i && !ok {
				t.Errorf("per %s: %v has what the load has of %s", q.per, said, o.per)
			}
		}
	}
}

// The measured calls are as long as they say, and cost what is expected of them.
func TestMCP(t *testing.T) {
	c, err := config.Parse([]byte(mcpConfig), nil)
	if err != nil {
		t.Fatal(err)
	}
	tool := c.MCP.Tools[0]
	for _, size := range mcpSizes {
		var call struct {
			Params struct {
				Name      string
				Arguments struct{ Quality string }
			}
		}
		text := mcpCall(size)
		if err := json.Unmarshal([]byte(text), &call); err != nil || len(text) != size || call.Params.Name != tool.Name {
			t.Errorf("a call of %d bytes has %d and is for %q: %v", size, len(text), call.Params.Name, err)
		}
		for _, v := range tool.Arguments[0].Values {
			if cost := v.Times * tool.Cost; (v.Value == call.Params.Arguments.Quality) != (cost == mcpCost) {
				t.Errorf("%s costs %d", v.Value, cost)
			}
		}
	}
	if json.Valid([]byte(mcpBroken)) || !json.Valid([]byte(mcpAnswer)) {
		t.Error("the answer is broken, or what must be refused is not")
	}
}

// newFake has results as a run would leave them.
func newFake() *bench {
	b := &bench{settings: settings{rounds: 1, soak: 100}, progress: io.Discard, compilers: []string{"go"}}
	for row, cpu := range map[string]float64{"pass/bare/1": 10, "pass/gatewarden-go/1": 21} {
		b.results.Add(row, colCPU, cpu)
		b.results.Add(row, colFullCPU, cpu+2)
	}
	for _, ratio := range []float64{1.3, 1.1, 1.2} {
		b.results.Add("pair/pass/go", colPairCPU, ratio)
		b.results.Add("pair/refuse/go", colPairRate, ratio/2)
	}
	b.results.Add("pair/quota/go-3/1", colPairCPU, 2)
	b.results.Add("quota/pass/gatewarden-go-3/1", colCPU, 30)
	b.results.Add("quota/pass/gatewarden-go-3/1", colFullCPU, 31)
	for _, rss := range []float64{100, 150, 160, 160, 160} {
		b.results.Add("soak/go", colSoak, rss)
	}
	b.results.Add("clients/1000000/gatewarden-go", colFullCPU, 30)
	b.results.Add("clients/1000000/gatewarden-go", colGrowth, 5)
	b.results.Add("clients/1000000/gatewarden-go", colTable, 2.2)
	return b
}

func TestTargets(t *testing.T) {
	want := []struct{ measured, verdict string }{
		{"1.20 (1.10–1.30)", "missed"},
		{"0.60 (0.55–0.65)", "met"},
		{"0.0 MB", "met"}, // it grew before the half, not after
		{"5.0 MB", "missed"},
	}
	rows := newFake().targets()
	if len(rows) != len(want) {
		t.Fatalf("%d targets, want %d: %v", len(rows), len(want), rows)
	}
	for i, row := range rows {
		if row[2] != want[i].measured || row[3] != want[i].verdict {
			t.Errorf("%v, want %s and %s", row, want[i].measured, want[i].verdict)
		}
	}
}

// The report has the sections for which there are figures, and no others.
func TestWrite(t *testing.T) {
	text, chart := newFake().write(time.Minute)
	for _, title := range []string{"## Targets", "one worker", "## With the number of clients", "## Over time"} {
		if !strings.Contains(text, title) {
			t.Errorf("there is no %q in\n%s", title, text)
		}
	}
	for _, row := range []string{
		"| Envoy, Gatewarden, standard Go, 3 rules | Envoy, local_ratelimit, 3 rules | 2.00 | – |",
		"| Envoy, Gatewarden, standard Go, 3 rules | 30.0 | – | – | – | 31.0 | 0 | – | – | – | – | – |",
	} {
		if !strings.Contains(text, row) {
			t.Errorf("there is no %q in\n%s", row, text)
		}
	}
	for _, title := range []string{"2 workers", "size of the headers", "Allocations"} {
		if strings.Contains(text, title) {
			t.Errorf("there is %q without figures in\n%s", title, text)
		}
	}
	if !strings.Contains(chart, "gatewarden-go") {
		t.Errorf("Gatewarden is not in the chart\n%s", chart)
	}
}

func TestJobsHaveNamesOfTheirOwn(t *testing.T) {
	b := newFake()
	b.tools.nginx, b.tools.haproxy, b.tools.ratelimit = "nginx", "haproxy", "ratelimit"
	seen := map[string]bool{}
	for _, j := range b.jobs() {
		if seen[j.name] {
			t.Errorf("%s is there twice", j.name)
		}
		seen[j.name] = true
	}
	for _, name := range []string{"pass/nginx/2", "refuse/gatewarden-go/1", "surfaces/64/go", "headers/32768/bare", "clients/1000000/lua", "soak/go",
		"quota/pass/bare/1", "quota/pass/local_ratelimit-3/2", "quota/pass/ratelimit-1/1", "quota/pass/gatewarden-go-0/1", "quota/refuse/ratelimit-1/2"} {
		if !seen[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestRelease(t *testing.T) {
	for text, want := range map[string]string{
		"envoy  version: 9e5580933739/1.40.0/Clean/RELEASE/BoringSSL":  "1.40.0",
		"nginx version: nginx/1.22.1":                                  "1.22.1",
		"HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://x.y.z/": "2.6.12-1+deb12u4",
		"unknown": "unknown",
	} {
		if got := release(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
