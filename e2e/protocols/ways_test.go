package protocols

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// way is a library that authenticates itself with a service in one way. The service
// answers alice's password, or the token of that name.
type way struct {
	id string
	// cluster is the service.
	cluster string
	try     try
	// replies are what the library makes of the service's yes and no, and of the
	// filter's refusal.
	replies replies
	// step is in a challenge that every honest attempt meets: if it is the first of a
	// connection, or with again, if it is any but the first.
	step  string
	again bool
	// grpcWeb translates in Envoy what the service does not speak.
	grpcWeb bool
}

// try makes all the attempts of each batch, and tells what the library made of each
// answer.
type try func(t *testing.T, w way, from string, batches []batch) []answer

// batch is a number of attempts. With Keep, they share connections and whatever the
// library remembers; otherwise each is the first.
type batch struct {
	Password string `json:"password"`
	Times    int    `json:"times"`
	Keep     bool   `json:"keep"`
}

type replies struct{ yes, no, refused string }

var (
	ofRPC  = replies{"ok", "unauthenticated", "resource_exhausted"}
	ofES   = replies{"ok", "Unauthenticated", "ResourceExhausted"}
	ofGRPC = replies{"ok", "16", "8"}
	ofHTTP = replies{"200", "401", "429"}
)

// answer is what a library says of one.
type answer struct {
	Code       string
	RetryAfter string
	// Challenges are all that came before it, and with it.
	Challenges []string
}

// ways are all that are tried. Calls are unary (Check), or stream (Watch), or stream and
// fail after the first message (Follow): connect-go has a failure before it in the
// headers of gRPC-Web, and Envoy's filter never does.
var ways = []way{
	{id: "connect-go-grpc", cluster: "rpc", try: connectGo(asGRPC, "Check"), replies: ofRPC},
	{id: "connect-go-grpc-stream", cluster: "rpc", try: connectGo(asGRPC, "Watch"), replies: ofRPC},
	{id: "connect-go-web", cluster: "rpc", try: connectGo(asGRPCWeb, "Check"), replies: ofRPC},
	{id: "connect-go-web-stream", cluster: "rpc", try: connectGo(asGRPCWeb, "Watch"), replies: ofRPC},
	{id: "connect-go-web-late", cluster: "rpc", try: connectGo(asGRPCWeb, "Follow"), replies: ofRPC},
	{id: "connect-go-web-envoy", cluster: "rpc-grpc", try: connectGo(asGRPCWeb, "Check"), replies: ofRPC, grpcWeb: true},
	{id: "connect-go", cluster: "rpc", try: connectGo(asConnect, "Check"), replies: ofRPC},
	{id: "connect-go-get", cluster: "rpc", try: connectGo(asConnectGet, "Check"), replies: ofRPC},
	{id: "connect-go-stream", cluster: "rpc", try: connectGo(asConnect, "Watch"), replies: ofRPC},
	{id: "connect-web", cluster: "rpc", try: inNode("connect-web", "Check"), replies: ofES},
	{id: "connect-web-stream", cluster: "rpc", try: inNode("connect-web", "Watch"), replies: ofES},
	{id: "connect-web-grpc", cluster: "rpc", try: inNode("connect-web-grpc", "Check"), replies: ofES},
	{id: "connect-web-grpc-stream", cluster: "rpc", try: inNode("connect-web-grpc", "Watch"), replies: ofES},
	{id: "connect-web-grpc-late", cluster: "rpc", try: inNode("connect-web-grpc", "Follow"), replies: ofES},
	{id: "connect-node-grpc", cluster: "rpc", try: inNode("connect-node-grpc", "Check"), replies: ofES},
	{id: "connect-node-grpc-stream", cluster: "rpc", try: inNode("connect-node-grpc", "Watch"), replies: ofES},
	{id: "grpc-web-text", cluster: "rpc-grpc", try: inNode("grpc-web-text", "Check"), replies: ofGRPC, grpcWeb: true},
	{id: "grpc-web-text-stream", cluster: "rpc-grpc", try: inNode("grpc-web-text", "Watch"), replies: ofGRPC, grpcWeb: true},
	{id: "ntlm-requests", cluster: "ntlm", try: inPython("requests-ntlm", "/ntlm"), replies: ofHTTP, step: "NTLM TlRMTVNTUAAC"},
	{id: "ntlm-go", cluster: "ntlm", try: inGo(ntlmGo, "/ntlm"), replies: ofHTTP, step: "NTLM TlRMTVNTUAAC"},
	{id: "negotiate-pypsrp", cluster: "ntlm", try: inPython("pypsrp", "/negotiate"), replies: ofHTTP, step: "Negotiate oY"},
	{id: "negotiate-go", cluster: "ntlm", try: inGo(ntlmGo, "/negotiate"), replies: ofHTTP, step: "Negotiate "},
	{id: "digest-requests", cluster: "digest", try: inPython("requests", "/lasting"), replies: ofHTTP, step: "Digest "},
	{id: "digest-httpx", cluster: "digest", try: inPython("httpx", "/lasting"), replies: ofHTTP, step: "Digest "},
	{id: "digest-go", cluster: "digest", try: inGo(digestGo, "/lasting"), replies: ofHTTP, step: "Digest "},
	{id: "stale-requests", cluster: "digest", try: inPython("requests", "/stale/requests"), replies: ofHTTP, step: `stale="true"`, again: true},
	{id: "stale-httpx", cluster: "digest", try: inPython("httpx", "/stale/httpx"), replies: ofHTTP, step: `stale="true"`, again: true},
	{id: "stale-go", cluster: "digest", try: inGo(digestGo, "/stale/go"), replies: ofHTTP, step: `stale="true"`, again: true},
}

// find returns the way called id.
func find(id string) way {
	return ways[slices.IndexFunc(ways, func(w way) bool { return w.id == id })]
}

// sharedNTLM is what happens where Envoy shares its connections.
var sharedNTLM = way{id: "ntlm-shared", cluster: "ntlm-shared", try: inGo(ntlmGo, "/ntlm"), replies: ofHTTP}

const (
	right = "correct horse"
	wrong = "wrong password"
	// limit is how many failures lock out.
	limit = 5
)

// configuration is the same for all protocols: nothing in it names one.
func (w way) configuration() string {
	return fmt.Sprintf(`{
		"surfaces": [{"name": %q, "kind": "api", "match": [{"prefix": "/"}],
			"lockout": {"failures": %d, "window": "10m"}}],
		"allow_on_headers_stop_iteration": true
	}`, w.id, limit)
}

func (w way) edit(b *envoy.Bootstrap) error {
	b.RouteTo(w.cluster)
	if w.grpcWeb {
		b.InsertBehind(envoy.Object{
			"name": "envoy.filters.http.grpc_web",
			"typed_config": envoy.Object{
				"@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb",
			},
		})
	}
	return nil
}

// url is Envoy's, with the way's listener.
func (w way) url(t *testing.T) string {
	t.Helper()
	listener, err := tests.Envoy.ListenerAddress(t.Context(), w.id)
	require.NoError(t, err)
	return "http://" + listener
}

// inNode tries with a library of node/client.js.
func inNode(library, method string) try {
	return func(t *testing.T, w way, from string, batches []batch) []answer {
		return runClient(t, batches, "node", node+"client.js", library, from, w.url(t), method)
	}
}

// inPython tries with a library of python/client.py.
func inPython(library, path string) try {
	return func(t *testing.T, w way, from string, batches []batch) []answer {
		return runClient(t, batches, python, "-B", "e2e/protocols/python/client.py", library, from, w.url(t)+path)
	}
}

// runClient runs a program that takes batches as its last argument, in JSON, and writes
// answers, each on a line in JSON.
func runClient(t *testing.T, batches []batch, command ...string) []answer {
	t.Helper()
	plan, err := json.Marshal(batches)
	require.NoError(t, err)
	command = append(command, string(plan))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := exec.CommandContext(ctx, command[0], command[1:]...)
	client.Dir = tests.Root
	var errors bytes.Buffer
	client.Stderr = &errors
	out, err := client.Output()
	require.NoError(t, err, "%s: %s\n%s%s", command, tests.Remedy, out, &errors)
	var answers []answer
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var a answer
		require.NoError(t, json.Unmarshal(lines.Bytes(), &a), "%s", lines.Bytes())
		answers = append(answers, a)
	}
	return answers
}
