package outcome

import (
	"encoding/base64"
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/challenge"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// handshake is what a request's Authorization says about a scheme that takes several
// requests, or that renews its nonce by a 401. The zero handshake means no such scheme.
// Only the response shows whether its 401 is a step: see [handshake.goesOn].
type handshake struct {
	scheme scheme
	// last requests have the response to the service's challenge. A 401 to one ends the
	// handshake, and a challenge in it starts a new one.
	last bool
}

type scheme uint8

const (
	noScheme  scheme = iota
	ntlm             // MS-NTHT
	negotiate        // RFC 4559
	scram            // RFC 7804
	digest           // RFC 7616
	dpop             // RFC 9449 section 9
)

// Handshake notes the handshake that the request is part of, if it is.
func (s *State) Handshake(headers []proxy.Header) {
	found := false
	for i := range headers {
		if headers[i].Name != caller.Authorization {
			continue
		}
		if found { // which one the service reads is not known
			s.handshake = handshake{}
			return
		}
		found = true
		s.handshake = readHandshake(headers[i].Value)
	}
}

// readHandshake reads the value of an Authorization header.
func readHandshake(value string) handshake {
	value = ascii.TrimBlanks(value)
	name, rest, _ := strings.Cut(value, " ")
	switch which := schemeOf(name); which {
	case ntlm, negotiate:
		return handshake{which, messageType(decode(rest)) == authenticateMessage}
	case scram:
		return handshake{which, strings.HasPrefix(scramParam(value, "data"), "c=")}
	default:
		return handshake{scheme: which}
	}
}

func schemeOf(name string) scheme {
	switch len(name) {
	case len("NTLM"):
		if strings.EqualFold(name, "NTLM") {
			return ntlm
		}
		if strings.EqualFold(name, "DPoP") {
			return dpop
		}
	case len("Digest"):
		if strings.EqualFold(name, "Digest") {
			return digest
		}
	case len("Negotiate"):
		if strings.EqualFold(name, "Negotiate") {
			return negotiate
		}
	}
	if len(name) > len("SCRAM-") && strings.EqualFold(name[:len("SCRAM-")], "SCRAM-") {
		return scram
	}
	return noScheme
}

// goesOn tells whether a 401 with these headers is a step of the handshake, or says
// that its nonce is stale, so that it does not reject a credential.
func (h handshake) goesOn(headers []proxy.Header) bool {
	for i := range headers {
		if headers[i].Name == "www-authenticate" && h.continues(headers[i].Value) {
			return true
		}
	}
	return false
}

// continues tells whether a WWW-Authenticate line continues the handshake. A line that
// is malformed does not.
func (h handshake) continues(line string) bool {
	if h.scheme == scram {
		return h.continuesSCRAM(line)
	}
	all, _ := challenge.Parse(line)
	for i := range all {
		c := &all[i]
		if schemeOf(c.Scheme) != h.scheme {
			continue
		}
		switch h.scheme {
		case digest:
			if stale, _ := c.Param("stale"); strings.EqualFold(stale, "true") {
				return true
			}
		case dpop:
			if code, _ := c.Param("error"); code == "use_dpop_nonce" {
				return true
			}
		case ntlm, negotiate:
			if token := decode(c.Token68()); len(token) > 0 && !h.last && !rejects(token, h.scheme) {
				return true
			}
		}
	}
	return false
}

// continuesSCRAM reads a line of SCRAM. Its values are Base64 without quotes, which RFC
// 9110 does not allow in a parameter.
func (h handshake) continuesSCRAM(line string) bool {
	if strings.EqualFold(scramParam(line, "stale"), "true") {
		return true
	}
	data := scramParam(line, "data")
	return data != "" && !h.last && !strings.HasPrefix(data, "e=")
}

// scramParam returns the value of a parameter of SCRAM, for data the decoded value.
func scramParam(line, name string) string {
	inside := false // of a challenge of SCRAM
	for line != "" {
		var part string
		part, line, _ = strings.Cut(line, ",")
		key, value, _ := strings.Cut(ascii.TrimBlanks(part), "=")
		if word, first, begins := strings.Cut(key, " "); begins {
			inside, key = schemeOf(word) == scram, strings.TrimLeft(first, " ")
		}
		if !inside || !strings.EqualFold(key, name) {
			continue
		}
		value = strings.Trim(value, `"`)
		if name == "data" {
			return string(decode(value))
		}
		return value
	}
	return ""
}

// maxToken is how much of a token is decoded, in bytes of Base64. The fields needed are
// at its beginning.
const maxToken = 512

// decode returns the beginning of a decoded Base64 token.
func decode(token string) []byte {
	token = ascii.TrimBlanks(token)
	decoded, _ := base64.StdEncoding.DecodeString(token[:min(len(token), maxToken)])
	return decoded
}

// signature begins a message of NTLM.
const signature = "NTLMSSP\x00"

const (
	challengeMessage    = 2
	authenticateMessage = 3
)

// messageType returns the type of the NTLM message in a token, bare or within SPNEGO
// (MS-NLMP section 2.2.1), or 0.
func messageType(token []byte) byte {
	for i := 0; i+len(signature) < len(token); i++ {
		if string(token[i:i+len(signature)]) == signature {
			return token[i+len(signature)]
		}
	}
	return 0
}

// rejects tells whether a token of the service ends the handshake. One that has no known
// form does not: it is for the client to read.
func rejects(token []byte, of scheme) bool {
	const (
		negTokenResp = 0xa1 // RFC 4178 section 4.2.2
		gss          = 0x60 // RFC 2743 section 3.1
		krbError     = 0x7e // RFC 4120 section 5.9.1
	)
	switch {
	case of == ntlm || startsWith(token, signature):
		return messageType(token) != challengeMessage
	case token[0] == negTokenResp:
		return negState(token) == rejected
	case token[0] == gss:
		body := within(token)
		// The identifier of Kerberos, and that of its error message (RFC 4121 section 4.1).
		return startsWith(body, "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03\x00")
	}
	return token[0] == krbError
}

func startsWith(token []byte, what string) bool {
	return len(token) >= len(what) && string(token[:len(what)]) == what
}

// rejected is a negState of SPNEGO.
const rejected = 2

// negState returns the state that a NegTokenResp begins with, or -1 if it has none.
func negState(token []byte) int {
	sequence := within(within(token))
	if len(sequence) < 5 || sequence[0] != 0xa0 || sequence[2] != 0x0a {
		return -1
	}
	return int(sequence[4])
}

// within returns what is inside an element of DER, as far as it is there.
func within(element []byte) []byte {
	if len(element) < 2 {
		return nil
	}
	skip := 2
	if long := element[1]; long > 0x80 {
		skip += int(long & 0x7f)
	}
	return element[min(skip, len(element)):]
}
