package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

// quotaAccounts are those of the demo service's tenants.
var quotaAccounts = []quotaservice.Account{
	{Tenant: "acme", Limit: 100, Window: quotaservice.Day},
	{Tenant: "globex", Limit: 2000, Window: quotaservice.Day},
	{Tenant: "", Limit: 100, Window: quotaservice.Day},
}

// quotaToken gives the filter a token for the quota service, if the configuration wants it
// in the environment, and returns that environment.
func quotaToken(b *envoy.Bootstrap, text string) []string {
	var plugin struct {
		QuotaService struct {
			Endpoint struct {
				TokenEnv string `json:"token_env"`
			} `json:"endpoint"`
		} `json:"quota_service"`
	}
	_ = json.Unmarshal([]byte(text), &plugin) // the filter says what is wrong with it
	name := plugin.QuotaService.Endpoint.TokenEnv
	if name == "" {
		return nil
	}
	token := rand.Text()
	b.SetEnvironment(name, token)
	return []string{name + "=" + token}
}

// quotaService is the reference quota service beside the demo.
type quotaService struct {
	file    string
	service *quotaservice.Service
	stop    context.CancelFunc
	ended   chan struct{}
}

// startQuotaService starts the quota service that a configuration asks, with a new ledger
// in dir, and tells Envoy where it is. It returns nil if the configuration asks none, or one
// that envoy.yaml knows.
func startQuotaService(b *envoy.Bootstrap, c *config.QuotaService, dir string) (*quotaService, error) {
	if c == nil {
		return nil, nil
	}
	if _, err := b.Cluster(c.Cluster); err == nil {
		return nil, nil
	}
	q, address, err := serveQuotas(filepath.Join(dir, "quota.db"), c.Token)
	if err != nil {
		return nil, err
	}
	if err := b.AddCluster(c.Cluster, address); err != nil {
		q.close()
		return nil, err
	}
	return q, nil
}

func serveQuotas(file, token string) (q *quotaService, address string, err error) {
	for _, ending := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + ending); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, "", err
		}
	}
	q = &quotaService{file: file}
	q.service, err = quotaservice.New(quotaservice.Options{File: file, Token: token, Accounts: quotaAccounts, Now: time.Now})
	if err != nil {
		return nil, "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		_ = q.service.Close()
		return nil, "", err
	}
	ctx, stop := context.WithCancel(context.Background())
	q.stop, q.ended = stop, make(chan struct{})
	go func() {
		defer close(q.ended)
		_ = q.service.Serve(ctx, listener) // it ends with close
	}()
	return q, listener.Addr().String(), nil
}

func (q *quotaService) close() {
	if q == nil {
		return
	}
	q.stop()
	<-q.ended
	_ = q.service.Close()
}

// places is what the screen says of it.
func (q *quotaService) places() [][2]string {
	if q == nil {
		return nil
	}
	file := filepath.Join("build", "demo", filepath.Base(q.file))
	rows := [][2]string{{file, "the quota service's ledger; sqlite3 reads it, and so does"},
		{"", "cd e2e && go run ./cmd/gatewarden-quota-service \\"},
		{"", "  -db ../" + filepath.ToSlash(file) + " -report"}}
	for _, a := range quotaAccounts {
		if a.Tenant != "" {
			rows = append(rows, [2]string{"", fmt.Sprintf("the tenant %s has %d credits a day", a.Tenant, a.Limit)})
		}
	}
	return rows
}
