package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// addTools adds the tools. The service neither prices them nor asks who calls them: that is
// left to the proxy.
func addTools(server *mcp.Server) {
	mcp.AddTool(server, &mcp.Tool{Name: "echo", Description: "says what it is told"}, echo)
	mcp.AddTool(server, &mcp.Tool{Name: "add", Description: "adds two numbers"}, add)
	mcp.AddTool(server, &mcp.Tool{Name: "slow", Description: "answers after some milliseconds, at most 5000"}, slow)
	mcp.AddTool(server, &mcp.Tool{Name: "search", Description: "finds notes by a word in them", Annotations: readOnly}, search)
	mcp.AddTool(server, &mcp.Tool{Name: "server_time", Description: "says which hour it is", Annotations: readOnly}, serverTime)
	mcp.AddTool(server, &mcp.Tool{Name: "image_generate", Description: "draws a picture"}, imageGenerate)
	mcp.AddTool(server, &mcp.Tool{Name: "notes_delete", Description: "deletes all notes"}, notesDelete)
}

var readOnly = &mcp.ToolAnnotations{ReadOnlyHint: true}

type echoInput struct {
	Text string `json:"text"`
}

func echo(_ context.Context, _ *mcp.CallToolRequest, in echoInput) (*mcp.CallToolResult, any, error) {
	return said(in.Text), nil, nil
}

type addInput struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

type addOutput struct {
	Sum float64 `json:"sum"`
}

func add(_ context.Context, _ *mcp.CallToolRequest, in addInput) (*mcp.CallToolResult, addOutput, error) {
	return nil, addOutput{Sum: in.A + in.B}, nil
}

type slowInput struct {
	Milliseconds int `json:"milliseconds"`
}

func slow(ctx context.Context, _ *mcp.CallToolRequest, in slowInput) (*mcp.CallToolResult, any, error) {
	timer := time.NewTimer(time.Duration(min(max(in.Milliseconds, 0), 5000)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return said("done"), nil, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// notes are what search finds.
var notes = []string{"The rook moves along files and ranks.", "The bishop moves along diagonals.", "The queen does both."}

type searchInput struct {
	Word string `json:"word"`
}

func search(_ context.Context, _ *mcp.CallToolRequest, in searchInput) (*mcp.CallToolResult, any, error) {
	var found []string
	for _, note := range notes {
		if strings.Contains(strings.ToLower(note), strings.ToLower(in.Word)) {
			found = append(found, note)
		}
	}
	return said(strings.Join(found, "\n")), nil, nil
}

func serverTime(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
	return said(time.Now().UTC().Format("15 o'clock, UTC")), nil, nil
}

type imageInput struct {
	Prompt  string `json:"prompt"`
	Quality string `json:"quality,omitempty" jsonschema:"standard, premium, ultra or ultra_plus; standard by default"`
}

var qualities = []string{"", "standard", "premium", "ultra", "ultra_plus"}

func imageGenerate(_ context.Context, _ *mcp.CallToolRequest, in imageInput) (*mcp.CallToolResult, any, error) {
	if in.Prompt == "" {
		return nil, nil, errors.New("the prompt is empty")
	}
	if !slices.Contains(qualities, in.Quality) {
		return nil, nil, fmt.Errorf("%q is no quality", in.Quality)
	}
	return said("A picture of " + in.Prompt + "."), nil, nil
}

func notesDelete(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
	return said("Deleted, as far as a demo deletes."), nil, nil
}

func said(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}
