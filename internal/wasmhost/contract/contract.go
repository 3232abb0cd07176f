// Package contract is what this project believes about Envoy's Wasm host, as
// rows that any host can be asked: requests to send through a proxy that runs
// the filter in guest/ in front of the upstream Echo, and what must come back.
//
// The same rows run against the stand-in of package wasmhost and, with a driver
// that sends real HTTP, against Envoy, so that the stand-in cannot drift from it.
//
// A host must be set up as follows. Its plugin has the name "contract", the root
// id "root" and no configuration; its VM the vm_id "contract-vm", the configuration
// "vm" (a StringValue) and the environment CONTRACT=yes. The plugin allows
// on_headers_stop_iteration. Trailers pass in both directions (enable_trailers),
// X-Forwarded-For is believed (use_remote_address false), and the requests go to the
// host contract.example. The cluster "service" is the upstream, for calls, too.
// GRPCCluster has the service GRPC and is called by HTTP/2, as is ClosedCluster, at whose
// address nobody listens. In front of the filter another one leaves the dynamic metadata
// Metadata behind; nothing else changes anything.
package contract

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost/contract/script"
)

// The clusters for gRPC calls, and the :authority that all have.
const (
	Authority     = "authority"
	GRPCCluster   = "contract-grpc"
	ClosedCluster = "contract-closed"
)

// Request is sent over HTTP/1.1: with Content-Length if it has a body, chunked if
// it has trailers too.
type Request struct {
	Method   string
	Path     string
	Host     string // "contract.example" if it is empty
	Headers  [][2]string
	Body     string
	Trailers [][2]string
}

// Response is what the client receives.
type Response struct {
	Status  int
	Headers [][2]string // in order
	Body    string
	// Hung tells whether no answer came in a time in which any answer would have.
	Hung bool
	// Cut tells whether the body is not as long as the headers said, because the
	// response was cut off.
	Cut bool
}

// Values returns all lines of a header.
func (r Response) Values(name string) []string {
	var values []string
	for _, p := range r.Headers {
		if strings.EqualFold(p[0], name) {
			values = append(values, p[1])
		}
	}
	return values
}

// Case is one belief.
type Case struct {
	Name      string
	Exchanges []Exchange
}

// Exchange is a request, what the guest does with it, and what must come of it.
type Exchange struct {
	Request Request
	Steps   []script.Step
	Want    Want
}

// Want is what must come of a request. Fields that are left out are not looked at.
type Want struct {
	Status int
	// Headers are all lines of the names given, in order; no lines: the header
	// must be absent.
	Headers map[string][]string
	// Order are names, in lower case, that must come in this order.
	Order []string
	// Body is compared if it is not nil.
	Body *string
	// Report are the lines that the guest wrote about its steps, all of them.
	Report []string
	// Upstream is what the upstream got of the request.
	Upstream Sight
	// Hung means that no answer may come, Cut that only a part of one may.
	Hung, Cut bool
}

// The headers that carry the test, in a request.
const (
	stepsHeader  = "x-contract"
	reportHeader = "x-contract-report"
	fetchHeader  = "x-contract-fetch"
)

// patience is how often a report is asked for. A host that logs a stream after
// the client has its answer needs a few.
const patience = 2000

// Run checks all cases, one after another. do sends one request and returns what
// came back. The host's shared data must be empty at the start.
func Run(t *testing.T, do func(Request) Response) {
	for i, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			for j, e := range c.Exchanges {
				e.check(t, fmt.Sprintf("%d-%d", i, j), do)
			}
		})
	}
}

func (e Exchange) check(t *testing.T, id string, do func(Request) Response) {
	t.Helper()
	request := e.Request
	request.Headers = append(slices.Clone(request.Headers),
		[2]string{reportHeader, id}, [2]string{stepsHeader, script.Encode(e.Steps)})
	got := do(request)
	e.Want.checkResponse(t, got)
	if e.Want.Report != nil {
		report := ask(do, fetchHeader, id, "")
		if want := strings.Join(e.Want.Report, "\n"); report != want {
			t.Errorf("the guest reports\n%s\nwant\n%s", report, want)
		}
	}
	if e.Want.Upstream != "" {
		if saw := ask(do, sightHeader, id, string(e.Want.Upstream)); saw != string(e.Want.Upstream) {
			t.Errorf("the upstream saw %q, want %q", saw, e.Want.Upstream)
		}
	}
}

// ask gets a piece of text about an earlier request, from the guest or from the
// upstream, once it is there (and is what is hoped for).
func ask(do func(Request) Response, header, id, hoped string) string {
	var r Response
	for range patience {
		r = do(Request{Method: "GET", Path: "/", Headers: [][2]string{{header, id}}})
		if r.Status == http.StatusOK && (hoped == "" || r.Body == hoped) {
			break
		}
	}
	return r.Body
}

func (w Want) checkResponse(t *testing.T, got Response) {
	t.Helper()
	if got.Hung != w.Hung {
		t.Fatalf("hung: %v, want %v", got.Hung, w.Hung)
	}
	if got.Cut != w.Cut {
		t.Errorf("cut off: %v, want %v", got.Cut, w.Cut)
	}
	if w.Status != 0 && got.Status != w.Status {
		t.Errorf("status %d, want %d", got.Status, w.Status)
	}
	for name, want := range w.Headers {
		if values := got.Values(name); !slices.Equal(values, want) {
			t.Errorf("%s: %q, want %q", name, values, want)
		}
	}
	if order := got.order(w.Order); !slices.Equal(order, w.Order) {
		t.Errorf("headers in the order %q, want %q", order, w.Order)
	}
	if w.Body != nil && got.Body != *w.Body {
		t.Errorf("body %q, want %q", got.Body, *w.Body)
	}
}

// order returns those of names that the response has, as they come.
func (r Response) order(names []string) []string {
	var order []string
	for _, p := range r.Headers {
		if name := strings.ToLower(p[0]); slices.Contains(names, name) {
			order = append(order, name)
		}
	}
	return order
}

// Text makes a Want.Body.
func Text(s string) *string { return &s }

// SplitHead reads a status line and header lines as they are on the wire, for
// drivers that need the order that net/http loses.
func SplitHead(head []byte) (lines [][2]string) {
	for _, line := range bytes.Split(head, []byte("\r\n"))[1:] {
		if name, value, ok := strings.Cut(string(line), ":"); ok {
			lines = append(lines, [2]string{strings.ToLower(name), strings.TrimSpace(value)})
		}
	}
	return lines
}
