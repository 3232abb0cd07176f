package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMisuse(t *testing.T) {
	t.Setenv(tokenVariable, "")
	accounts := filepath.Join(t.TempDir(), "accounts.json")
	require.NoError(t, os.WriteFile(accounts, []byte(`[{"tenant": "acme", "limt": 1}]`), 0o600))
	for _, row := range []struct {
		args []string
		log  string
	}{
		{nil, "there is no token: set QUOTA_SERVICE_TOKEN or -token-file"},
		{[]string{"serve"}, `"serve" is one word too many`},
		{[]string{"-account", "acme"}, `-account acme: write tenant=limit, for example "acme=1000"`},
		{[]string{"-window", "week"}, `"week" is not a window`},
		{[]string{"-accounts", accounts}, `accounts.json: json: unknown field "limt"`},
		{[]string{"-colour"}, "-account tenant=limit"},
	} {
		var out, log bytes.Buffer
		assert.Equal(t, 2, command(t.Context(), row.args, &out, &log), "%q", row.args)
		assert.Contains(t, log.String(), row.log, "%q", row.args)
	}
	var out, log bytes.Buffer
	assert.Zero(t, command(t.Context(), []string{"-h"}, &out, &log))
	assert.Equal(t, 1, command(t.Context(), []string{"-report", "-db", filepath.Join(t.TempDir(), "none.db")}, &out, &log))
	assert.Contains(t, log.String(), "unable to open database file")
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	db, tokenFile, accounts := filepath.Join(dir, "quota.db"), filepath.Join(dir, "token"), filepath.Join(dir, "accounts.json")
	require.NoError(t, os.WriteFile(tokenFile, []byte("secret\n"), 0o600))
	require.NoError(t, os.WriteFile(accounts, []byte(`[{"tenant": "acme", "limit": 10, "window": "month"}]`), 0o600))
	url := startService(t, "-listen", "127.0.0.1:0", "-db", db, "-token-file", tokenFile, "-accounts", accounts, "-account", "globex=5")

	status, err := send(t, http.MethodPut, url+"/reservations/"+strings.Repeat("a", 32), wants4)
	require.NoError(t, err)
	require.Equal(t, 200, status)

	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"-report"}, `acme +month +20\d\d-\d\d-01T00:00:00\.000Z +10 +0 +4 +6\nglobex +month +5 +5\n\ntime .*\n.* acme +ann +reserved +4 +\[\{"tool":"draw","credits":4\}\]`},
		{[]string{"-query", "SELECT tenant, credits_limit FROM accounts ORDER BY 1"}, `tenant +credits_limit\nacme +10\nglobex +5\n`},
	} {
		var result, problems bytes.Buffer
		assert.Zero(t, command(t.Context(), append(row.args, "-db", db), &result, &problems), problems.String())
		assert.Regexp(t, row.want, result.String())
	}
	var result, problems bytes.Buffer
	assert.Equal(t, 1, command(t.Context(), []string{"-db", db, "-query", "DELETE FROM accounts"}, &result, &problems))
	assert.Contains(t, problems.String(), "readonly")
}

const wants4 = `{"credits":4,"lifetime_seconds":60,"payer":{"tenant":"acme","subject":"ann"},"surface":"mcp","calls":[{"tool":"draw","credits":4}]}`

func send(t *testing.T, method, url, body string) (status int, err error) {
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer secret")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// address matches where the service says that it is.
var address = regexp.MustCompile(`http://\S+/v1`)

// startService runs the command until the test ends, and returns the address that it tells.
func startService(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	out, in := io.Pipe()
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		ended <- command(ctx, args, in, &log)
		_ = in.Close()
	}()
	t.Cleanup(func() {
		stop()
		assert.Zero(t, <-ended, log.String())
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	url := address.FindString(line)
	require.NotEmpty(t, url, line)
	return url
}
