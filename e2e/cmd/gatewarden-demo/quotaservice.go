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

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

// quotaAccounts are those of the demo service's tenants.
var quotaAccounts = []quotaservice.Account{
	{Tenant: "acme", Limit: 100, Window: quotaservice.Day},
	{Tenant: "globex", Limit: 2000, Window: quotaservice.Day},
	{Tenant: "", Limit: 100, Window: quotaservice.Day},
}

// asked is what the filter's configuration says of a quota service.
type asked struct {
	Endpoint struct {
		Cluster  string `json:"cluster"`
		TokenEnv string `json:"token_env"`
	} `json:"endpoint"`
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
func startQuotaService(b *envoy.Bootstrap, dir string) (*quotaService, error) {
	text, err := b.PluginConfig()
	if err != nil {
		return nil, err
	}
	var plugin struct {
		QuotaService *asked `json:"quota_service"`
	}
	if err := json.Unmarshal([]byte(text), &plugin); err != nil || plugin.QuotaService == nil {
		return nil, err
	}
	endpoint := plugin.QuotaService.Endpoint
	if _, err := b.Cluster(endpoint.Cluster); err == nil {
		return nil, nil
	}
	token := rand.Text()
	q, address, err := serveQuotas(filepath.Join(dir, "quota.db"), token)
	if err != nil {
		return nil, err
	}
	b.SetEnvironment(endpoint.TokenEnv, token)
	if err := b.AddCluster(endpoint.Cluster, address); err != nil {
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
	rows := [][2]string{{file, "the quota service's ledger. To read it, with SQLite or:"},
		{"", "cd e2e && go run ./cmd/gatewarden-quota-service \\"},
		{"", "  -db ../" + filepath.ToSlash(file) + " -report"}}
	for _, a := range quotaAccounts {
		if a.Tenant != "" {
			rows = append(rows, [2]string{"", fmt.Sprintf("the tenant %s has %d credits a day", a.Tenant, a.Limit)})
		}
	}
	return rows
}
