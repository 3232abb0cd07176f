//go:build products

package deploy

import (
	"fmt"
	"os"
	"testing"

	"istio.io/istio/pkg/log"
)

// TestMain keeps Istio from telling each of its steps.
func TestMain(m *testing.M) {
	options := log.DefaultOptions()
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.ErrorLevel)
	if err := log.Configure(options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
