package config

import "strings"

// maxHosts is how many hosts an entry may list.
const maxHosts = 64

// NamesHost tells whether the entry lists a host in normal form, or a wildcard that
// covers it. An entry without hosts lists none, and matches every host.
func (m *Match) NamesHost(host string) bool {
	for _, pattern := range m.Hosts {
		if pattern == host || pattern[0] == '*' && len(host) >= len(pattern) && strings.HasSuffix(host, pattern[1:]) {
			return true
		}
	}
	return false
}

// NamedHosts lists the hosts of all entries, each as often as it is written. Without
// any, the host of a request decides nothing.
func (c *Config) NamedHosts() (hosts []string) {
	hosts = appendHosts(nil, c.Exempt)
	for i := range c.Surfaces {
		hosts = appendHosts(hosts, c.Surfaces[i].Match)
	}
	for i := range c.Quotas {
		hosts = appendHosts(hosts, c.Quotas[i].Paths)
	}
	for i := range c.Scopes.Operations {
		hosts = append(hosts, c.Scopes.Operations[i].Hosts...)
	}
	return hosts
}

func appendHosts(hosts []string, list []Match) []string {
	for i := range list {
		hosts = append(hosts, list[i].Hosts...)
	}
	return hosts
}

// readHosts returns nil if the list is invalid.
func readHosts(v *value) []string {
	list := []string{}
	before := v.out.count()
	v.refuseEmpty("leave it out for every host")
	for _, item := range v.items(maxHosts) {
		text, ok := item.text("a host as a string")
		host := strings.ToLower(text)
		if len(host) > 1 {
			host = strings.TrimSuffix(host, ".")
		}
		switch problem := hostProblem(host); {
		case !ok:
		case problem != "":
			item.bad("%q %s", text, problem)
		case indexOf(list, host) >= 0:
			item.repeated(quote(host))
		default:
			list = append(list, host)
		}
	}
	if v.out.count() > before {
		return nil
	}
	return list
}

const hostRemedy = `write for example "api.example.com" or "*.example.com"`

// hostProblem says why a host is not in the normal form in which the filter compares
// the hosts of requests, or returns "". A host in any other form would match no
// request.
func hostProblem(host string) string {
	name := strings.TrimPrefix(host, "*.")
	switch {
	case host == "*":
		return "is every host; leave hosts out"
	case strings.Contains(host, "/"):
		return "has a scheme or a path; " + hostRemedy
	case strings.ContainsAny(host, "[]") || strings.IndexByte(host, ':') != strings.LastIndexByte(host, ':') || name != "" && isDigit(name[0]) && strings.Trim(name, "0123456789.") == "":
		return "is an address; only names can be listed, and requests by address belong to entries without hosts"
	case strings.Contains(host, ":"):
		return "has a port; write the host alone, which matches with every port"
	case strings.Contains(name, "*"):
		return `has a wildcard that is not its whole first label; write for example "*.example.com"`
	case !isASCII(host):
		return `has a letter that is not ASCII; write the A-label that browsers send, which begins with "xn--"`
	case !isHost(name) || hasEmptyALabel(name):
		return "is not the name of a host; " + hostRemedy
	}
	return ""
}

func isASCII(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// hasEmptyALabel tells whether a label says that it is encoded and holds nothing but
// ASCII. No such label is valid, and who decodes it reads another host.
func hasEmptyALabel(name string) bool {
	for _, label := range strings.Split(name, ".") {
		if strings.HasPrefix(label, "xn--") && strings.HasSuffix(label, "-") {
			return true
		}
	}
	return false
}

// coversHosts tells whether every host that other matches is one that m matches.
func (m *Match) coversHosts(other *Match) bool {
	return len(m.Hosts) == 0 || len(other.Hosts) > 0 && len(m.sharedHosts(other)) == len(other.Hosts)
}

// sharesHost tells whether a host can match both.
func (m *Match) sharesHost(other *Match) bool {
	return len(m.Hosts) == 0 || len(other.Hosts) == 0 || len(m.sharedHosts(other))+len(other.sharedHosts(m)) > 0
}

// sharedHosts returns those hosts of other that m matches, too.
func (m *Match) sharedHosts(other *Match) (shared []string) {
	for _, host := range other.Hosts {
		if m.NamesHost(host) {
			shared = append(shared, host)
		}
	}
	return shared
}
