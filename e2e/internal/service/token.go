package service

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strconv"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

var grantTypes = []string{"authorization_code", "password", "refresh_token", "client_credentials", deviceGrant}

// Device codes with a fate of their own; DeviceReady is the one that works.
const (
	DevicePending = "device-pending"
	DeviceSlow    = "device-slow"
	DeviceExpired = "device-expired"
	DeviceReady   = "device-ready"
)

// tokenError is an error of RFC 6749 section 5.2 or RFC 8628 section 3.5.
type tokenError string

// token is the token endpoint. For tests of what stands in front of it, the
// query may ask for an error body in several pieces (?pieces=n) or compressed
// (?gzip=1).
func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		writeTokenError(w, r, http.StatusBadRequest, "invalid_request")
		return
	}
	id, secret, header := r.BasicAuth()
	if !header {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id != ClientID || secret != ClientSecret {
		// A client that used the Authorization header gets a 401 with a
		// challenge; any other a 400, as for all other errors.
		if header {
			w.Header().Set("WWW-Authenticate", `Basic realm="demo"`)
			writeTokenError(w, r, http.StatusUnauthorized, "invalid_client")
			return
		}
		writeTokenError(w, r, http.StatusBadRequest, "invalid_client")
		return
	}
	if problem := s.checkGrant(r); problem != "" {
		writeTokenError(w, r, http.StatusBadRequest, problem)
		return
	}
	s.writeTokens(w, r.PostForm.Get("scope"))
}

func (s *Service) checkGrant(r *http.Request) tokenError {
	valid := false
	switch form := r.PostForm; form.Get("grant_type") {
	case "":
		return "invalid_request"
	case "authorization_code":
		valid = s.grants.redeem("code", form.Get("code"))
	case "refresh_token":
		valid = s.grants.redeem("refresh", form.Get("refresh_token"))
	case "password":
		valid = form.Get("username") == User && form.Get("password") == Password
	case "client_credentials":
		valid = true
	case deviceGrant:
		return checkDevice(form.Get("device_code"))
	default:
		return "unsupported_grant_type"
	}
	if !valid {
		return "invalid_grant"
	}
	if scope := r.PostForm.Get("scope"); scope == "unknown" {
		return "invalid_scope"
	}
	return ""
}

func checkDevice(code string) tokenError {
	switch code {
	case DevicePending:
		return "authorization_pending"
	case DeviceSlow:
		return "slow_down"
	case DeviceExpired:
		return "expired_token"
	case DeviceReady:
		return ""
	}
	return "invalid_grant"
}

// writeTokens issues a token for all scopes, unless less is asked for.
func (s *Service) writeTokens(w http.ResponseWriter, scope string) {
	token := Token
	if scope == byToken[ReadToken].scopes {
		token = ReadToken
	}
	noStore(w)
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token":  token,
		"token_type":    "Bearer",
		"scope":         byToken[token].scopes,
		"expires_in":    3600,
		"refresh_token": s.grants.issue("refresh"),
	})
}

func writeTokenError(w http.ResponseWriter, r *http.Request, status int, problem tokenError) {
	body, err := json.Marshal(map[string]string{
		"error":             string(problem),
		"error_description": "the demo service says no",
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	noStore(w)
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if r.URL.Query().Get("gzip") != "" {
		w.Header().Set("Content-Encoding", "gzip")
		body = compressed(body)
	}
	w.WriteHeader(status)
	pieces, _ := strconv.Atoi(r.URL.Query().Get("pieces"))
	writePieces(w, body, min(max(pieces, 1), len(body)))
}

func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}

func compressed(body []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(body) // into memory: cannot fail
	_ = z.Close()
	return out.Bytes()
}

// writePieces sends body in n pieces, each in a write of its own.
func writePieces(w http.ResponseWriter, body []byte, n int) {
	flush := http.NewResponseController(w)
	for i := range n {
		_, _ = w.Write(body[i*len(body)/n : (i+1)*len(body)/n])
		if n > 1 {
			_ = flush.Flush() // a response that cannot be flushed arrives whole
		}
	}
}
