package filter

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// hdr makes headers of names and values.
var hdr = fakehost.Headers

// newFilter returns a filter and the proxy that it runs in. The calls that New made are
// forgotten.
func newFilter(t testing.TB, json string) (*Filter, *fakehost.Host) {
	t.Helper()
	host := fakehost.New()
	f := New(fakehost.ParseConfig(t, json), host, fakehost.Seed)
	host.Forget()
	return f, host
}

// newWorker returns a second filter with the configuration of f, in the same proxy.
func newWorker(f *Filter, host *fakehost.Host) *Filter { return New(f.config, host, fakehost.Seed) }

// exchange passes a request without a body through a filter, and then its response.
func exchange(f *Filter, host *fakehost.Host, request, response []proxy.Header) *Stream {
	host.Request, host.Response = request, response
	s := f.NewStream()
	if s.RequestHeaders(true) == proxy.Continue {
		host.Request = nil // the proxy does not keep the headers
		s.ResponseHeaders(true)
	}
	s.Done()
	return s
}

// ask is an exchange in which the service answers 200, with further headers.
func ask(f *Filter, host *fakehost.Host, request []proxy.Header, response ...string) *Stream {
	return exchange(f, host, request, hdr(append([]string{":status", "200"}, response...)...))
}

// form passes a request with a body, all of which arrives at once, through a filter,
// and then its response.
func form(f *Filter, host *fakehost.Host, request []proxy.Header, body string, response []proxy.Header) *Stream {
	host.Request, host.RequestData, host.Response = request, []byte(body), response
	s := f.NewStream()
	s.RequestHeaders(false)
	if s.RequestBody(len(body), true) == proxy.Continue {
		s.ResponseHeaders(true)
	}
	s.Done()
	return s
}

// get returns the headers of a GET request.
func get(path string) []proxy.Header { return hdr(":method", "GET", ":path", path) }

// with returns headers and further ones after them.
func with(headers []proxy.Header, more ...string) []proxy.Header {
	return append(append([]proxy.Header(nil), headers...), hdr(more...)...)
}

// from sets the address that the next requests come from.
func from(host *fakehost.Host, address string) {
	host.Properties[fakehost.SourceAddress] = address + ":4711"
}

// taken returns the calls so far, and forgets them.
func taken(host *fakehost.Host) string {
	calls := strings.Join(host.Calls, ", ")
	host.Forget()
	return calls
}

// status returns the status of the first reply, or "" if the filter gave none.
func status(host *fakehost.Host) string {
	if len(host.Replies) == 0 {
		return ""
	}
	return strconv.Itoa(host.Replies[0].Status)
}

// details returns what the first reply says of its reason, or "" if the filter gave none.
func details(host *fakehost.Host) string {
	if len(host.Replies) == 0 {
		return ""
	}
	return host.Replies[0].Details
}

// sum flushes some workers and returns a counter of all of them.
func sum(t *testing.T, host *fakehost.Host, name string, workers ...*Filter) uint64 {
	t.Helper()
	for _, f := range workers {
		f.Flush()
	}
	return host.Value(t, name)
}

// basic returns the value of an Authorization header with the scheme Basic.
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// hashOf returns the hash of an API key as a configuration has it.
func hashOf(key string) string {
	hash := sha256.Sum256([]byte(key))
	return hex.EncodeToString(hash[:])
}

// payload returns the name of the property with a claim in the payload of jwt_authn.
func payload(claim string) string {
	return "metadata\x00filter_metadata\x00envoy.filters.http.jwt_authn\x00payload\x00" + claim
}

// checkOwnReply shows that the filter neither judges nor changes a response that is its
// own reply, and that the refused request goes no further.
func checkOwnReply(t *testing.T, host *fakehost.Host, s *Stream) {
	t.Helper()
	host.Response = hdr(":status", "401", "content-type", "application/json")
	host.Trailers = hdr("grpc-status", "16")
	if s.RequestBody(5, true) != proxy.Pause || s.RequestTrailers() != proxy.Pause {
		t.Error("the request goes on")
	}
	s.ResponseHeaders(false)
	s.ResponseBody(5, true)
	s.ResponseTrailers()
	s.Done()
	if got := taken(host); got != "" {
		t.Errorf("the filter's own reply costs: %s", got)
	}
}

// records returns how many counters are in the table. The second byte of a set is the
// number of its records.
func records(host *fakehost.Host) (n int) {
	for key, set := range host.Data {
		if strings.HasPrefix(key, "gatewarden/1/set/") {
			n += int(set.Value[1])
		}
	}
	return n
}
