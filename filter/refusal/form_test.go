package refusal

import (
	"encoding/binary"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

func TestFormOf(t *testing.T) {
	for _, row := range []struct {
		method, path, contentType, version string
		want                               Form
	}{
		{"POST", "/", "application/json", "", ProblemForm},
		{"POST", "/", "application/grpc+proto", "", GRPCForm},
		{"POST", "/", "application/grpc", "1", GRPCForm},
		{"POST", "/", "application/json", "1", ConnectForm},
		{"POST", "/", "application/proto", "1", ConnectForm},
		{"POST", "/", "application/proto", "", ProblemForm},
		{"POST", "/", "text/plain", "1", ProblemForm},
		{"POST", "/", "", "1", ProblemForm},
		{"GET", "/a?connect=v1&encoding=json", "", "", ConnectForm},
		{"GET", "/a?encoding=json&connect=v1", "", "", ConnectForm},
		{"GET", "/a?xconnect=v1", "", "", ProblemForm},
		{"GET", "/connect=v1", "", "", ProblemForm},
		{"POST", "/a?connect=v1", "", "", ProblemForm},
		{"POST", "/", "application/connect+proto", "1", ConnectProtoForm},
		{"POST", "/", "Application/Connect+JSON; charset=utf-8", "", ConnectJSONForm},
		{"POST", "/", "application/connect+thrift", "1", ProblemForm},
		{"POST", "/", "application/grpc-web", "", GRPCWebForm},
		{"POST", "/", "application/grpc-web+proto", "", GRPCWebProtoForm},
		{"POST", "/", "application/grpc-web+json ;x=y", "", GRPCWebJSONForm},
		{"POST", "/", "application/grpc-web+thrift", "", GRPCWebForm},
		{"POST", "/", "application/grpc-web-text", "", GRPCWebTextForm},
		{"POST", "/", "APPLICATION/GRPC-WEB-TEXT+PROTO", "", GRPCWebTextProtoForm},
	} {
		headers := hdr(":method", row.method, ":path", row.path, "content-type", row.contentType)
		if row.version != "" {
			headers = append(headers, hdr("connect-protocol-version", row.version)...)
		}
		target, details := request.Read(headers)
		if got := FormOf(&target, &details); got != row.want {
			t.Errorf("%+v: %d", row, got)
		}
	}
}

// TestCallReplies has each room's refusal in each of the forms for calls from web pages.
func TestCallReplies(t *testing.T) {
	compressed := NewCompressed()
	malformed := NewMalformed("No.")
	for _, row := range []struct {
		words  *Words
		code   string
		grpc   string
		status int
	}{
		{&lockedOut, "resource_exhausted", "8", 429},
		{&overQuota, "resource_exhausted", "8", 429},
		{&overCapacity, "unavailable", "14", 503},
		{&unavailable, "unavailable", "14", 503},
		{&authDenied, "unauthenticated", "16", 401},
		{&bypassDenied, "failed_precondition", "9", 400},
		{malformed, "invalid_argument", "3", 400},
		{compressed, "unimplemented", "12", 501},
	} {
		for form := ConnectForm; form < numForms; form++ {
			got := newCORS(t, "", "").Reply(row.words, &Refusal{Reason: LockedOut, Seconds: 5}, &Recipient{Form: form, Request: []byte(`{"id":1}`)})
			mediaType := fakehost.First(got.Headers, "content-type")
			if fakehost.First(got.Headers, "retry-after") != "5" || got.Details != "gatewarden_locked_out" {
				t.Errorf("form %d: %+v", form, got)
			}
			if form.IsWeb() {
				if got.Status != 200 || len(got.Body) > 0 || mediaType != "" || fakehost.First(got.Headers, "grpc-status") != row.grpc ||
					fakehost.First(got.Headers, "grpc-message") != row.words.Message {
					t.Errorf("%s, form %d: %+v", row.code, form, got)
				}
				continue
			}
			body, status := got.Body, row.status
			if form != ConnectForm {
				status = 200
				if len(body) < 5 || body[0] != 2 || int(binary.BigEndian.Uint32(body[1:])) != len(body)-5 {
					t.Fatalf("form %d: %q", form, body)
				}
				var end struct{ Error json.RawMessage }
				if err := json.Unmarshal(body[5:], &end); err != nil {
					t.Fatal(err)
				}
				body = end.Error
			}
			var is struct{ Code, Message string }
			if err := json.Unmarshal(body, &is); err != nil || is.Code != row.code || is.Message != row.words.Message || got.Status != status || mediaType != form.MediaType() {
				t.Errorf("%s, form %d: %+v %s (%v)", row.code, form, got, body, err)
			}
		}
	}
}

// A page on another origin may read the status of gRPC-Web.
func TestWebExposesItsStatus(t *testing.T) {
	for _, json := range []string{"", `{"cors": {"origins": ["https://b"]}}`} {
		cors := newCORS(t, json, "X-Y")
		for form := ProblemForm; form < numForms; form++ {
			want := "Retry-After, RateLimit, WWW-Authenticate, X-Y"
			if form.IsWeb() {
				want += ", Grpc-Status, Grpc-Message"
			}
			got := cors.Reply(&lockedOut, &Refusal{Reason: LockedOut}, &Recipient{Form: form, Origin: cors.Origin("https://b")})
			if got := fakehost.First(got.Headers, ExposeHeaders); got != want {
				t.Errorf("%s, form %d: %q", json, form, got)
			}
		}
	}
}

func TestPercentEncode(t *testing.T) {
	words := Words{GRPC: 8, Message: "100% \"é\"\n~"}
	want := proxy.Headers{{Name: "grpc-status", Value: "8"}, {Name: "grpc-message", Value: "100%25 \"%C3%A9\"%0A~"}}
	var got proxy.Headers
	if words.addStatus(&got); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

// Forms that there are not are problems without a media type.
func TestUnknownForm(t *testing.T) {
	if f := numForms; f.MediaType() != "" || f.IsWeb() || f.IsConnect() {
		t.Error(f)
	}
}
