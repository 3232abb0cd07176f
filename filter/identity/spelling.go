package identity

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/ascii"
	"github.com/gatewarden/gatewarden/table"
)

// appendSpelling appends the one spelling of a credential under which it is counted.
// Otherwise each spelling that a service accepts would have an allowance of its own.
// Only letters, in any case, and digits tell credentials apart; a lenient service
// ignores the rest. It is not ok if the service could take another part of the value
// for the credential: then the client would choose under what it is counted.
func appendSpelling(out []byte, c *caller.Credential) (spelling []byte, ok bool) {
	if strings.EqualFold(c.Scheme, "basic") {
		user, ok := caller.PairUser(c.Token)
		return table.AppendPart(table.AppendPart(out, "user"), caller.Account(user)), ok
	}
	if !hasToken(c.Scheme) {
		return out, false
	}
	out = table.AppendPart(out, "token")
	token := withoutSignature(c.Token)
	for i := 0; i < len(token); i++ {
		b := token[i]
		if b == '%' && c.Carrier == caller.InCookie && i+2 < len(token) && ascii.Unhex(token[i+1]) >= 0 && ascii.Unhex(token[i+2]) >= 0 {
			b = byte(ascii.Unhex(token[i+1])<<4 | ascii.Unhex(token[i+2]))
			i += 2
		}
		switch {
		case 'A' <= b && b <= 'Z':
			out = append(out, b+'a'-'A')
		case 'a' <= b && b <= 'z' || '0' <= b && b <= '9':
			out = append(out, b)
		}
	}
	return out, true
}

// hasToken tells whether a token and nothing else follows a scheme.
func hasToken(scheme string) bool {
	for _, known := range [...]string{"", caller.Bearer, "token", "apikey", "dpop"} {
		if strings.EqualFold(scheme, known) {
			return true
		}
	}
	return false
}

// withoutSignature returns a JWT without its signature, which lenient services accept in
// several spellings; the signed part has only one. It returns other tokens unchanged.
func withoutSignature(token string) string {
	if strings.HasPrefix(token, "eyJ") && strings.Count(token, ".") == 2 {
		return token[:strings.LastIndexByte(token, '.')]
	}
	return token
}
