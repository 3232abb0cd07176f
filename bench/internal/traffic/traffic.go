// Package traffic writes access logs of any length, the same ones each time.
package traffic

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// begin is the time of the first line.
var begin = time.Date(2026, 9, 21, 14, 0, 0, 0, time.UTC)

// Write writes so many lines as envoy.yaml has them, about a thousand for each second:
// 20,000 honest clients, some of them in an office that a guesser shares, and a
// hundred addresses that guess in turns.
func Write(w io.Writer, lines int) error {
	random := rand.New(rand.NewPCG(1, 2))
	out := bufio.NewWriterSize(w, 1<<20)
	for i := range lines {
		took := 1 + random.IntN(40)
		client, path, status := honest(random, i)
		if random.IntN(50) == 0 {
			client, path, status = fmt.Sprintf("203.0.113.%d", 1+random.IntN(100)), "/api/v1/items", 401
		}
		at := begin.Add(time.Duration(i) * time.Millisecond).Add(-time.Duration(took) * time.Millisecond)
		_, err := fmt.Fprintf(out, `{"client":"%s","details":"via_upstream","duration_ms":%d,"method":"GET","path":"%s","protocol":"HTTP/1.1","status":%d,"time":"%s"}`+"\n",
			client, took, path, status, at.Format("2006-01-02T15:04:05.000Z"))
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

// honest is a request of one of the honest clients, who mistype now and then.
func honest(random *rand.Rand, i int) (client, path string, status int) {
	paths := [...]string{"/api/v1/items", "/api/v1/items/42", "/mcp", "/healthz"}
	status = 200
	if random.IntN(500) == 0 {
		status = 401
	}
	client = fmt.Sprintf("10.%d.%d.%d", i%4, random.IntN(50), 1+random.IntN(100))
	if random.IntN(100) == 0 {
		client = "203.0.113.7"
	}
	return client, paths[random.IntN(len(paths))], status
}
