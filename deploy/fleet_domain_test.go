package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	commonv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	ratelimitconfig "github.com/envoyproxy/ratelimit/src/config"
	ratelimitsettings "github.com/envoyproxy/ratelimit/src/settings"
	ratelimitstats "github.com/envoyproxy/ratelimit/src/stats"
	gostats "github.com/lyft/gostats"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/config"
)

// TestDomainFileIsPrinted: the limits for the service are those of the configurations that
// proxies get.
func TestDomainFileIsPrinted(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "gatewarden")
	build := exec.Command("go", "build", "-o", tool, ".")
	build.Dir = "../cmd/gatewarden"
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	want, err := os.ReadFile("fleet/domain.yaml")
	require.NoError(t, err)
	printed := exec.Command(tool, "fleet", "envoy.yaml")
	printed.Dir = "fleet"
	got, err := printed.Output()
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "cd deploy/fleet && gatewarden fleet envoy.yaml >domain.yaml")
}

// TestServiceFindsEveryLimit: the service's own code finds for each rule the limit that the
// filter expects, in the domain that it asks in.
func TestServiceFindsEveryLimit(t *testing.T) {
	text, err := os.ReadFile("fleet/domain.yaml")
	require.NoError(t, err)
	stats := ratelimitstats.NewStatManager(gostats.NewStore(gostats.NewNullSink(), false), ratelimitsettings.NewSettings())
	service := ratelimitconfig.NewRateLimitConfigImpl([]ratelimitconfig.RateLimitConfigToLoad{{
		Name: "domain.yaml", ConfigYaml: ratelimitconfig.ConfigFileContentToYaml("domain.yaml", string(text)),
	}}, stats, false)
	for _, file := range []string{"fleet/envoy.yaml", "fleet/istio.yaml"} {
		for _, text := range pluginConfigs(t, file) {
			c, err := config.Parse([]byte(text), []string{"FLEET_SECRET=0123456789abcdef0123456789abcdef"})
			require.NoError(t, err)
			limits := c.FleetLimits()
			require.NotEmpty(t, limits)
			for _, limit := range limits {
				found := service.GetLimit(t.Context(), c.Fleet.Domain, &commonv3.RateLimitDescriptor{Entries: []*commonv3.RateLimitDescriptor_Entry{
					{Key: "rule", Value: limit.Rule}, {Key: "key", Value: "0123456789abcdef0123456789abcdef"},
				}})
				if assert.NotNil(t, found, "%s: the service has no limit for %s", file, limit.Rule) {
					assert.Equal(t, limit.Limit, found.Limit.RequestsPerUnit, limit.Rule)
					assert.Equal(t, unitOf[limit.Unit], found.Limit.Unit, limit.Rule)
				}
			}
		}
	}
}

// unitOf are the protocol's units by their lengths in milliseconds.
var unitOf = map[int64]ratelimitv3.RateLimitResponse_RateLimit_Unit{
	1000:       ratelimitv3.RateLimitResponse_RateLimit_SECOND,
	60_000:     ratelimitv3.RateLimitResponse_RateLimit_MINUTE,
	3600_000:   ratelimitv3.RateLimitResponse_RateLimit_HOUR,
	86_400_000: ratelimitv3.RateLimitResponse_RateLimit_DAY,
}
