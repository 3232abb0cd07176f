package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
	"github.com/gatewarden/gatewarden/bench/internal/report"
	"github.com/gatewarden/gatewarden/config"
)

func TestParse(t *testing.T) {
	s, err := parse([]string{"-only", "a,b", "-rounds", "2"}, io.Discard)
	if err != nil || s.rounds != 2 || len(s.only) != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := parse([]string{"-quick"}, io.Discard); err != nil || s.rounds != 2 || s.soak > 100_000 {
		t.Errorf("-quick: %+v, %v", s, err)
	}
	for _, wrong := range []string{"-rounds 0", "-rounds 99", "-duration 1ms", "-duration 1h", "-soak -1", "-lines -1", "word", "-results x -variants y"} {
		if _, err := parse(strings.Fields(wrong), io.Discard); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

func TestParseComparison(t *testing.T) {
	const builds = "-old compare.go -new compare.go "
	if c, err := parseComparison(strings.Fields(builds+"-only quota,mcp"), io.Discard); err != nil || len(c.only) != 2 || c.limit() != 1.03 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, wrong := range []string{"", "-old compare.go", "-old compare.go -new missing.wasm", builds + "word", builds + "-only quotas",
		builds + "-rounds 0", builds + "-times 99", builds + "-duration 1ms", builds + "-allowed -1"} {
		if code := compareCommand(t.Context(), strings.Fields(wrong), io.Discard, io.Discard); code != 3 {
			t.Errorf("%q ends with %d, want 3", wrong, code)
		}
	}
}

// The configurations that are measured are valid, and are what they say.
func TestConfigurations(t *testing.T) {
	for name, text := range map[string]string{
		"lockout": lockoutConfig, "patient": patientConfig, "64 surfaces": manySurfaces(64),
		"fleet": fleetConfig("first"), "tenants": quotaConfig(payers(perTenant, 1), plenty, `"table": {"quotas": 2097152}`),
	} {
		c := parsed(t, name, text)
		last := c.Surfaces[len(c.Surfaces)-1]
		if last.Name != "rest" || c.Table.Clients != tableClients {
			t.Errorf("%s: the last surface is %s, the table for %d", name, last.Name, c.Table.Clients)
		}
		if patient := last.Lockout.Failures > failures; patient != (name == "patient") {
			t.Errorf("%s: the limit is %d", name, last.Lockout.Failures)
		}
		if (name == "fleet") != (c.Fleet != nil) || (name == "tenants") != (c.Table.Quotas == tenantTable) {
			t.Errorf("%s: a fleet %v, a table for %d counters of quotas", name, c.Fleet, c.Table.Quotas)
		}
	}
	for _, a := range []proxy.Answer{lockedOut, quotaUsedUp} {
		if !json.Valid([]byte(a.Body)) {
			t.Errorf("%s is no JSON", a.Body)
		}
	}
}

func parsed(t *testing.T, name, text string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(text), nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// The measured quotas are those asked for, and either no request reaches a limit or all
// do.
func TestQuotaConfigurations(t *testing.T) {
	for _, quotas := range [][]quota{nil, payers(perTenant, 16), {perTenant, perSubject, perClient}} {
		for _, limit := range []int{plenty, little} {
			c := parsed(t, "quotas", quotaConfig(quotas, limit))
			if len(c.Quotas) != len(quotas) || c.Surfaces[len(c.Surfaces)-1].Lockout.Failures != failures {
				t.Errorf("%d rules are %d, and a lockout after %d failures", len(quotas), len(c.Quotas), c.Surfaces[len(c.Surfaces)-1].Lockout.Failures)
			}
			for i, q := range c.Quotas {
				if int(q.Limit) != limit || q.Off() || len(q.Surfaces) > 0 || !strings.Contains(quotaCounters(i + 1)[i].name, "rule."+q.Name+".") {
					t.Errorf("%d rules: %s has the limit %d, not %d", len(quotas), q.Name, q.Limit, limit)
				}
			}
		}
	}
}

// A later request about one rule has nothing by which another rule, before or after it,
// counted the load.
func TestOnlyOwn(t *testing.T) {
	quotas := []quota{perTenant, perSubject, perClient}
	for i, q := range quotas {
		said := map[string]string{}
		for _, h := range onlyOwn(quotas, i) {
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

// The measured calls are as long as they say, and cost what is expected of them, however
// many tools there are.
func TestMCP(t *testing.T) {
	for _, n := range toolCounts {
		c := parsed(t, "tools", mcpConfig(n))
		tool := c.MCP.Tools[n-1]
		for _, size := range []int{1 << 10, 64 << 10} {
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
	}
}

// The service answers as asked, and what must be refused is broken.
func TestMCPService(t *testing.T) {
	for asked, answer := range map[string]string{mcpList: mcpTools(""), mcpCall(1 << 10): mcpResult} {
		if got := mcpService([]byte(asked)); got != answer || !json.Valid([]byte(got)) {
			t.Errorf("%s is answered by %s", asked, got)
		}
	}
	if all, some := strings.Count(mcpTools(""), `"name"`), strings.Count(mcpTools(adminTool), `"name"`); all != listed || some != listed-1 {
		t.Errorf("%d tools are listed, and %d without one", all, some)
	}
	if json.Valid([]byte(mcpBroken)) {
		t.Error("what must be refused is not broken")
	}
}

// newFake has what a machine with everything has, and results as a run would leave them.
func newFake(compilers ...string) *bench {
	b := &bench{
		settings: settings{rounds: 9, duration: 3 * time.Second, soak: 100, lines: 1_000_000, out: "x.md"}, progress: io.Discard, compilers: compilers,
		keeper:  keeper{results: report.Results{}, measured: map[string]measured{"pass/1": {At: "today", About: "9 rounds"}}},
		tools:   tools{nginx: "nginx", haproxy: "haproxy", ratelimit: "ratelimit", redis: "redis"},
		modules: map[string]string{rawOf(guests.Rust): "rust.wasm"}, service: &proxy.Service{},
	}
	return b
}

func fakeResults() *bench {
	b := newFake(guests.TinyGo)
	g := group{name: "pass/1", members: []variant{
		{name: bare, base: bare}, {name: "hostcalls-tinygo", base: bare, raw: "hostcalls-tinygo"}, {name: "lockout-tinygo", base: bare, raw: "hostcalls-tinygo"},
		{name: "quota-1-tinygo", base: bare, raw: "hostcalls-tinygo"},
	}}
	for _, lockoutCPU := range []int{80, 60, 70} {
		g.record(b.results, map[string]sum{
			bare: sumOf(30), "hostcalls-tinygo": sumOf(60), "lockout-tinygo": sumOf(lockoutCPU), "quota-1-tinygo": sumOf(lockoutCPU + 30),
		})
	}
	b.results.Add("refuse/1/lockout-tinygo", colShare, 0.7)
	b.results.Add("ready/lockout-tinygo", colSize, 551)
	b.results.Add("ready/lockout-tinygo", colStart, 350)
	for _, rss := range []float64{100, 150, 160, 160, 160} {
		b.results.Add("soak/tinygo", colSoak, rss)
	}
	b.results.Add("soak/tinygo", colSoaked, 10_000_000)
	for n, ratio := range map[string]float64{"1": 2, "16": 4.3, "8": 3.3} {
		b.results.Add("growth/rules/gatewarden/"+n, colCPU, 1)
		b.results.Add("growth/rules/gatewarden/"+n, colRatio, ratio)
	}
	for n, growth := range map[string]float64{"1000": 1, "1000000": 5} {
		row := "growth/clients/gatewarden-tinygo/" + n
		b.results.Add(row, colCPU, 30)
		b.results.Add(row, colRatio, 1)
		b.results.Add(row, colGrowth, growth)
		b.results.Add(row, colFormula, 2.2)
		b.results.Add(row, colTable, 2.2)
	}
	return b
}

// sumOf is a round of a thousand requests that took so many microseconds each.
func sumOf(micros int) sum {
	return sum{requests: 1000, took: time.Second, cpu: usage{proxy: time.Duration(micros) * time.Millisecond}}
}

// Costs are over bare, and ratios are of what the raw host calls cost over bare.
func TestRecord(t *testing.T) {
	b := fakeResults()
	for column, want := range map[string]string{
		colCPU: "70.0 (60.0–80.0)", colOver: "40.0 (30.0–50.0)", colRatio: "1.33 (1.00–1.67)", colRate: "1000", colShare: "1.00",
	} {
		if got := b.results.Get("pass/1/lockout-tinygo", column).String(); got != want {
			t.Errorf("%s: %s, want %s", column, got, want)
		}
	}
	if b.results.Has("pass/1/bare", colOver) {
		t.Error("bare Envoy costs something over itself")
	}
}

func TestTargets(t *testing.T) {
	want := []struct{ what, measured, verdict string }{
		{"lockout only", "1.33 (1.00–1.67)", "missed"}, // 1.333
		{"one quota more", "1.00, 30.0 µs", "missed"},
		{"refusals by lockout", "0.70", "met"},
		{"module", "551", "missed"},
		{"ready", "350", "met"},
		{"10,000,000 requests", "0.0 MB", "met"}, // it grew before the half, not after
		{"1,000,000 addresses", "5.0 MB", "missed"},
	}
	rows := fakeResults().targets()
	if len(rows) != len(want) {
		t.Fatalf("%d targets, want %d: %v", len(rows), len(want), rows)
	}
	for i, row := range rows {
		if !strings.Contains(row[0], want[i].what) || row[2] != want[i].measured || row[3] != want[i].verdict {
			t.Errorf("%v, want %v", row, want[i])
		}
	}
}

// The report has the sections for which there are figures, and no others.
func TestWrite(t *testing.T) {
	text, chart := fakeResults().write()
	for _, part := range []string{
		"## Targets", "## Requests that pass, one worker", "## Quotas: requests that pass, one worker", "## With the number of clients", "## Over time", "![CPU over bare](x.svg)",
		"| Gatewarden, lockout, TinyGo | 40.0 (30.0–50.0) | 1.33 (1.00–1.67) |",
		"| gatewarden | 8 | – | 3.30 | more: 3.20 allowed |\n", "| gatewarden | 16 | – | 4.30 | as stated |\n",
		"| gatewarden-tinygo | 1000000 | – | 1.00 | as stated | – | 5.00 | 2.20 | more |",
		"| pass/1 | today | 9 rounds |",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
	for _, title := range []string{"2 workers", "size of the headers", "Allocations", "smoke run"} {
		if strings.Contains(text, title) {
			t.Errorf("there is %q without figures in\n%s", title, text)
		}
	}
	if !strings.Contains(chart, "Gatewarden, lockout, TinyGo") {
		t.Errorf("Gatewarden is not in the chart\n%s", chart)
	}
}

// Each part has a name of its own, which begins no other's, so that its results replace
// no other's; and what variants are compared with is in their group.
func TestParts(t *testing.T) {
	b := newFake(guests.TinyGo, guests.Go)
	seen := map[string]bool{}
	var takes time.Duration
	for _, p := range b.parts() {
		for other := range seen {
			if strings.HasPrefix(p.name+"/", other+"/") || strings.HasPrefix(other+"/", p.name+"/") {
				t.Errorf("%s and %s are not apart", p.name, other)
			}
		}
		seen[p.name] = true
		takes += p.takes
	}
	for _, name := range []string{"pass/1", "pass/2", "refuse/1", "others/1", "mcp/call-1k", "mcp/list", "fleet", "growth/tenants", "growth/clients", "ready", "soak/go", "simulate"} {
		if !seen[name] {
			t.Errorf("there is no %s", name)
		}
	}
	const build = 2 * time.Minute
	if takes+build > 35*time.Minute {
		t.Errorf("all of it takes %v, more than 35 minutes", takes+build)
	}
	for _, g := range b.groups() {
		names := map[string]bool{"": true}
		for _, v := range g.members {
			if names[v.name] {
				t.Errorf("%s/%s is there twice", g.name, v.name)
			}
			names[v.name] = true
		}
		for _, v := range g.members {
			if !names[v.base] || !names[v.raw] {
				t.Errorf("%s/%s is compared with %s and %s, one of which is missing", g.name, v.name, v.base, v.raw)
			}
		}
	}
}

// A group that is narrowed down keeps what the rest is compared with.
func TestOnly(t *testing.T) {
	for _, g := range newFake(guests.TinyGo, guests.Go).passGroups() {
		var names []string
		for _, v := range g.only([]string{"xff-go"}).members {
			names = append(names, v.name)
		}
		if got := strings.Join(names, " "); got != "bare hostcalls-go xff-go" {
			t.Errorf("%s: %s", g.name, got)
		}
	}
}

// A run of one part leaves what other runs measured, and a file of another machine is
// not taken.
func TestKeeper(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	here := [][]string{{"CPU", "fast"}}
	for _, part := range []string{"soak/go", "pass/1"} {
		k, err := openKeeper(file, here)
		if err != nil {
			t.Fatal(err)
		}
		k.results.Add(part+"/row", "column", 1)
		if err := k.keep(part, measured{At: part}); err != nil {
			t.Fatal(err)
		}
	}
	k, err := openKeeper(file, here)
	if err != nil || len(k.measured) != 2 || !k.results.Has("soak/go/row", "column") || !k.results.Has("pass/1/row", "column") {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := openKeeper(file, [][]string{{"CPU", "slow"}}); err == nil {
		t.Error("results of another machine are taken")
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
