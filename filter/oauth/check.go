package oauth

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/jsonguard"
)

// maxDocument is the longest document, in bytes, that is passed on.
const maxDocument = 64 << 10

// outcome is what becomes of a call for a document.
type outcome uint8

const (
	outcomeInvalid outcome = iota // clients could not use the document
	outcomeValid
	outcomeError // there was none
	outcomes
)

var outcomeNames = [outcomes]string{outcomeInvalid: "invalid", outcomeValid: "valid", outcomeError: "error"}

// flaw is why a document is not passed on, in the words of the log; the zero flaw is
// none. member is the one that is missing or wrong, "" if it is the whole document.
type flaw struct {
	outcome        outcome
	reason, member string
}

// checkDocument checks the document of an authorization server for what clients cannot
// do without, and returns what is passed on: the document as it is, but for PKCE, which
// the configuration can vouch for.
func checkDocument(body []byte, s *config.AuthorizationServer) ([]byte, flaw) {
	if len(body) > maxDocument {
		return nil, flaw{reason: "too_long"}
	}
	if !jsonguard.Valid(body) {
		return nil, flaw{reason: "malformed"}
	}
	root := gjson.ParseBytes(body)
	if !root.IsObject() {
		return nil, flaw{reason: "malformed"}
	}
	for _, need := range needs(s) {
		switch value, count := member(root, need.member); {
		case count == 0:
			return nil, flaw{reason: "missing", member: need.member}
		case count > 1 || !need.holds(value):
			return nil, flaw{reason: "wrong", member: need.member}
		}
	}
	const pkce = "code_challenge_methods_supported"
	switch value, count := member(root, pkce); {
	case count == 0 && s.PKCE:
		end := bytes.LastIndexByte(body, '}')
		return append(bytes.Clone(body[:end]), doesPKCE+"}"...), flaw{}
	case count == 0:
		return nil, flaw{reason: "missing", member: pkce}
	case count > 1 || !lists(value, "S256"):
		return nil, flaw{reason: "wrong", member: pkce}
	}
	return body, flaw{}
}

// need is a member that clients need, and what must hold of it.
type need struct {
	member string
	holds  func(gjson.Result) bool
}

// needs lists what clients check. go-sdk compares the issuer and requires secure
// endpoints, typescript-sdk requires the lists.
func needs(s *config.AuthorizationServer) []need {
	list := []need{
		{"issuer", func(v gjson.Result) bool { return v.Type == gjson.String && v.Str == s.Issuer }},
		{"authorization_endpoint", isEndpoint},
		{"token_endpoint", isEndpoint},
		{"response_types_supported", gjson.Result.IsArray},
	}
	if s.OpenID {
		list = append(list, need{"jwks_uri", isEndpoint}, need{"subject_types_supported", gjson.Result.IsArray},
			need{"id_token_signing_alg_values_supported", gjson.Result.IsArray})
	}
	return list
}

// member returns the member of an object, and how often it is there.
func member(object gjson.Result, name string) (value gjson.Result, count int) {
	object.ForEach(func(key, v gjson.Result) bool {
		if key.Str == name {
			value = v
			count++
		}
		return true
	})
	return value, count
}

func lists(v gjson.Result, text string) bool {
	return v.IsArray() && slices.ContainsFunc(v.Array(), func(item gjson.Result) bool {
		return item.Type == gjson.String && item.Str == text
	})
}

// isEndpoint tells whether clients may send secrets to a URL: https, or http on this
// machine.
func isEndpoint(v gjson.Result) bool {
	if v.Type != gjson.String {
		return false
	}
	for i := 0; i < len(v.Str); i++ {
		if c := v.Str[i]; c <= ' ' || c >= 0x7f || c == '#' || c == '\\' {
			return false
		}
	}
	scheme, rest, _ := strings.Cut(v.Str, "://")
	authority := rest
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority = rest[:end]
	}
	o, ok := originOf(authority)
	switch {
	case !ok || o.host == "":
		return false
	case strings.EqualFold(scheme, "https"):
		return true
	}
	return strings.EqualFold(scheme, "http") && (o.host == "localhost" || o.host == "127.0.0.1" || o.host == "[::1]")
}
