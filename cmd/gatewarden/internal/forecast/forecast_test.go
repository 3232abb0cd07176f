package forecast

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
)

const evil = "</title><script>alert(1)</script>\x1b[2J\u202e"

// sample has something of everything, and names that are meant badly wherever a name
// comes from outside.
func sample() *Forecast {
	from := time.UnixMilli(1_790_000_000_000).UTC()
	to := from.Add(time.Hour)
	sums := Sums{Requests: 1234, Failures: 20, Lockouts: 1, Refused: 5, Stopped: 2, Lost: 1, Unclear: 1, Others: 1, Reasons: map[string]int64{"locked_out": 4, "quota_exceeded": 1}}
	return &Forecast{
		Version: Version, Interrupted: true, Assumptions: []string{"something of " + evil},
		Log: Log{
			Files: []string{evil}, Counts: accesslog.Counts{Lines: 1300, Requests: 1234, Unreadable: 3, Other: 60, NoRequest: 3}, Late: 2, From: from, To: to,
			Problems: []accesslog.Problem{{File: evil, Line: 7, Why: "it is none"}},
		},
		Variants: []Variant{{
			Name: evil, Sums: sums, Unguarded: 9, Malformed: 1, NetworkLockouts: 2, Forgotten: 3, ClientsLocked: 1, ClientsHurt: 1, AtLeast: true,
			Surfaces: []Surface{{Name: "rest", Kind: "api", Sums: sums, Series: Series{From: from, Step: 60, Requests: []int64{1000, 234}, Failures: []int64{20, 0}, Refused: []int64{5, 0}}}},
			Quotas:   []Quota{{Name: "plan", Unit: "requests", Admitted: 7, Refused: 1, Unverified: 7}, {Name: "credits", Unit: "credits", Credits: 1330, Admitted: 5}},
			Payers:   []Payer{{Payer: "acme", Calls: 4, Credits: 330}, {Payer: evil, Calls: 3, Credits: 1000, Refused: 2, First: &to}},
			Clients: []Client{
				{Surface: "rest", Client: "192.0.2.1", First: from, Last: to, Lockouts: 1, LockedSeconds: 60, Failures: 20, Refused: 4, Stopped: 2, Lost: 1, Before: 3, Locked: []Span{{from, from.Add(time.Minute)}}},
				{Surface: "rest", Client: "192.0.2.2", First: from, Last: to, Refused: 1},
			},
		}},
	}
}

func write(t *testing.T, to func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := to(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	got := write(t, func(w io.Writer) error { return sample().WriteText(w, 20) })
	for _, want := range []string{
		"Interrupted: this is what was read until then.",
		"Requests  1,234, from 2026-09-21T14:13:20Z to 2026-09-21T15:13:20Z",
		"Not read  60 lines of other logs, 3 without a request, 3 unreadable",
		":7: it is none", "2 requests lasted too long",
		"Failures   22 requests with wrong credentials; 20 reached the service, 2 would have been stopped",
		"Lockouts   1, of at least 1 client",
		"Refused    5 requests: 4 locked_out, 1 quota_exceeded",
		"Honest     1 request with right credentials would have been refused, of at least 1 client",
		"Neither    2 requests that were refused", "Networks   2 lockouts", "Evicted    3 counters", "Malformed  1 path",
		"  rest     api      1,234        20         1        5        2       1",
		"  plan            7        1                7        -\n  credits         5        0                0    1,330\n",
		"\nCredits\n  CALLER ", "  2026-09-21T15:13:20Z      3        2    1,000\n  acme ",
		"Locked out\n", "Refused without a lockout\n", "Honest clients hurt\n", "Assumptions\n  - something of",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if i := strings.IndexFunc(got, func(r rune) bool { return r < ' ' && r != '\n' || r == '\u202e' }); i >= 0 {
		t.Errorf("a terminal would obey %q", got[i:i+3])
	}
}

// A list has as many clients as were asked for, and says how many there are.
func TestTextIsShort(t *testing.T) {
	f := sample()
	f.Variants[0].Clients = append(f.Variants[0].Clients, f.Variants[0].Clients[0])
	got := write(t, func(w io.Writer) error { return f.WriteText(w, 1) })
	if !strings.Contains(got, "Locked out (the first 1 of 2)\n") || strings.Count(got, "192.0.2.1") != 2 {
		t.Error(got)
	}
}

// Failures that did not count are told where there are some.
func TestRepeatedIsTold(t *testing.T) {
	plain, one, two := sample(), sample(), sample()
	one.Variants[0].Repeated = 7
	two.Variants = append(two.Variants, one.Variants[0])
	texts := map[*Forecast][]string{
		plain: nil,
		one:   {"29 requests with wrong credentials; 27 reached the service, 2 would", "Repeated   7 failures that reached the service did not count"},
		two:   {"GUESSES THROUGH  REPEATED  GUESSES STOPPED", "20         0                2", "20         7                2"},
	}
	pages := map[*Forecast][]string{
		plain: nil, one: {"<b>7</b>repeat an earlier failure"}, two: {"<th>repeated<th>", "<td>20<td>0<td>2", "<td>20<td>7<td>2"},
	}
	for _, f := range []*Forecast{plain, one, two} {
		text := write(t, func(w io.Writer) error { return f.WriteText(w, 20) })
		page := write(t, func(w io.Writer) error { return f.WriteHTML(w, 20) })
		for _, want := range texts[f] {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
		for _, want := range pages[f] {
			if !strings.Contains(page, want) {
				t.Errorf("%q is missing in the page", want)
			}
		}
		if f == plain && strings.Contains(strings.ToLower(text+page), "repeated") {
			t.Error("it speaks of repeated failures, and there are none")
		}
	}
}

// The text and the page say how sure the failures are, where the log leaves doubts.
func TestSureIsTold(t *testing.T) {
	plain, some := sample(), sample()
	v := &some.Variants[0]
	v.Assumed, v.Undecided, v.Clients[0].Assumed = 7, 3, 6
	const sure = "15 of 22 failures; whether the others had a credential is assumed; 3 requests more may have failed"
	for _, f := range []*Forecast{plain, some} {
		text := write(t, func(w io.Writer) error { return f.WriteText(w, 20) })
		page := write(t, func(w io.Writer) error { return f.WriteHTML(w, 20) })
		for in, want := range map[string]string{text: "Sure       " + sure, page: "Sure: " + sure + "."} {
			if strings.Contains(in, want) != (f == some) {
				t.Errorf("%q is there or is not in\n%s", want, in)
			}
		}
		for in, want := range map[string]string{text: "HONEST  ASSUMED\n", page: "<th>honest<th>assumed</tr>"} {
			if strings.Contains(in, want) != (f == some) {
				t.Errorf("%q is there or is not in\n%s", want, in)
			}
		}
	}
}

func TestTextCompares(t *testing.T) {
	f := sample()
	f.Variants = append(f.Variants, f.Variants[0])
	f.Variants[1].Name, f.Variants[1].Failures = "rest.failures=5", 5
	got := write(t, func(w io.Writer) error { return f.WriteText(w, 20) })
	if !strings.Contains(got, "  rest.failures=5 ") || !strings.Contains(got, "GUESSES THROUGH") {
		t.Error(got)
	}
}

// The page holds nothing that came from outside as anything but text, and loads
// nothing.
func TestPage(t *testing.T) {
	one, two := sample(), sample()
	two.Variants = append(two.Variants, two.Variants[0])
	for _, f := range []*Forecast{one, two} {
		got := write(t, func(w io.Writer) error { return f.WriteHTML(w, 20) })
		for _, wrong := range []string{"<script", "http://", "https://", " src=", "url(", "\x1b", "\u202e"} {
			if strings.Contains(got, wrong) {
				t.Errorf("the page has %q", wrong)
			}
		}
		if !strings.Contains(got, "&lt;script&gt;") || !strings.Contains(got, "default-src 'none'") {
			t.Error("the name is not there, or no policy is")
		}
		charts := 0
		for rest := got; ; charts++ {
			_, chart, found := strings.Cut(rest, "<svg")
			if !found {
				break
			}
			chart, rest, _ = strings.Cut(chart, "</svg>")
			wellFormed(t, "<svg"+chart+"</svg>")
		}
		if want := map[bool]int{true: 1, false: 2}[f == two]; charts != want {
			t.Errorf("%d charts, want %d", charts, want)
		}
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
}

// The JSON has the names that docs/simulate.md promises, all the way down.
func TestJSON(t *testing.T) {
	var f map[string]any
	if err := json.Unmarshal([]byte(write(t, sample().WriteJSON)), &f); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	collect("", f, names)
	for _, want := range []string{
		"version", "interrupted", "assumptions", "log.files", "log.lines", "log.requests", "log.unreadable", "log.other", "log.no_request", "log.late",
		"log.from", "log.to", "log.problems.file", "log.problems.line", "log.problems.why", "variants.name", "variants.unguarded", "variants.malformed",
		"variants.clients_locked", "variants.clients_hurt", "variants.at_least", "variants.network_lockouts", "variants.forgotten",
		"variants.requests", "variants.failures", "variants.repeated", "variants.lockouts", "variants.refused", "variants.stopped", "variants.lost", "variants.unclear", "variants.others",
		"variants.reasons.locked_out", "variants.surfaces.name", "variants.surfaces.kind", "variants.surfaces.failures",
		"variants.surfaces.series.from", "variants.surfaces.series.step", "variants.surfaces.series.requests", "variants.surfaces.series.failures", "variants.surfaces.series.refused",
		"variants.quotas.name", "variants.quotas.admitted", "variants.quotas.refused", "variants.quotas.unverified",
		"variants.clients.surface", "variants.clients.client", "variants.clients.first", "variants.clients.last", "variants.clients.lockouts",
		"variants.clients.locked_seconds", "variants.clients.failures", "variants.clients.assumed", "variants.assumed", "variants.undecided", "variants.clients.refused", "variants.clients.stopped", "variants.clients.lost",
		"variants.clients.before", "variants.clients.locked.from", "variants.clients.locked.to",
	} {
		if !names[want] {
			t.Errorf("%s is missing", want)
		}
	}
}

func collect(path string, value any, names map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			collect(strings.TrimPrefix(path+"."+name, "."), inner, names)
		}
	case []any:
		names[path] = true
		for _, inner := range value {
			collect(path, inner, names)
		}
	default:
		names[path] = true
	}
}
