package service

import (
	"encoding/json"
	"net/http"
	"strconv"
)

func (s *Service) routeREST(mux *http.ServeMux) {
	api := http.NewServeMux()
	api.HandleFunc("/api/v1/status/{code}", anyStatus)
	api.Handle("GET /api/v1/items", s.authenticated(items))
	api.Handle("POST /api/v1/items", s.authenticated(items))
	api.Handle("GET /api/v1/whoami", s.authenticated(s.whoami))
	api.Handle("POST /api/v1/mcp/query", s.authenticated(query))
	api.Handle("POST /api/v1/mcp/batch-query", s.authenticated(batchQuery))
	api.Handle("POST /api/v1/embeddings/batch", s.authenticated(embeddings))
	api.Handle("/api/v1/", s.authenticated(http.NotFound))
	mux.HandleFunc("/api/v1/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			preflight(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// authenticated lets requests of a known caller pass.
func (s *Service) authenticated(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		switch _, known, presented := s.callerOf(r); {
		case known:
			next(w, r)
		case presented:
			unauthorized(w, `Bearer realm="demo", error="invalid_token"`, "the credential is wrong")
		default:
			unauthorized(w, `Bearer realm="demo"`, "a token or an API key is needed")
		}
	})
}

func unauthorized(w http.ResponseWriter, challenge, detail string) {
	w.Header().Set("WWW-Authenticate", challenge)
	writeJSON(w, http.StatusUnauthorized, map[string]string{"error": detail})
}

func items(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"items": []string{"rook", "bishop", "queen"}})
}

func (s *Service) whoami(w http.ResponseWriter, r *http.Request) {
	who, _, _ := s.callerOf(r)
	writeJSON(w, http.StatusOK, map[string]string{"user": who.user})
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, X-Api-Key")
	w.WriteHeader(http.StatusNoContent)
}

// anyStatus responds with the status that the path asks for, to any caller.
func anyStatus(w http.ResponseWriter, r *http.Request) {
	status, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || status < 200 || status > 599 {
		http.Error(w, "a status is a number from 200 to 599", http.StatusBadRequest)
		return
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	writeJSON(w, status, map[string]int{"status": status})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
