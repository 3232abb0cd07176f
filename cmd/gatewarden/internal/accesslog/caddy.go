package accesslog

import (
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Caddy writes JSON with an object for the request:
//
//	{"level":"info","ts":1646861401.52,"logger":"http.log.access","msg":"handled request",
//	"request":{"remote_ip":"192.0.2.7","method":"GET","host":"example.com","uri":"/",
//	"headers":{"Authorization":[]}},"duration":0.0009,"status":200}
//
// ts is when the request was over, and duration has seconds. The object has all headers
// of the request. Caddy empties those with a credential unless it is told otherwise, and
// leaves their names. Of an error it writes a line more, with err_id.
// See https://caddyserver.com/docs/caddyfile/directives/log

// readCaddy reads the object of the request. One without a URI is not Caddy's.
func (f *Fields) readCaddy(request gjson.Result, v *values) {
	if request.Get("uri").Type != gjson.String {
		return
	}
	v.unit = seconds
	request.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "client_ip":
			v.set(known{fieldClient, 1}, value.Str)
		case "remote_ip", "remote_addr":
			v.set(known{fieldClient, 2}, value.Str)
		case "method":
			v.set(known{fieldMethod, 1}, value.Str)
		case "host":
			v.set(known{fieldAuthority, 1}, value.Str)
		case "uri":
			v.set(known{fieldPath, 1}, value.Str)
		case "headers":
			f.readCaddyHeaders(value, v)
		}
		return true
	})
}

func (f *Fields) readCaddyHeaders(headers gjson.Result, v *values) {
	credential := ""
	if len(f.credentials) > 0 {
		credential = "no"
	}
	headers.ForEach(func(key, value gjson.Result) bool {
		switch {
		case strings.EqualFold(key.Str, "X-Forwarded-For"):
			v.set(known{fieldForwarded, 1}, firstOf(value))
		case f.isCredential(key.Str):
			credential = "yes"
		}
		for i, name := range f.headers {
			if strings.EqualFold(key.Str, name) {
				v.set(known{fieldHeaders + field(i), 2}, firstOf(value))
			}
		}
		return true
	})
	if credential != "" {
		v.set(known{fieldCredential, 2}, credential)
	}
}

// firstOf is the first value of a header.
func firstOf(values gjson.Result) (first string) {
	values.ForEach(func(_, value gjson.Result) bool {
		first = value.Str
		return false
	})
	return first
}

// isCredential tells whether a header has a credential.
func (f *Fields) isCredential(name string) bool {
	for _, known := range f.credentials {
		if strings.EqualFold(known, name) {
			return true
		}
	}
	return strings.EqualFold(name, "Authorization")
}

// seconds reads a length of time in seconds, or such as "1.5ms", and returns milliseconds.
func seconds(text string) int64 {
	if text != "" && text[len(text)-1] == 's' {
		if d, err := time.ParseDuration(text); err == nil {
			return min(max(0, d.Milliseconds()), monthInMilliseconds)
		}
	}
	return inMilliseconds(text, 1000)
}
