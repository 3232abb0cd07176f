package request

import "testing"

func TestEndsInBody(t *testing.T) {
	for contentType, want := range map[string]bool{
		"": false, "application/json": false, "application/grpc": false, "application/grpc+proto": false, "application/connect": false,
		"application/grpc-web": true, "application/grpc-web-text+proto": true, "Application/gRPC-Web;charset=utf-8": true,
		"application/grpc-web,application/json": true, "application/connect+json": true, "APPLICATION/CONNECT+proto; x=y": true,
	} {
		_, d := Read(hdr("content-type", contentType))
		if d.EndsInBody() != want {
			t.Errorf("%q: %v", contentType, !want)
		}
		if d.IsGRPC() && want {
			t.Errorf("%q is gRPC, too", contentType)
		}
	}
}

func TestCompressesFrames(t *testing.T) {
	for _, row := range []struct {
		name, value string
		want        bool
	}{
		{"grpc-encoding", "gzip", true}, {"grpc-encoding", "identity", false}, {"grpc-encoding", "Identity", false}, {"grpc-encoding", "", false},
		{"grpc-encoding", "identity,gzip", true}, {"connect-content-encoding", "br", true}, {"connect-content-encoding", "identity", false},
		{"content-encoding", "gzip", false}, {"grpc-accept-encoding", "gzip", false},
	} {
		if got := CompressesFrames(hdr("a", "b", row.name, row.value)); got != row.want {
			t.Errorf("%s: %s: %v", row.name, row.value, got)
		}
	}
	if headers := hdr("a", "b"); !Has(headers, "a") || Has(headers, "b") || CompressesFrames(nil) {
		t.Error("a header that is not there")
	}
}
