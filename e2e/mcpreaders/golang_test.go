package mcpreaders

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// goSDK reads as Go's SDK does.
type goSDK struct {
	handler http.Handler
	mu      sync.Mutex
	calls   []call
}

func newGoSDK() *goSDK {
	g := &goSDK{}
	s := mcp.NewServer(&mcp.Implementation{Name: "reader", Version: "1"}, nil)
	s.AddReceivingMiddleware(func(mcp.MethodHandler) mcp.MethodHandler { return g.note })
	g.handler = mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	return g
}

// note stands in the place of the server's tools, prompts and resources.
func (g *goSDK) note(_ context.Context, method string, r mcp.Request) (mcp.Result, error) {
	c := call{ID: absent, Method: "s" + method, Quality: absent, Count: absent}
	var result mcp.Result
	switch p := r.GetParams().(type) {
	case *mcp.CallToolParamsRaw:
		c.Name, result = "s"+p.Name, &mcp.CallToolResult{}
		c.Quality, c.Count = argumentsOf(p.Arguments)
	case *mcp.GetPromptParams:
		c.Name, result = "s"+p.Name, &mcp.GetPromptResult{}
	case *mcp.ReadResourceParams:
		c.Name, result = "s"+p.URI, &mcp.ReadResourceResult{}
	default:
		return nil, fmt.Errorf("%s is not served", method)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, c)
	return result, nil
}

// argumentsOf reads a tool's arguments as most programs in Go do, in any letter case.
func argumentsOf(raw []byte) (quality, count string) {
	var arguments struct{ Quality, Count any }
	if json.Unmarshal(raw, &arguments) != nil {
		return absent, absent
	}
	return valueOf(arguments.Quality), valueOf(arguments.Count)
}

func valueOf(v any) string {
	switch v := v.(type) {
	case nil:
		return absent
	case string:
		return "s" + v
	case float64:
		return fmt.Sprintf("n%v", v)
	case bool:
		return fmt.Sprintf("b%v", v)
	}
	return "o"
}

// The readers of Go's SDK. The server tells of calls only, in no particular order, and without
// their ids.
const (
	sdkServer  = "Go SDK, its server"
	sdkDecoder = "Go SDK, its decoder"
)

// read returns what readers in Go make of a body.
func (g *goSDK) read(body []byte) reading {
	r := reading{sdkServer: g.served(body)}
	raw := split(body)
	for name, reader := range map[string]func(json.RawMessage) (call, error){sdkDecoder: decoded, "encoding/json": plain} {
		calls := []call{}
		for _, one := range raw {
			c, err := reader(one)
			if err != nil {
				calls = nil
				break
			}
			calls = append(calls, c)
		}
		if calls != nil {
			r[name] = calls
		}
	}
	return r
}

// split returns the messages of a batch, or of a body that is none.
func split(body []byte) (raw []json.RawMessage) {
	if json.Unmarshal(body, &raw) != nil {
		return []json.RawMessage{body}
	}
	return raw
}

// served returns what the SDK's server is asked to do.
func (g *goSDK) served(body []byte) []call {
	g.calls = nil
	r := httptest.NewRequest(http.MethodPost, "/mcp", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	g.handler.ServeHTTP(httptest.NewRecorder(), r)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls
}

// decoded returns what the SDK's decoder reads, which leaves the parameters as they are.
func decoded(raw json.RawMessage) (call, error) {
	m, err := jsonrpc.DecodeMessage(raw)
	if err != nil {
		return call{}, err
	}
	c := call{absent, absent, invalid, absent, absent}
	if r, isRequest := m.(*jsonrpc.Request); isRequest {
		c.Method = "s" + r.Method
		switch id := r.ID.Raw().(type) {
		case string:
			c.ID = "s" + id
		case int64:
			c.ID = fmt.Sprintf("n%d", id)
		}
	}
	return c, nil
}

// plain reads a message as programs do that use nothing but Go's own library, which takes
// names in any letter case.
func plain(raw json.RawMessage) (call, error) {
	var m struct {
		ID, Method any
		Params     struct {
			Name, URI any
			Arguments struct{ Quality, Count any }
		}
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return call{}, err
	}
	c := call{valueOf(m.ID), valueOf(m.Method), absent, valueOf(m.Params.Arguments.Quality), valueOf(m.Params.Arguments.Count)}
	switch m.Method {
	case "tools/call", "prompts/get":
		c.Name = valueOf(m.Params.Name)
	case "resources/read":
		c.Name = valueOf(m.Params.URI)
	}
	return c, nil
}
