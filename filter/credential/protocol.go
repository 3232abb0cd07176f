package credential

import (
	"encoding/base64"
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// protocolHeader is the one header of a WebSocket that a page can write: a list of the
// protocols that it knows.
const protocolHeader = "sec-websocket-protocol"

// protocol is a member of the list that holds a credential.
type protocol struct {
	// prefix is the configured prefix, token what follows it.
	prefix, token string
	// clear tells whether services can read the member in only one way.
	clear bool
}

// nextProtocol returns the first member of a list that holds a credential, and the
// rest of the list after it. The token is "" if there is none.
func (r *Reader) nextProtocol(list string) (p protocol, rest string) {
	for rest = list; rest != ""; {
		var member string
		member, rest = nextMember(rest)
		for _, prefix := range r.config.WebSocketProtocols {
			if p, rest = readProtocol(prefix, member, rest); p.token != "" {
				return p, rest
			}
		}
	}
	return protocol{}, ""
}

func nextMember(list string) (member, rest string) {
	member, rest, _ = strings.Cut(list, ",")
	return ascii.TrimBlanks(member), rest
}

// readProtocol reads a member and, if it is only a prefix, the one after it: pages
// write ["bearer", token], too.
// See RATIONALE.md, "Why may a token be a WebSocket protocol of its own?"
func readProtocol(prefix, member, list string) (p protocol, rest string) {
	if strings.EqualFold(member, prefix) || strings.EqualFold(member, strings.TrimSuffix(prefix, ".")) {
		token, rest := nextMember(list)
		switch {
		case token == "": // in another line, if there is one
			return protocol{prefix, member, false}, rest
		case isPlaceholder(token):
			return protocol{}, rest
		}
		return protocol{prefix, token, true}, rest
	}
	if len(member) <= len(prefix) || !strings.EqualFold(member[:len(prefix)], prefix) || isPlaceholder(member[len(prefix):]) {
		return protocol{}, list
	}
	return protocol{prefix, member[len(prefix):], member[:len(prefix)] == prefix}, list
}

func (r *Reader) appendProtocols(out []byte, list string) []byte {
	for {
		var p protocol
		if p, list = r.nextProtocol(list); p.token == "" {
			return out
		}
		out = appendPlaced(out, "protocol ", p.prefix, p.token)
	}
}

// countProtocols counts the credentials in a list, and sets c to the last one. One
// that services may read in several ways counts twice.
func (r *Reader) countProtocols(list string, c *caller.Credential) (n int) {
	for {
		var p protocol
		if p, list = r.nextProtocol(list); p.token == "" {
			return n
		}
		token, ok := p.decoded()
		if n++; !ok {
			n++
		}
		*c = caller.Credential{Place: p.prefix, Carrier: caller.InProtocol, Token: token}
	}
}

// decoded returns the credential itself. As in Kubernetes, the prefix can tell that it
// is encoded, because not every token can be a protocol.
func (p *protocol) decoded() (token string, ok bool) {
	if !strings.HasPrefix(p.prefix, "base64url.") {
		return p.token, p.clear
	}
	b, err := base64.RawURLEncoding.DecodeString(p.token)
	// Go skips line ends; other decoders refuse them.
	return string(b), p.clear && err == nil && !strings.ContainsAny(p.token, "\r\n")
}
