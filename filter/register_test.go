package filter

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// registered returns the lockouts in the register, one in each line.
func registered(host *fakehost.Host) []string {
	var lines []string
	register.New(host).List(host.Time, func(l register.Lockout) {
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

// TestLockoutsAreRegistered shows what the register has of the lockouts of all rules.
func TestLockoutsAreRegistered(t *testing.T) {
	login := func(user, password string) []proxy.Header {
		return hdr(":method", "POST", ":path", "/a", "authorization", basic(user, password))
	}
	for _, row := range []struct {
		name, lockout string
		failures      int
		want          []string
	}{
		{"failures below the limit", `{"failures": 3}`, 2, nil},
		{"client", `{"failures": 3}`, 3, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"client that fails on", `{"failures": 1}`, 3, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"client, in shadow mode", `{"failures": 1, "mode": "shadow"}`, 1, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"network", `{"failures": 9, "wide": {"failures": 3}}`, 3, []string{`a network "192.0.2.0/24" since 1000 until 61000 in the table 61000`}},
		{"stuffing", `{"failures": 9, "stuffing": {"credentials": 3, "window": "10m", "action": "lock"}}`, 3,
			[]string{`a client "192.0.2.1" since 1000 until 601000 in the table 601000`}},
		{"account", `{"failures": 9, "keys": [{"per": ["account"], "failures": 3, "action": "lock"}]}`, 3,
			[]string{`a account "" subject since 1000 until 301000 in the table 301000`}},
		{"account of one client, slowed down", `{"failures": 9, "keys": [{"per": ["account", "client"], "failures": 3}]}`, 3, nil},
		{"account of one client", `{"failures": 9, "keys": [{"per": ["account", "client"], "failures": 3, "action": "lock"}]}`, 3,
			[]string{`a account "192.0.2.1" subject since 1000 until 301000 in the table 301000`}},
		{"credential", `{"failures": 9, "keys": [{"per": ["credential"], "failures": 1, "window": "1m", "action": "lock"}]}`, 1,
			[]string{`a credential "" subject since 1000 until 61000 in the table 61000`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, host := newFilter(t, `{"surfaces": [{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": `+row.lockout+`}]}`)
			host.Time = 1000
			for i := range row.failures {
				user := "bob" + strconv.Itoa(i)
				if strings.Contains(row.lockout, "account") {
					user = "bob"
				}
				exchange(f, host, login(user, strconv.Itoa(i)), hdr(":status", "401"))
			}
			if got := registered(host); !reflect.DeepEqual(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
		})
	}
}

// TestCatalogue shows that a filter publishes the surfaces that lock out when it begins, and
// again at its ticks.
func TestCatalogue(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [
		{"name": "a", "kind": "api", "match": [{"path": "/a"}]},
		{"name": "b", "kind": "api", "match": [{"path": "/b"}], "lockout": {"mode": "off"}}]}`)
	for range 300 {
		if found := register.Surfaces(host, host.Time); len(found) != 1 || found[0].Name != "a" {
			t.Fatalf("at %d the catalogue has %+v", host.Time, found)
		}
		host.Time += TickPeriod
		f.Tick()
	}
}
