package service

import (
	"encoding/json"
	"net/http"
)

// What follows is the MCP server's work for clients that speak REST: one call, or
// many of them at once.

// maxBatch bounds what is read of a batch.
const maxBatch = 1 << 20

func query(w http.ResponseWriter, r *http.Request) {
	var in echoInput
	if !readJSON(w, r, &in) {
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"text": in.Text})
}

func batchQuery(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Queries []echoInput `json:"queries"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	answers := make([]string, len(in.Queries))
	for i, q := range in.Queries {
		answers[i] = q.Text
	}
	writeJSON(w, http.StatusOK, map[string]any{"answers": answers})
}

// embeddings answers each text with a vector that only a demo would call one.
func embeddings(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Texts []string `json:"texts"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	vectors := make([][]int, len(in.Texts))
	for i, text := range in.Texts {
		vectors[i] = []int{len(text), len([]rune(text))}
	}
	writeJSON(w, http.StatusOK, map[string]any{"embeddings": vectors})
}

func readJSON(w http.ResponseWriter, r *http.Request, value any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBatch)).Decode(value)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "the body is not the JSON that is wanted"})
	}
	return err == nil
}

// openAPI names some of the paths, for clients that look here first.
func openAPI(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]string{"title": "The demo service", "version": "1.0.0"},
		"paths":   map[string]any{"/api/v1/items": map[string]any{}, "/api/v1/whoami": map[string]any{}},
	})
}
