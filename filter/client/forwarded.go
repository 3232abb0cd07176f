package client

import (
	"net/netip"
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

const forwardedFor = "x-forwarded-for"

// walkForwarded returns the address at which the walk through X-Forwarded-For ends. It
// returns the zero Addr if the right-most entry is not an address.
func walkForwarded(headers []proxy.Header, trusted []netip.Prefix) netip.Addr {
	w := forwardedWalk{headers: headers, trusted: trusted}
	for w.step() {
	}
	return w.client
}

// forwardedWalk is a walk through X-Forwarded-For. It begins at the right, where
// proxies append, and ends at the first address that is not a trusted proxy. An entry
// that is not an address ends the walk at the last trusted proxy: the client may have
// invented everything further left.
type forwardedWalk struct {
	headers []proxy.Header // lines that are still to be walked
	trusted []netip.Prefix
	// rest is the rest of the current line, if more is set.
	rest string
	more bool
	over bool

	// entry is the current entry. client is the address at which the walk ends unless
	// it goes on.
	entry  string
	client netip.Addr
}

// step moves to the next entry. It returns false if there is none.
func (w *forwardedWalk) step() bool {
	for !w.over && !w.more && len(w.headers) > 0 {
		last := len(w.headers) - 1
		if w.headers[last].Name == forwardedFor {
			w.rest, w.more = w.headers[last].Value, true
		}
		w.headers = w.headers[:last]
	}
	if w.over || !w.more {
		return false
	}
	w.rest, w.entry, w.more = cutLast(w.rest)
	address := parseAddress(w.entry)
	if w.over = !address.IsValid(); w.over {
		return true
	}
	w.client, w.over = address, !contains(w.trusted, address)
	return true
}

// cutLast cuts the last entry from a comma-separated list. more tells whether entries
// are left before it.
func cutLast(list string) (before, entry string, more bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return "", list, false
	}
	return list[:i], list[i+1:], true
}

// firstForwarded returns the left-most address of X-Forwarded-For.
func firstForwarded(headers []proxy.Header) netip.Addr {
	for i := range headers {
		if headers[i].Name == forwardedFor {
			entry, _, _ := strings.Cut(headers[i].Value, ",")
			return parseAddress(entry)
		}
	}
	return netip.Addr{}
}
