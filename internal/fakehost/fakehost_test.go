package fakehost

import (
	"slices"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// TestSet shows Envoy's compare-and-swap: a missing key is created whatever the
// number, 0 overwrites blindly, and any other number must be the current one.
func TestSet(t *testing.T) {
	h := New()
	key := []byte("k")
	set := func(value string, cas uint32, want bool) {
		t.Helper()
		if got := h.Set(key, []byte(value), cas); got != want {
			t.Errorf("Set %q with %d returned %v", value, cas, got)
		}
	}
	set("a", 99, true)
	_, cas, found := h.Get(key)
	if !found || cas == 0 {
		t.Fatal("the key was not created")
	}
	set("b", cas, true)
	set("c", cas, false)
	set("d", 0, true)
	h.Races = 1
	set("e", 0, false)
	if value, _, _ := h.Get(key); string(value) != "d" {
		t.Errorf("the value is %q", value)
	}
	want := []string{"set", "get", "set", "set", "set", "set", "get"}
	if !slices.Equal(h.Calls, want) {
		t.Errorf("recorded %q, want %q", h.Calls, want)
	}
}

// TestMeanwhile shows that another worker acts once, before the call that is asked
// for, and leaves the current headers alone.
func TestMeanwhile(t *testing.T) {
	h := New()
	h.Request = Headers(":path", "/")
	runs := 0
	h.Meanwhile, h.In = func() { runs++; h.Time += 5; h.Request = nil }, 1
	for i, want := range []int64{1_000_000, 1_000_005, 1_000_005} {
		if got := h.Now(); got != want {
			t.Errorf("call %d: the time is %d, want %d", i, got, want)
		}
	}
	if runs != 1 || First(h.Request, ":path") != "/" {
		t.Errorf("ran %d times, and the request is %q", runs, h.Request)
	}
}

// TestHeaders shows that removing takes all lines of a header, and adding keeps the
// order.
func TestHeaders(t *testing.T) {
	h := New()
	h.Response = Headers("a", "1", "b", "2", "a", "3")
	if got := All(h.ResponseHeaders(), "a"); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("a is %q", got)
	}
	h.RemoveResponseHeader("a")
	h.AddResponseHeader("b", "4")
	if want := Headers("b", "2", "b", "4"); !slices.Equal(h.Response, want) {
		t.Errorf("the headers are %q, want %q", h.Response, want)
	}
}

// TestGRPC shows that a call is kept as it was when it was sent.
func TestGRPC(t *testing.T) {
	h := New()
	message := []byte("m")
	number, ok := h.CallGRPC(&proxy.GRPCCall{Cluster: "c", Message: message})
	message[0] = 'x'
	if !ok || number != 1 || string(h.SentGRPC[0].Message) != "m" {
		t.Errorf("call %d, sent %v: %+v", number, ok, h.SentGRPC)
	}
	h.GRPCBody = "answer"
	if got := string(h.GRPCMessage(3)) + string(h.GRPCMessage(9)); got != "ansanswer" {
		t.Errorf("the message is %q", got)
	}
	h.NoGRPC = true
	if _, ok := h.CallGRPC(&proxy.GRPCCall{}); ok || len(h.SentGRPC) != 1 {
		t.Errorf("sent %v: %d calls", ok, len(h.SentGRPC))
	}
}

// TestHistogram shows that all samples are kept.
func TestHistogram(t *testing.T) {
	h := New()
	m := h.Histogram("h")
	h.Record(m, 5)
	h.Record(h.Histogram("h"), 7)
	h.Record(h.Gauge("h"), 9)
	if got := h.Samples["h"]; !slices.Equal(got, []uint64{5, 7}) {
		t.Errorf("the samples are %d", got)
	}
}

// TestSharedData shows that hosts which share a map notice each other's writes.
func TestSharedData(t *testing.T) {
	one := &Host{Data: map[string]Datum{}}
	other := &Host{Data: one.Data}
	key := []byte("k")
	one.Set(key, []byte("a"), 0)
	_, cas, _ := one.Get(key)
	if !other.Set(key, []byte("b"), cas) || one.Set(key, []byte("c"), cas) {
		t.Error("a write was lost")
	}
}
