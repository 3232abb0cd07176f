package load

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	var mu sync.Mutex
	from, connections := map[string]int{}, map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		from[r.Header.Get("X-Forwarded-For")]++
		connections[r.RemoteAddr] = true
		w.Header().Set("Content-Length", "3")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte("no\n"))
	}))
	defer server.Close()
	request := Request{URL: server.URL + "/x", Status: 429, Turns: Addresses(30)}
	result, err := Run(request, Shape{Connections: 3, Requests: 60})
	if err != nil {
		t.Fatal(err)
	}
	if result.Requests != 60 || result.P99 < result.P50 || result.P50 <= 0 || result.Rate() <= 0 {
		t.Errorf("%+v", result)
	}
	if len(from) != 30 || from["10.0.0.29"] != 2 {
		t.Errorf("requests came from %v, want two from each of 30", from)
	}
	if len(connections) != 3 {
		t.Errorf("%d connections, want 3: refusals must not cost new ones", len(connections))
	}
	request.Turns = Names("X-Forwarded-For", 30)
	request.Turns.From = 29
	if _, err := Run(request, Shape{Connections: 1, Requests: 2}); err != nil || from["n29"] != 1 || from["n0"] != 1 {
		t.Errorf("after the 29th value, %v came (%v)", from, err)
	}
	request.Status = 200
	if _, err := Run(request, Shape{Connections: 3, Duration: 50 * time.Millisecond}); err == nil {
		t.Error("wrong answers are no error")
	}
}

func TestRunElsewhere(t *testing.T) {
	if _, err := Run(Request{URL: "http://192.0.2.1:80/", Status: 200}, Shape{Connections: 1, Requests: 1}); err == nil {
		t.Error("an address that is not on this machine is taken")
	}
}

func TestReadAnswer(t *testing.T) {
	for _, row := range []struct {
		text   string
		status int // 0: an error
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", 200},
		{"HTTP/1.1 429 Too Many Requests\r\nx: y:z\r\ncontent-length:0\r\n\r\n", 429},
		{"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", 0}, // cut off
		{"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n", 200},
		{"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n01234", 0}, // cut off
		{"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", 0},
		{"HTTP/1.1 200 OK\r\nserver: envoy\r\n\r\n", 0}, // no length
		{"HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 0\r\n\r\n", 0},
		{"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", 0},
		{"HTTP/1.0 200 OK\r\n\r\n", 0},
		{"HTTP/1.1 abc\r\ncontent-length: 0\r\n\r\n", 0},
		{"", 0},
	} {
		status, err := readAnswer(bufio.NewReader(strings.NewReader(row.text)))
		if status != row.status || (err == nil) != (row.status != 0) {
			t.Errorf("%q: %d, %v", row.text, status, err)
		}
	}
}
