package mcpclients

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A job is a server for a client, and what it does there: it connects, lists the tools, and
// calls one until a call is refused. Then it looks whether its session goes on.
type job struct {
	Endpoint string `json:"endpoint"`
	// Era is the version of the protocol that it speaks.
	Era string `json:"era"`
	// SSE tells that it speaks over two streams, as the first version of the protocol does.
	SSE     bool              `json:"sse,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// OAuth tells that it gets its token from the authorization server, as often as it has to.
	OAuth bool   `json:"oauth,omitempty"`
	Tool  string `json:"tool"`
	// Times is how often the tool is called at most, and AtOnce how many calls there are
	// at a time.
	Times  int `json:"times,omitempty"`
	AtOnce int `json:"at_once,omitempty"`
	// Patience is how often it tries to go on, every 200 ms.
	Patience int `json:"patience,omitempty"`
	// Seconds is how long it waits for an answer.
	Seconds int `json:"seconds"`
}

// An answer is what the client's user sees of the refusal.
type answer struct {
	// Kind is "done" or "failed", both results of the tool, of which the model sees the
	// second as an error; "error", an error that the call ended with; "raised", one that
	// ended the session with it; or "silence", if there was no answer in time. "none" is none
	// of these.
	Kind string `json:"kind"`
	Text string `json:"text"`
	// GoesOn tells whether the session could be used after it.
	GoesOn bool     `json:"goes_on"`
	Tools  []string `json:"tools"`
	// Asked are the scopes that the user was asked for, each time.
	Asked []string `json:"asked"`
	// Returns is how often the program had to tell the client that the user is back.
	Returns int `json:"returns"`
}

// A sdk is an official client.
type sdk struct {
	name, version string
	// last is the newest version of the protocol that it speaks.
	last string
	play func(t *testing.T, jobs []job) []answer
}

// seconds is how long a client waits for an answer that comes.
const seconds = 30

// sdks are all of them. Their versions are those that are installed.
func sdks(t *testing.T) []sdk {
	t.Helper()
	installed := versions(t)
	return []sdk{
		{"Go SDK", installed["github.com/modelcontextprotocol/go-sdk"], stateless2026, playInGo},
		{"TypeScript SDK", installed["@modelcontextprotocol/client"], stateless2026, inNode("@modelcontextprotocol/client")},
		{"TypeScript SDK", installed["@modelcontextprotocol/sdk"], "2025-11-25", inNode("@modelcontextprotocol/sdk")},
		{"Python SDK", installed["mcp"], stateless2026, inPython("python")},
		{"Python SDK", installed["mcp 1"], "2025-11-25", inPython("python1")},
	}
}

func (s sdk) String() string { return s.name + " " + s.version }

// eras are those that the client speaks.
func (s sdk) eras() []string {
	var own []string
	for _, era := range eras {
		if era <= s.last {
			own = append(own, era)
		}
	}
	return own
}

func inNode(name string) func(*testing.T, []job) []answer {
	return func(t *testing.T, jobs []job) []answer {
		return playWith(t, jobs, tool("node", "node_modules", ".bin", "node"), tool("node", "jobs.js"), name)
	}
}

func inPython(folder string) func(*testing.T, []job) []answer {
	return func(t *testing.T, jobs []job) []answer {
		return playWith(t, jobs, tool(folder, "bin", "python"), "-B", "python/jobs.py")
	}
}

// playWith runs a program that reads jobs and writes answers.
func playWith(t *testing.T, jobs []job, command ...string) (answers []answer) {
	t.Helper()
	require.FileExists(t, command[0], remedy)
	text, err := json.Marshal(jobs)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var out, said bytes.Buffer
	play := exec.CommandContext(ctx, command[0], command[1:]...)
	play.Stdin, play.Stdout, play.Stderr = bytes.NewReader(text), &out, &said
	err = play.Run()
	require.NoError(t, err, "%s", &said)
	require.NoError(t, json.Unmarshal(out.Bytes(), &answers), "%s\n%s", &out, &said)
	require.Len(t, answers, len(jobs))
	return answers
}
