// Package protocols tests Gatewarden in a real Envoy with clients and services that
// take more than one request or more than a status to tell whether a credential is
// right: gRPC, gRPC-Web and Connect, NTLM and Negotiate, Digest. None of what speaks
// these protocols is ours.
package protocols

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/program"
	"github.com/gatewarden/gatewarden/internal/docs"
)

// What every test needs; TestMain finds and starts it.
var (
	root     string
	programs map[string]*program.Program
	proxy    *envoy.Process
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Much of the time, each way waits for the others' programs and for metrics.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "protocols:", err)
		code = 1
	}
	os.Exit(code)
}

const (
	python = ".tools/protocols/python/bin/python"
	node   = ".tools/protocols/node/"
	remedy = "run scripts/install-protocols at the top of the repository"
)

var commands = []program.Command{
	{Name: "ntlm", Args: []string{python, "-B", "e2e/protocols/python/ntlm.py"}},
	{Name: "digest", Args: []string{"node", node + "digest.js"}},
}

// run fails when something is missing: a test that cannot run has not passed.
func run(m *testing.M) (code int, err error) {
	if root, err = filepath.Abs("../.."); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "gatewarden-protocols-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	programs, err = program.Set{Root: root, Dir: dir, Remedy: remedy}.Start(commands)
	for _, p := range programs {
		defer p.Stop()
	}
	if err != nil {
		return 0, err
	}
	rpc, stop, err := serveRPC()
	if err != nil {
		return 0, err
	}
	defer stop()
	services := map[string]string{"rpc": rpc, "rpc-grpc": rpc}
	for name, p := range programs {
		services[name] = p.Address
	}
	services["ntlm-shared"] = services["ntlm"]
	if err := startEnvoy(dir, services); err != nil {
		return 0, err
	}
	defer proxy.Stop()
	return m.Run(), nil
}

// startEnvoy gives each way a listener with a surface of its own. They share a VM, and
// so the table and the metrics: the surfaces' names keep them apart.
func startEnvoy(dir string, services map[string]string) error {
	binary, err := envoy.Finder{Root: root, Log: os.Stderr}.Find(context.Background())
	if err != nil {
		return err
	}
	bootstrap, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
	if err != nil {
		return err
	}
	wasm, err := envoy.Filter(root)
	if err != nil {
		return err
	}
	if err := errors.Join(bootstrap.FreePorts(), bootstrap.SetWasm(wasm), addClusters(bootstrap, services)); err != nil {
		return err
	}
	for _, w := range append(ways, sharedNTLM) {
		if err := bootstrap.AddCopy(w.id, w.configuration(), w.edit); err != nil {
			return fmt.Errorf("%s: %w", w.id, err)
		}
	}
	proxy, err = envoy.Start(context.Background(), binary, envoy.Options{Bootstrap: bootstrap, Dir: dir, WorkDir: root})
	return err
}

func addClusters(bootstrap *envoy.Bootstrap, services map[string]string) error {
	var failed error
	for name, address := range services {
		failed = errors.Join(failed, bootstrap.AddCluster(name, address))
	}
	page, err := os.ReadFile(pageFile())
	if failed = errors.Join(failed, err); failed != nil {
		return failed
	}
	for _, b := range docs.Blocks(string(page)) {
		if b.Attributes["in"] == "cluster" {
			failed = errors.Join(failed, bootstrap.PutCluster("ntlm", b.Text))
		}
	}
	return errors.Join(failed, bootstrap.FollowProtocol("rpc"), bootstrap.SpeakHTTP2("rpc-grpc"))
}
