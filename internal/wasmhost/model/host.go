package model

import (
	"slices"
	"strings"
)

// usualHost is the host of a request that names no other.
const usualHost = "gateway.example"

// spelling is a way to write a host, and what it is read as.
type spelling struct {
	write func(host string) string
	means meaning
}

// meaning is what a spelled host is read as: the host itself, an address, which no entry
// names, or any host.
type meaning int

const (
	itself meaning = iota
	address
	anyHost
)

// spellings are those of docs/configuration.md, "Hosts"; the first is the usual one.
var spellings = []spelling{
	{func(host string) string { return host }, itself},
	{strings.ToUpper, itself},
	{func(host string) string { return host + ":8443" }, itself},
	{func(host string) string { return host + ":" }, itself},
	{func(host string) string { return host + "." }, itself},
	{func(host string) string { return strings.ToTitle(host[:1]) + host[1:] + ".:443" }, itself},
	{func(string) string { return "192.0.2.1" }, address},
	{func(string) string { return "[2001:db8::1]:8443" }, address},
	{func(host string) string { return host + ",admin.example" }, anyHost},
	{func(host string) string { return "user@" + host }, anyHost},
	{func(host string) string { return host + ":x" }, anyHost},
	{func(string) string { return "2001:db8::1" }, anyHost},
	{func(host string) string { return host + ".." }, anyHost},
	{func(host string) string { return "." + host }, anyHost},
	{func(host string) string { return "%61" + host[1:] }, anyHost},
	{func(host string) string { return "bücher." + host }, anyHost},
	{func(host string) string { return "xn--api-." + host }, anyHost},
}

func (r *Request) means() meaning { return spellings[r.Spelling].means }

func (r *Request) authority() string { return spellings[r.Spelling].write(or(r.Host, usualHost)) }

// hosts are those at which a service may take the request to be: one that an entry may
// name, or one for each entry that could tell hosts apart, and a strange one.
func (s *Setup) hosts(r *Request) []string {
	switch r.means() {
	case itself:
		return []string{or(r.Host, usualHost)}
	case address:
		return []string{""}
	}
	hosts := []string{"strange.invalid"}
	for i := range s.Surfaces {
		for _, m := range s.Surfaces[i].Match {
			for _, host := range m.Hosts {
				hosts = append(hosts, strings.Replace(host, "*", "strange", 1))
			}
		}
	}
	return hosts
}

// isAt tells whether a pattern is for a host.
func (m Match) isAt(host string) bool {
	return m.Hosts == nil || slices.ContainsFunc(m.Hosts, func(listed string) bool {
		below, wild := strings.CutPrefix(listed, "*")
		return host == listed || wild && strings.HasSuffix(host, below)
	})
}

// mayBeAt tells whether a service may take the host of a request for one of the pattern's,
// isSurelyAt whether it cannot take it for another.
func (m Match) mayBeAt(r *Request) bool { return r.means() == anyHost || m.isSurelyAt(r) }

func (m Match) isSurelyAt(r *Request) bool {
	return m.Hosts == nil || r.means() == itself && m.isAt(or(r.Host, usualHost))
}
