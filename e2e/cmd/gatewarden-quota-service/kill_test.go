package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

// TestKill ends the service without warning while clients reserve and commit: what it has
// answered is in the database, and the ledger fits the sums.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	file, db := filepath.Join(dir, "service"), filepath.Join(dir, "quota.db")
	build(t, file)
	service := exec.CommandContext(t.Context(), file, "-listen", "127.0.0.1:0", "-db", db, "-account", "acme=1000000")
	service.Env = append(os.Environ(), tokenVariable+"=secret")
	out, err := service.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, service.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	url := address.FindString(line)

	var mu sync.Mutex
	states := map[string]string{} // by key, as it was answered last
	enough, kill := context.WithCancel(t.Context())
	answered := func(key, state string) {
		mu.Lock()
		defer mu.Unlock()
		if states[key] = state; len(states) == 300 {
			kill()
		}
	}
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%016x%016x", c, i)
				status, err := send(t, http.MethodPut, url+"/reservations/"+key, wants4)
				if err != nil {
					return // it has ended
				}
				assert.Equal(t, 200, status)
				answered(key, "reserved")
				if status, err = send(t, http.MethodPost, url+"/reservations/"+key+"/commit", `{"credits":4}`); err != nil {
					return
				}
				assert.Equal(t, 200, status)
				answered(key, "committed")
			}
		})
	}
	<-enough.Done()
	require.NoError(t, service.Process.Kill())
	clients.Wait()
	_ = service.Wait() // it was killed

	query := func(text string) (rows []string) {
		var table bytes.Buffer
		require.NoError(t, quotaservice.Query(t.Context(), db, &table, text))
		for line := range strings.Lines(table.String()) {
			rows = append(rows, strings.Join(strings.Fields(line), " "))
		}
		return rows[1:]
	}
	kept := map[string]string{}
	for _, row := range query("SELECT key, state FROM reservations") {
		key, state, _ := strings.Cut(row, " ")
		kept[key] = state
	}
	for key, state := range states {
		if state == "committed" || kept[key] != "committed" { // a commit may have lost its answer
			assert.Equal(t, state, kept[key], key)
		}
	}
	assert.Equal(t, query("SELECT reserved + committed, committed FROM usage"),
		query("SELECT sum(credits * (event = 'reserved')), sum(credits * (event = 'committed')) FROM ledger"))
}
