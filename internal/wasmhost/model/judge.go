package model

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

type verdict int

const (
	nothing verdict = iota
	success
	failure
)

// judge says what an answer means: docs/configuration.md, "What counts as a
// failure".
func judge(s *Setup, kind string, l *Lockout, r *Request, a *Answer) verdict {
	credential := presented(s, r) || l.CountAnonymous
	good := success
	if strings.EqualFold(r.Method, "OPTIONS") || strings.EqualFold(r.Override, "OPTIONS") {
		good = nothing // services answer it without a look at the credential
	}
	if r.GRPC && a.Status == 200 {
		switch {
		case !credential || r.Leaves && a.Late:
			return nothing
		case a.GRPC == "16":
			return failure
		case a.GRPC == "0":
			return good
		}
		return nothing
	}
	switch {
	case (kind == api || kind == mcp) && !credential:
		return nothing
	case l.FailuresWhen == nil && slices.Contains(l.Statuses, a.Status):
		return failure
	case l.FailuresWhen == nil && kind == token && a.Status >= 200 && a.Status < 500:
		return judgeTokenError(r, a, good)
	}
	return judgeByConditions(l, r, a, good)
}

// judgeTokenError judges an answer of a token endpoint by its body. good is what a
// success is.
func judgeTokenError(r *Request, a *Answer, good verdict) verdict {
	success := a.Status < 300
	switch {
	case a.Zipped || a.Body == "":
		return nothing // there is no body to read
	case r.Leaves && success:
		return nothing
	case r.Leaves:
		return failure // RATIONALE.md: it knows from the status
	}
	var body struct {
		Error any `json:"error"`
	}
	err := json.Unmarshal([]byte(a.Body), &body)
	if form, _ := url.ParseQuery(a.Body); err != nil && a.Body[0] != '[' {
		body.Error = form.Get("error")
	}
	switch {
	case body.Error == "invalid_client" || body.Error == "invalid_grant":
		return failure
	case success:
		return good
	}
	return nothing
}

// presented tells whether a request carries a credential that the filter is told
// of.
func presented(s *Setup, r *Request) bool { return principal(s, r) != "" }

// principal names the credentials of a request, a Basic pair by its user.
func principal(s *Setup, r *Request) string {
	return credentials(s, r, func(c Credential) string { return c.User })
}

// whole names the credentials of a request to the last letter.
func whole(s *Setup, r *Request) string {
	return credentials(s, r, func(c Credential) string { return c.User + ":" + c.Secret })
}

func credentials(s *Setup, r *Request, basic func(Credential) string) string {
	var parts []string
	for _, c := range r.Credentials {
		switch {
		case c.In == "scheme", c.In == "cookie" && len(s.Cookies) == 0:
		case c.In == "basic":
			parts = append(parts, "basic "+basic(c))
		default:
			parts = append(parts, c.In+" "+c.Secret)
		}
	}
	return strings.Join(parts, "\n")
}
