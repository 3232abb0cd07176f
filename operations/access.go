package operations

import (
	"crypto/sha256"
	"net/netip"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/digest"
)

// An operator's browser reaches this endpoint, and so does every page that is open in it.
// The token keeps these pages out; the checks before it keep them from trying tokens.

// maxToken bounds what is hashed for a request. No token is longer.
const maxToken = 1024

// holder is the holder of a token.
type holder struct {
	id   string
	hash digest.Digest
}

func holders(tokens []config.AdminToken) (list []holder) {
	for i := range tokens {
		list = append(list, holder{tokens[i].ID, digest.New(tokens[i].SHA256)})
	}
	return list
}

// operator returns the operator who sends the request. It compares all tokens, each in
// constant time.
func (e *Endpoint) operator(r *request) (id string, ok bool) {
	scheme, token, _ := strings.Cut(r.authorization, " ")
	token = strings.Trim(token, " ")
	if r.authorizations != 1 || !strings.EqualFold(scheme, "bearer") || token == "" || len(token) > maxToken {
		return "", false
	}
	hash := digest.New(sha256.Sum256([]byte(token)))
	found := 0
	for i := range e.holders {
		found += e.holders[i].hash.Same(&hash) * (i + 1) // no two have the same hash
	}
	if found == 0 {
		return "", false
	}
	return e.holders[found-1].id, true
}

// strange tells why a request comes from where none should, nil if it does not. A
// page elsewhere may have a name of its own lead here (DNS rebinding), and then it is of
// the same origin to its browser: so only known names are answered to.
func (e *Endpoint) strange(r *request) *proxy.Reply {
	if !e.serves(r.host) {
		return problem(421, "Misdirected Request",
			"The endpoint is not known under this name. Call it by an address or localhost, or add the name to admin.hosts.")
	}
	_, origin, _ := strings.Cut(r.origin, "://")
	if r.origin != "" && !strings.EqualFold(origin, r.host) {
		return problem(403, "Forbidden", "The request comes from a page elsewhere. Use the page of this endpoint.")
	}
	return nil
}

// embedded tells whether a page of another site made the browser send the request. A link
// to the page here does no harm, so this is checked for data only.
// See https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header
func embedded(r *request) bool { return r.site == "cross-site" || r.site == "same-site" }

func (e *Endpoint) serves(authority string) bool {
	host := strings.ToLower(hostOf(authority))
	if host == "localhost" || slices.Contains(e.hosts, host) {
		return true
	}
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil
}

// hostOf is an authority without its port.
func hostOf(authority string) string {
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		return authority[:i]
	}
	return authority
}
