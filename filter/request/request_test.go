package request

import (
	"slices"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// hdr is short for the many rows that need it.
var hdr = fakehost.Headers

func TestRead(t *testing.T) {
	target, d := Read(hdr(":method", "POST", ":path", "/x?y", "content-type", "text/plain", "content-length", "12",
		"origin", "https://x", "access-control-request-method", "PUT", "cookie", "a=b"))
	if target.Method != "POST" || target.Path != "/x?y" || target.Overrides != nil || target.Readings != nil {
		t.Errorf("%+v", target)
	}
	if want := (Details{ContentType: "text/plain", Origin: "https://x", RequestedMethod: "PUT", ContentLength: 12}); d != want {
		t.Errorf("%+v, want %+v", d, want)
	}
	if _, d := Read(hdr("content-length", "x")); d.ContentLength != 0 {
		t.Errorf("the length is %d", d.ContentLength)
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	headers := hdr(":method", "POST", ":path", "/x?y", "content-type", "text/plain", "content-length", "12", "x-http-metho", "PUT")
	if n := testing.AllocsPerRun(100, func() { Read(headers) }); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func TestOverrides(t *testing.T) {
	for _, row := range []struct {
		headers []proxy.Header
		want    []string
	}{
		{hdr("x-http-method-override", "POST"), []string{"POST"}},
		{hdr("x-http-method", "POST"), []string{"POST"}},
		{hdr("x-method-override", "POST"), []string{"POST"}},
		{hdr("x_method_override", "POST"), []string{"POST"}},
		{hdr("X-Method-Override", "POST"), nil},
		{hdr("x-method-overrid", "POST", "x-http-methods", "POST", "x-http-method-overridden", "POST"), nil},
		{hdr("x-http-method-override", " delete\t"), []string{"delete"}},
		{hdr("x-http-method", "PUT ,POST"), []string{"PUT", "POST"}},
		{hdr("x-http-method", "POST", "x-http-method", "PUT"), []string{"POST", "PUT"}},
		{hdr("x-http-method", "DELETE", "x-http-method", ""), []string{"DELETE", ""}},
		{hdr("x-http-method-override", "POST", "x-method-override", "PUT"), []string{"POST", "PUT"}},
	} {
		if target, _ := Read(row.headers); !slices.Equal(target.Overrides, row.want) {
			t.Errorf("%v overrides the method with %q, want %q", row.headers, target.Overrides, row.want)
		}
	}
}

func TestIsPreflight(t *testing.T) {
	for _, row := range []struct {
		name    string
		headers []proxy.Header
		want    bool
	}{
		{"a preflight", hdr(":method", "OPTIONS", "origin", "https://x", "access-control-request-method", "GET"), true},
		{"another method", hdr(":method", "GET", "origin", "https://x", "access-control-request-method", "GET"), false},
		{"no browser's spelling", hdr(":method", "options", "origin", "https://x", "access-control-request-method", "GET"), false},
		{"no origin", hdr(":method", "OPTIONS", "access-control-request-method", "GET"), false},
		{"no requested method", hdr(":method", "OPTIONS", "origin", "https://x"), false},
		{"an overridden method", hdr(":method", "OPTIONS", "origin", "https://x", "access-control-request-method", "GET", "x-http-method", "POST"), false},
		{"overridden with itself", hdr(":method", "OPTIONS", "origin", "https://x", "access-control-request-method", "GET", "x-http-method", "OPTIONS"), false},
	} {
		target, d := Read(row.headers)
		if got := IsPreflight(&target, &d); got != row.want {
			t.Errorf("%s is a preflight: %v", row.name, got)
		}
	}
}

func TestAsksOptions(t *testing.T) {
	for _, row := range []struct {
		method    string
		overrides []string
		want      bool
	}{
		{"OPTIONS", nil, true},
		{"options", nil, true},
		{"OPTIONS", []string{"GET"}, true},
		{"GET", []string{"PUT", "Options"}, true},
		{"GET", []string{"PUT"}, false},
		{"GET", nil, false},
		{"", nil, false},
	} {
		if target := (Target{Method: row.method, Overrides: row.overrides}); target.AsksOptions() != row.want {
			t.Errorf("%+v asks for options: %v", target, !row.want)
		}
	}
}

func TestIsGRPC(t *testing.T) {
	for contentType, want := range map[string]bool{
		"application/grpc": true, "application/grpc+proto": true, "application/grpc+json": true,
		"application/grpc;charset=x": true, "application/grpc ": true,
		"application/grpc-web": false, "application/grpc-web+proto": false, "application/grpcx": false,
		"application/json": false, "": false, "application/gr": false,
	} {
		if d := (Details{ContentType: contentType}); d.IsGRPC() != want {
			t.Errorf("%q is gRPC: %v", contentType, !want)
		}
	}
}

func TestUpgrades(t *testing.T) {
	for _, row := range []struct {
		method, upgrade string
		want            bool
	}{{"GET", "websocket", true}, {"GET", "", false}, {"POST", "websocket", false}} {
		if target, d := Read(hdr(":method", row.method, "upgrade", row.upgrade)); Upgrades(&target, &d) != row.want {
			t.Errorf("%+v", row)
		}
	}
}

// Which of several lines a service takes is not known here.
func TestSeveralLines(t *testing.T) {
	_, d := Read(hdr("content-type", "a/b", "content-encoding", "identity", "content-type", "c/d", "content-encoding", "gzip"))
	if d.ContentType != "a/b,c/d" || d.ContentEncoding != "identity,gzip" {
		t.Errorf("%+v", d)
	}
}
