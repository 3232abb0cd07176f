// Package protocols tests Gatewarden in a real Envoy with clients and services that
// take more than one request or more than a status to tell whether a credential is
// right: gRPC, gRPC-Web and Connect, NTLM and Negotiate, Digest. None of what speaks
// these protocols is ours.
package protocols

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/program"
	"github.com/gatewarden/gatewarden/internal/docs"
)

const (
	python = ".tools/protocols/python/bin/python"
	node   = ".tools/protocols/node/"
)

var tests = &program.Tests{
	Name: "protocols", Remedy: "run scripts/install-protocols at the top of the repository",
	Commands: []program.Command{
		{Name: "ntlm", Args: []string{python, "-B", "e2e/protocols/python/ntlm.py"}},
		{Name: "digest", Args: []string{"node", node + "digest.js"}},
	},
}

func TestMain(m *testing.M) {
	tests.Configure = addListeners
	tests.Main(m)
}

// addListeners gives each way a listener with a surface of its own.
func addListeners(bootstrap *envoy.Bootstrap) (stop func(), err error) {
	rpc, stop, err := serveRPC()
	if err != nil {
		return nil, err
	}
	services := map[string]string{"rpc": rpc, "rpc-grpc": rpc}
	for name, p := range tests.Programs {
		services[name] = p.Address
	}
	services["ntlm-shared"] = services["ntlm"]
	err = addClusters(bootstrap, services)
	for _, w := range append(ways, sharedNTLM) {
		if failed := bootstrap.AddCopy(w.id, w.configuration(), w.edit); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", w.id, failed))
		}
	}
	if err != nil {
		stop()
	}
	return stop, err
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
