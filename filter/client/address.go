package client

import (
	"net/netip"
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// parseAddress parses an address as proxies write it: with or without a port, brackets
// and a zone. It returns an IPv4 address that is wrapped in IPv6 unwrapped
// ([caller.Unwrap]), and the zero Addr if s is not an address.
func parseAddress(s string) netip.Addr {
	if address, end := parseIPv4(s); end > 0 && isPort(s[end:]) {
		return netip.AddrFrom4(address) // nearly all are of this form
	}
	s = ascii.TrimBlanks(s)
	switch {
	case strings.HasPrefix(s, "["):
		end := strings.IndexByte(s, ']')
		if end < 0 || !isPort(s[end+1:]) {
			return netip.Addr{}
		}
		s = s[1:end]
	case strings.Count(s, ":") == 1:
		colon := strings.IndexByte(s, ':')
		if !isPort(s[colon:]) {
			return netip.Addr{}
		}
		s = s[:colon]
	}
	if i := strings.IndexByte(s, '%'); i >= 0 {
		s = s[:i]
	}
	address, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return caller.Unwrap(address)
}

// parseIPv4 parses the IPv4 address at the beginning of s and returns where it ends, or 0 if
// there is none.
func parseIPv4(s string) (address [4]byte, end int) {
	for i := range address {
		if i > 0 {
			if end >= len(s) || s[end] != '.' {
				return address, 0
			}
			end++
		}
		begin, number := end, 0
		for ; end < len(s) && end < begin+3 && '0' <= s[end] && s[end] <= '9'; end++ {
			number = 10*number + int(s[end]-'0')
		}
		if end == begin || number > 255 || s[begin] == '0' && end > begin+1 {
			return address, 0
		}
		address[i] = byte(number)
	}
	return address, end
}

// isPort tells whether s is empty or a colon with a port. The port may be empty.
func isPort(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) > len(":65535") {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func contains(prefixes []netip.Prefix, address netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
