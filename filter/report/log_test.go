package report

import (
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// newLog returns a log as the configuration wants it, and its host.
func newLog(t *testing.T, json string) (*Log, *Metrics, *fakehost.Host) {
	t.Helper()
	host := fakehost.New()
	m := NewMetrics(host)
	l := NewLog(&fakehost.ParseConfig(t, json).Log, host, table.New(host, fakehost.Seed, 100), m)
	return l, m, host
}

func network(address string, ipv4, ipv6 int) netip.Prefix {
	read, _ := netip.ParseAddr(address)
	return caller.Network(read, ipv4, ipv6)
}

func TestClientNames(t *testing.T) {
	for _, row := range []struct {
		form       string
		ipv4, ipv6 int
		address    string
		want       string
	}{
		{"full", 32, 64, "192.0.2.77", "192.0.2.77"},
		{"full", 32, 64, "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		{"full", 24, 128, "192.0.2.77", "192.0.2.0/24"},
		{"full", 32, 128, "2001:db8:1:2:3::4", "2001:db8:1:2:3::4"},
		{"full", 32, 64, "", "unknown"},
		{"truncated", 32, 64, "192.0.2.77", "192.0.2.0/24"},
		{"truncated", 32, 64, "2001:db8:1:2:3::4", "2001:db8:1::/48"},
		{"truncated", 16, 32, "192.0.2.77", "192.0.0.0/16"},
		{"truncated", 16, 32, "2001:db8:1:2:3::4", "2001:db8::/32"},
		{"truncated", 32, 128, "2001:db8:1:2:3::4", "2001:db8:1::/48"},
		{"truncated", 32, 64, "junk", "unknown"},
		{"hash", 32, 64, "junk", "unknown"},
	} {
		l, _, _ := newLog(t, `{"log": {"client": "`+row.form+`"}}`)
		if got := l.Client(network(row.address, row.ipv4, row.ipv6)); got != row.want {
			t.Errorf("%s of %s, cut to %d or %d bits, is %s, want %s", row.form, row.address, row.ipv4, row.ipv6, got, row.want)
		}
	}
}

func TestClientHashes(t *testing.T) {
	l, _, host := newLog(t, `{"log": {"client": "hash"}}`)
	name := func(address string) string { return l.Client(network(address, 32, 64)) }
	a := name("192.0.2.1")
	if !regexp.MustCompile(`^[0-9a-f]{1,16}$`).MatchString(a) || a != name("192.0.2.1") || a == name("192.0.2.2") {
		t.Errorf("%s, %s, %s", a, name("192.0.2.1"), name("192.0.2.2"))
	}
	if ClientName(config.ClientHash, table.New(host, table.Seed{9}, 100), network("192.0.2.1", 32, 64)) == a {
		t.Error("the hash has no key")
	}
}

// Names that a caller chose are quoted, or hashed where clients are not logged in full.
func TestNames(t *testing.T) {
	full, _, _ := newLog(t, ``)
	if got := full.Name("a\"b\nc"); got != `"a\"b\nc"` {
		t.Errorf("%s", got)
	}
	for _, form := range []string{"truncated", "hash"} {
		l, _, _ := newLog(t, `{"log": {"client": "`+form+`"}}`)
		if got := l.Name("alice"); got != l.Hash("alice") || got == l.Name("bob") || !regexp.MustCompile(`^[0-9a-f]{1,16}$`).MatchString(got) {
			t.Errorf("%s: %s", form, got)
		}
	}
}

// A line says how many were left out since the last one.
func TestOmitted(t *testing.T) {
	l, m, host := newLog(t, `{"log": {"per_second": 1}}`)
	say := func(what string) {
		if l.Allows(Decision, host.Time) {
			l.Write(NewLine(what))
		}
	}
	for _, what := range []string{"1", "2", "3", "4", "5"} {
		say(what)
	}
	host.Time += 1000
	say("6")
	say("7")
	host.Time += 1000
	say("8")
	host.Time += 1000
	say("9")
	want := []string{"gatewarden: 1", "gatewarden: 6 omitted_before=4", "gatewarden: 8 omitted_before=1", "gatewarden: 9"}
	if !reflect.DeepEqual(host.Log, want) {
		t.Errorf("%q, want %q", host.Log, want)
	}
	m.Flush()
	if got := host.Value(t, "gatewarden_log_suppressed_total"); got != 5 {
		t.Errorf("%d lines are counted as left out", got)
	}
}

// Each kind of line has a rate of its own. Lines of all kinds that were left out are
// counted together.
func TestKindsAreApart(t *testing.T) {
	l, m, host := newLog(t, `{"log": {"per_second": 2}}`)
	for _, kind := range []Kind{Decision, Signal, Bypass} {
		for i, want := range []bool{true, true, false} {
			if got := l.Allows(kind, host.Time); got != want {
				t.Errorf("kind %d, line %d: allowed %v", kind, i+1, got)
			}
		}
	}
	l.Write(NewLine("x"))
	if want := "gatewarden: x omitted_before=3"; host.Log[0] != want {
		t.Errorf("%q, want %q", host.Log[0], want)
	}
	m.Flush()
	if got := host.Value(t, "gatewarden_log_suppressed_total"); got != 3 {
		t.Errorf("%d lines are counted as left out", got)
	}
}

func TestLines(t *testing.T) {
	l, _, host := newLog(t, ``)
	l.Write(l.About("refusal", "rest", network("192.0.2.1", 32, 64)).Field("reason", "locked_out").Number("retry_after", 59))
	l.Write(l.About("refusal", "", netip.Prefix{}).Field("reason", "malformed").Number("left", -1))
	want := []string{
		"gatewarden: refusal surface=rest client=192.0.2.1 reason=locked_out retry_after=59",
		"gatewarden: refusal client=unknown reason=malformed left=-1",
	}
	if !reflect.DeepEqual(host.Log, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(host.Log, "\n"), strings.Join(want, "\n"))
	}
}
