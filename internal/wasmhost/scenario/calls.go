package scenario

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

const (
	web     = "application/grpc-web+proto"
	webText = "application/grpc-web-text"
	stream  = "application/connect+proto"

	lockoutMessage = "Too many failed authentications. Try again in 60 seconds."
	lockoutError   = `{"code":"resource_exhausted","message":"` + lockoutMessage + `"}`
)

// frame is one of gRPC, gRPC-Web and Connect.
func frame(flags byte, payload string) string {
	return string(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(payload)))) + payload
}

// ends is the last frame of gRPC-Web, endsStream that of Connect.
func ends(status string) string {
	return frame(0x80, "grpc-status: "+status+"\r\ngrpc-message: as you wished\r\n")
}

func endsStream(json string) string { return frame(0x02, json) }

// asText pads each of the parts, as servers do that flush them.
func asText(parts ...string) (out []string) {
	for _, part := range parts {
		out = append(out, base64.StdEncoding.EncodeToString([]byte(part)))
	}
	return out
}

func invoke(note, contentType string, options ...option) Step {
	return post(note, "/api/v1/pkg.Service/Method", append([]option{
		with("content-type", contentType), token("t"), body(frame(0, "x")),
	}, options...)...)
}

func calls() []Scenario {
	message := frame(0, strings.Repeat("m", 1000))
	return []Scenario{
		{
			Name: "gRPC-Web: status 16 counts, at the end of the body or in the headers",
			Steps: []Step{
				invoke("success", web, answerBody(web, message, ends("0")), times(many)),
				invoke("other codes do not count", web, answerBody(web, ends("7")), times(many)),
				invoke("nor what looks like the end in a message", web, answerBody(web, frame(0, ends("16")), ends("0")), times(many)),
				invoke("nor a call without a credential", web, answerBody(web, ends("16")), without("authorization"), times(many)),
				invoke("in one piece", web, answerBody(web, ends("16")), times(5)),
				invoke("in pieces", web, answerBody(web, message[:500], message[500:]+ends("16")[:3], ends("16")[3:20], ends("16")[20:]), times(5)),
				invoke("trailers-only", web, answer(200, [2]string{"content-type", web}, [2]string{"grpc-status", "16"}), times(5)),
				invoke("HTTP says it", web, answer(401), times(5)),
				invoke("", web, refused("locked_out", 200), has("content-type", web), has("grpc-status", "8"), has("grpc-message", lockoutMessage),
					has("retry-after", "60"), has("ratelimit", `"lockout-rest";r=0;t=60`)),
				invoke("each gets its own media type", "application/grpc-web", refused("locked_out", 200), has("content-type", "application/grpc-web"), has("grpc-status", "8")),
				invoke("", webText, refused("locked_out", 200), has("content-type", webText), has("grpc-status", "8")),
				invoke("gRPC is answered as before", "application/grpc", refused("locked_out", 200), has("content-type", "application/grpc"), has("grpc-status", "8")),
			},
			Log: []string{"reason=grpc_status_16 failures=1 limit=20"},
		},
		{
			Name: "gRPC-Web as text, padded anywhere",
			Steps: []Step{
				invoke("success", webText, answerBody(webText, asText(message, ends("0"))...), times(many)),
				invoke("", webText, answerBody(webText, asText(message, ends("16"))...), times(10)),
				invoke("in one text", webText, answerBody(webText, asText(message+ends("16"))...), times(5)),
				invoke("cut within", webText, answerBody(webText, asText(message[:10], message[10:]+ends("16")[:1], ends("16")[1:])...), times(5)),
				invoke("", webText, refused("locked_out", 200), has("grpc-status", "8")),
			},
		},
		{
			Name: "Connect: streams end with an error, other calls are HTTP",
			Steps: []Step{
				invoke("success", stream, answerBody(stream, message, endsStream(`{}`)), times(many)),
				invoke("other codes do not count", stream, answerBody(stream, endsStream(`{"error":{"code":"permission_denied","message":"unauthenticated"}}`)), times(many)),
				invoke("", stream, answerBody(stream, endsStream(`{"error":{"code":"unauthenticated"}}`)), times(8)),
				invoke("in pieces", stream, answerBody(stream, message+"\x02", endsStream(`{"metadata":{},"error":{"message":"no","code":"unauthenticated"}}`)[1:30],
					endsStream(`{"metadata":{},"error":{"message":"no","code":"unauthenticated"}}`)[30:]), times(8)),
				invoke("unary", "application/proto", with("connect-protocol-version", "1"), answer(401), answerBody("application/json", `{"code":"unauthenticated"}`), times(4)),
				invoke("", stream, refused("locked_out", 200), has("content-type", stream), has("retry-after", "60"), says(endsStream(`{"error":`+lockoutError+`}`))),
				invoke("", "application/connect+json", refused("locked_out", 200), has("content-type", "application/connect+json"), says(endsStream(`{"error":`+lockoutError+`}`))),
				invoke("unary", "application/json", with("connect-protocol-version", "1"), locked("60"), has("content-type", "application/json"), says(lockoutError)),
				get("as GET", "/api/v1/pkg.Service/Method?connect=v1&encoding=json&message=x", token("t"), locked("60"), has("content-type", "application/json"), says(lockoutError)),
				invoke("plain HTTP", "application/json", locked("60"), says(lockoutProblem)),
			},
			Log: []string{"reason=unauthenticated failures=1 limit=20"},
		},
		{
			Name: "pages on another origin can read how a call ended",
			Steps: []Step{
				invoke("", web, answerBody(web, ends("16")), times(20)),
				invoke("", web, with("origin", "https://app.example"), refused("locked_out", 200), has("access-control-allow-origin", "*"),
					has("access-control-expose-headers", "Retry-After, RateLimit, WWW-Authenticate, Grpc-Status, Grpc-Message")),
				invoke("", stream, with("origin", "https://app.example"), refused("locked_out", 200), has("access-control-allow-origin", "*"),
					has("access-control-expose-headers", "Retry-After, RateLimit, WWW-Authenticate")),
			},
		},
		{
			Name: "what tells how a call ended is not compressed",
			Steps: []Step{
				invoke("", web, with("accept-encoding", "gzip"), with("grpc-accept-encoding", "gzip"), answerBody(web, ends("0")),
					arrives("accept-encoding"), arrives("grpc-accept-encoding")),
				invoke("", stream, with("accept-encoding", "gzip"), with("connect-accept-encoding", "gzip"), answerBody(stream, endsStream(`{}`)),
					arrives("accept-encoding"), arrives("connect-accept-encoding")),
				invoke("", web, with("grpc-encoding", "gzip"), refused("malformed", 200), has("grpc-status", "12")),
				invoke("", stream, with("connect-content-encoding", "gzip"), refused("malformed", 200),
					says(endsStream(`{"error":{"code":"unimplemented","message":"Compressed messages are not supported here. Send them as they are."}}`))),
				invoke("without a credential nothing counts", web, without("authorization"), with("grpc-encoding", "gzip"), answerBody(web, ends("16"))),
			},
		},
		{
			Name:        "who leaves before the body knows nothing",
			StandInOnly: true,
			Steps: []Step{
				invoke("", web, answerBody(web, ends("16")), leaves(), times(many)),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.rest": 0},
		},
		{
			Name:   "a gate for calls of pages",
			Config: gate("api", keys(key("ci", "k", "")), ""),
			Steps: []Step{
				post("", "/gate/pkg.Service/Method", with("content-type", web), body(frame(0, "x")), refused("auth_denied", 200),
					has("grpc-status", "16"), has("grpc-message", "This needs a credential.")),
				post("", "/gate/pkg.Service/Method", with("content-type", "application/proto"), with("connect-protocol-version", "1"), body("x"), refused("auth_denied", 401),
					says(`{"code":"unauthenticated","message":"This needs a credential."}`)),
			},
		},
	}
}

// without leaves a header of the request out.
func without(name string) option {
	return func(s *Step) {
		var kept [][2]string
		for _, h := range s.Send.Headers {
			if h[0] != name {
				kept = append(kept, h)
			}
		}
		s.Send.Headers = kept
	}
}
