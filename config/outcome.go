package config

import (
	"slices"
	"strconv"
)

// Kind says what a failed authentication looks like on a surface. Every surface
// needs one.
type Kind uint8

// The kinds of surface.
const (
	// KindAPI counts the listed statuses, if the request carried a credential.
	KindAPI Kind = iota
	// KindMCP counts as KindAPI does. There the filter refuses requests with
	// JSON-RPC errors.
	KindMCP
	// KindOAuthToken counts the listed statuses, and the listed error codes in the
	// body of any other status but 5xx.
	KindOAuthToken
	// KindOAuthConsent counts the listed statuses, which may include 2xx.
	KindOAuthConsent
	// KindLogin counts as KindOAuthConsent does. It is for the forms of web
	// applications: whatever field names an account counts.
	KindLogin
)

// IsResource tells whether a 401 of surfaces of this kind answers an OAuth client that
// asks for a resource. The 401s of an authorization server's own surfaces, and of a
// login, do not: there the body is what logs in, and a credential in the headers proves nothing.
func (k Kind) IsResource() bool { return k == KindAPI || k == KindMCP }

// SignsInByBody tells whether what is guessed on the surface may stand in the body of a
// request, and not in its headers alone.
func (s *Surface) SignsInByBody() bool { return !s.Kind.IsResource() || s.Lockout.CountAnonymous }

// kindUnknown marks a surface whose kind could not be read.
const kindUnknown Kind = 255

// authorizes reports whether clients come to the surface to get a credential.
func (k Kind) authorizes() bool { return k == KindOAuthToken || k.isPage() }

// isPage reports whether people log in on a page, which may have any status.
func (k Kind) isPage() bool { return k == KindOAuthConsent || k == KindLogin }

var kinds = []string{
	KindAPI: "api", KindMCP: "mcp", KindOAuthToken: "oauth-token", KindOAuthConsent: "oauth-consent", KindLogin: "login",
}

// readKind also fills in the defaults that depend on the kind.
func readKind(v *value, s *Surface) {
	choose(v, kinds, &s.Kind)
	if s.Kind != kindUnknown {
		s.Lockout.setDefaults(s.Kind)
	}
}

// defaultStatuses returns the statuses that are failures on a surface of a kind. A
// page on which people log in also answers a wrong password with 403 or 422.
func defaultStatuses(kind Kind) []int {
	if kind.isPage() {
		return []int{401, 403, 422}
	}
	return []int{401}
}

func readStatuses(v *value, kind Kind) []int {
	var list []int
	v.refuseEmpty(`to switch the lockout off, write "mode": "off"`)
	for _, item := range v.items(maxItems) {
		n, ok := item.integer(100, 599)
		if !ok {
			continue
		}
		status := int(n)
		if problem := statusProblem(status, kind); problem != "" {
			item.bad("%s %s", strconv.Itoa(status), problem)
			continue
		}
		if slices.Contains(list, status) {
			item.repeated(strconv.Itoa(status))
			continue
		}
		list = append(list, status)
	}
	return list
}

// statusProblem says why a status cannot mean that a credential was wrong, or
// returns "".
func statusProblem(status int, kind Kind) string {
	switch {
	case status < 200:
		return "is not the end of a response; remove it"
	case status < 300 && !kind.isPage() && kind != kindUnknown:
		return "is a success, which only a surface of kind login or oauth-consent may count; remove it"
	case status < 300:
		return ""
	case status < 400:
		return "is a redirect, which does not say that a credential was wrong; remove it"
	case status >= 500:
		return "is the service's own failure, not the client's; remove it"
	case status == 400 && kind == KindOAuthToken:
		return "is judged by its body here: invalid_client and invalid_grant count, authorization_pending must not; remove it"
	}
	return unrelated(status)
}

// unrelated says that a status has nothing to do with credentials, or returns "".
func unrelated(status int) string {
	switch status {
	case 404, 405, 408, 413, 429:
		return "does not say that a credential was wrong; remove it"
	}
	return ""
}

// checkOutcome refuses count_anonymous on kinds that count every failure anyway, and
// token_errors on kinds whose bodies have none.
func checkOutcome(s *Surface, i int, out *violations) {
	if s.Kind != KindOAuthToken && s.Kind != kindUnknown && s.Lockout.TokenErrors != nil {
		out.add(surfacePath(i, "lockout.token_errors"),
			`is for the kind oauth-token; remove it, or write failures_when with the path ["error"]`)
	}
	if s.Kind.authorizes() && s.Lockout.CountAnonymous {
		out.add(surfacePath(i, "lockout.count_anonymous"),
			"is for the kinds api and mcp; remove it: this kind counts every failure")
	}
}
