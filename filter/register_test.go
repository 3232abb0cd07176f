package filter

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// registered are the lockouts in the register, each in a line.
func registered(f *Filter, host *fakeHost) []string {
	var lines []string
	register.New(host).List(host.now, func(l register.Lockout) {
		r, _, _ := table.NewSized(host, table.Seed{}, l.Size).Get(l.Key, host)
		subject := ""
		if l.Subject != 0 {
			subject = " subject"
		}
		lines = append(lines, fmt.Sprintf("%s %v %q%s since %d until %d in the table %d", l.Surface, l.What, l.Client, subject, l.Since, l.Until, r.LockedUntil))
	})
	slices.Sort(lines)
	return lines
}

func TestLockoutsAreRegistered(t *testing.T) {
	login := func(user, password string) []Header {
		return hdr(":method", "POST", ":path", "/a", "authorization", basic(user, password))
	}
	for _, row := range []struct {
		name, lockout string
		failures      int
		want          []string
	}{
		{"before the limit, nothing", `{"failures": 3}`, 2, nil},
		{"client", `{"failures": 3}`, 3, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"once, however often it fails", `{"failures": 1}`, 3, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"in shadow mode, too", `{"failures": 1, "mode": "shadow"}`, 1, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"network", `{"failures": 9, "wide": {"failures": 3}}`, 3, []string{`a network "192.0.2.0/24" since 1000 until 61000 in the table 61000`}},
		{"stuffing", `{"failures": 9, "stuffing": {"credentials": 3, "window": "10m", "action": "lock"}}`, 3,
			[]string{`a client "192.0.2.1" since 1000 until 601000 in the table 601000`}},
		{"account", `{"failures": 9, "keys": [{"per": ["account"], "failures": 3, "action": "lock"}]}`, 3,
			[]string{`a account "" subject since 1000 until 301000 in the table 301000`}},
		{"account of one client", `{"failures": 9, "keys": [{"per": ["account", "client"], "failures": 3}]}`, 3, nil},
		{"account of one client, locked", `{"failures": 9, "keys": [{"per": ["account", "client"], "failures": 3, "action": "lock"}]}`, 3,
			[]string{`a account "192.0.2.1" subject since 1000 until 301000 in the table 301000`}},
		{"credential", `{"failures": 9, "keys": [{"per": ["credential"], "failures": 1, "window": "1m", "action": "lock"}]}`, 1,
			[]string{`a credential "" subject since 1000 until 61000 in the table 61000`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, host := newFilter(t, `{"surfaces": [{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": `+row.lockout+`}]}`)
			host.now = 1000
			for i := range row.failures {
				user := "bob" + strconv.Itoa(i)
				if strings.Contains(row.lockout, "account") {
					user = "bob"
				}
				exchange(f, host, login(user, strconv.Itoa(i)), hdr(":status", "401"))
			}
			if got := registered(f, host); !reflect.DeepEqual(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
		})
	}
}

// The register has names as the log has them.
func TestRegisteredNames(t *testing.T) {
	for form, want := range map[string]string{"full": "192.0.2.1", "truncated": "192.0.2.0/24"} {
		f, host := newFilter(t, `{"log": {"client": "`+form+`"}, "surfaces": [{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": {"failures": 1}}]}`)
		exchange(f, host, hdr(":method", "GET", ":path", "/a", "authorization", "x"), hdr(":status", "401"))
		if got := registered(f, host); len(got) != 1 || !strings.Contains(got[0], `"`+want+`"`) {
			t.Errorf("%s: %q", form, got)
		}
	}
}

// What an operator names is the client, or the network, that the filter counts.
func TestTargets(t *testing.T) {
	f, host := newFilter(t, `{"client": {"ipv4_prefix": 30}, "surfaces": [
		{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": {"failures": 2, "wide": {"failures": 9}}},
		{"name": "b", "kind": "api", "match": [{"path": "/b"}], "lockout": {"mode": "off"}},
		{"name": "c", "kind": "api", "match": [{"path": "/c"}], "lockout": {"mode": "shadow", "duration": "5m"}}]}`)
	surfaces := register.Surfaces(host, host.now)
	if len(surfaces) != 2 || surfaces[0].Name != "a" || surfaces[1] != (register.Surface{
		Name: "c", Size: 12, IPv4: 30, IPv6: 64, Duration: 300_000,
	}) {
		t.Fatalf("the catalogue has %+v", surfaces)
	}
	s := f.NewStream()
	s.surface, s.client.address = &f.surfaces[0], parseAddress("192.0.2.7")
	s.client.prefix = cut(s.client.address, 30, 64)
	s.client.key = networkKey(s.client.prefix)
	s.nameCounters()
	for text, want := range map[string][]Target{
		"192.0.2.7":              {{s.counter, register.Client, s.client.prefix}, {s.wide, register.Network, s.wideNetwork().prefix}},
		"192.0.2.5":              {{s.counter, register.Client, s.client.prefix}, {s.wide, register.Network, s.wideNetwork().prefix}},
		"::ffff:192.0.2.7":       {{s.counter, register.Client, s.client.prefix}, {s.wide, register.Network, s.wideNetwork().prefix}},
		"192.0.2.4/30":           {{s.counter, register.Client, s.client.prefix}},
		"192.0.2.0/24":           {{s.wide, register.Network, s.wideNetwork().prefix}},
		"64:ff9b::192.0.2.0/120": {{s.wide, register.Network, s.wideNetwork().prefix}},
		"192.0.2.0/25":           nil,
		"192.0.2.7/+30":          nil,
		"192.0.2.7/33":           nil,
		"192.0.2.7:80":           nil,
		"fe80::1%eth0":           nil,
		"example.com":            nil,
		"":                       nil,
	} {
		if got := Targets(f.table, &surfaces[0], text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// The workers of an instance write the catalogue anew now and then, one for all.
func TestCatalogueIsRefreshed(t *testing.T) {
	const config = `{"surfaces": [{"name": "a", "kind": "api", "match": [{"path": "/a"}]}]}`
	f, host := newFilter(t, config)
	other, _ := newFilter(t, config)
	writes := 0
	for range 600 {
		host.now += TickPeriod
		host.forget()
		f.Tick(host)
		other.Tick(host)
		writes += strings.Count(strings.Join(host.calls, ", "), "set")
		if len(register.Surfaces(host, host.now)) != 1 {
			t.Fatalf("after %d ms the catalogue has %+v", host.now, register.Surfaces(host, host.now))
		}
	}
	if writes < 5 || writes > 10 {
		t.Errorf("%d writes in ten minutes", writes)
	}
	host.now += 180_000
	if got := register.Surfaces(host, host.now); len(got) != 0 {
		t.Errorf("%+v outlive their instance", got)
	}
}
