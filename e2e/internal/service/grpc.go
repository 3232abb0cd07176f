package service

import (
	"net/http"
	"strings"
)

// grpcService answers with gRPC's headers and trailers and no message: enough
// to see what a proxy makes of a grpc-status.
const grpcService = "/demo.Status/"

// routeGRPC serves two methods. Both answer with the status in the request
// header x-status: TrailersOnly in the response headers, Trailers in trailers.
func routeGRPC(mux *http.ServeMux) {
	mux.HandleFunc("POST "+grpcService+"TrailersOnly", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", grpcStatus(r))
		w.WriteHeader(http.StatusOK)
	})
	mux.HandleFunc("POST "+grpcService+"Trailers", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte{0, 0, 0, 0, 0}) // an empty message
		w.Header().Set("Grpc-Status", grpcStatus(r))
		w.Header().Set("Grpc-Message", "as you wished")
	})
}

func grpcStatus(r *http.Request) string {
	if status := strings.TrimSpace(r.Header.Get("X-Status")); status != "" {
		return status
	}
	return "0"
}
