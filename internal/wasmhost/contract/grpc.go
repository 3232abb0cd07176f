package contract

import (
	"encoding/binary"
	"io"
	"math"
	"net/http"
	"strings"
)

// GRPC is the service contract.Service. Its methods are ways to answer, right and wrong.
// It serves HTTP/2; for a host without a network there is Answer.
type GRPC struct{}

// way is what a method does with a message, and the status that a caller in Envoy sees; if
// that is 0, it gets the answer.
type way struct {
	serve  func(w http.ResponseWriter, r *http.Request, message string)
	status uint32
	answer func(message string) string
}

var ways = map[string]way{
	"Echo":     {ended("0", framed), 0, same},
	"Two":      {ended("0", func(m string) string { return framed("first") + framed(m) }), 0, same},
	"Nothing":  {ended("0", func(string) string { return "" }), 13, nil},
	"Half":     {ended("0", func(m string) string { return framed(m)[:6] }), 13, nil},
	"Garbage":  {ended("0", func(string) string { return "this is not a frame" }), 13, nil},
	"Zipped":   {ended("0", func(m string) string { return "\x01" + framed(m)[1:] }), 13, nil},
	"FailLate": {ended("7", framed), 7, nil},
	"NoStatus": {ended("", framed), 2, nil},
	"Fail": {func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Grpc-Status", "7")
	}, 7, nil},
	"FailOddly": {func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Grpc-Status", "99")
	}, math.MaxUint32, nil},
	"Host": {func(w http.ResponseWriter, r *http.Request, _ string) {
		ended("0", func(string) string { return framed(r.Host) })(w, r, "")
	}, 0, func(string) string { return Authority }},
	"Unavailable": {func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}, 14, nil},
	"Text": {func(w http.ResponseWriter, _ *http.Request, m string) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, m)
	}, 13, nil},
	// The status of a call whose time is over is that of a server that is not there.
	"Wait": {func(_ http.ResponseWriter, r *http.Request, _ string) { <-r.Context().Done() }, 14, nil},
	"BeginAndWait": {func(w http.ResponseWriter, r *http.Request, _ string) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, 13, nil},
	"Reset": {func(http.ResponseWriter, *http.Request, string) { panic(http.ErrAbortHandler) }, 14, nil},
	"BeginAndReset": {func(w http.ResponseWriter, _ *http.Request, m string) {
		_, _ = io.WriteString(w, framed(m)[:6])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, 13, nil},
}

// ended answers with a body and, if status is not empty, with that in the trailers.
func ended(status string, body func(message string) string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, message string) {
		_, _ = io.WriteString(w, body(message))
		if status != "" {
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
		}
	}
}

func same(message string) string { return message }

// framed is a message as gRPC sends it.
func framed(message string) string {
	return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))) + message
}

// Answer returns what a caller gets: a status, or the answer if that is 0. The cluster
// ClosedCluster has no server, and what is not called by HTTP/2 does not understand.
func (GRPC) Answer(cluster, method, message string) (status uint32, answer string) {
	called := ways[method]
	switch {
	case cluster == ClosedCluster:
		return 14, ""
	case cluster != GRPCCluster:
		return 13, ""
	case called.status != 0:
		return called.status, ""
	}
	return 0, called.answer(message)
}

func (GRPC) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	frame, err := io.ReadAll(r.Body)
	method, found := strings.CutPrefix(r.URL.Path, "/contract.Service/")
	if called := ways[method]; found && err == nil && len(frame) >= len(framed("")) && called.serve != nil {
		w.Header().Set("Content-Type", "application/grpc")
		called.serve(w, r, string(frame[len(framed("")):]))
	}
}
