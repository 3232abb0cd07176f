package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	wasmfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/wasm/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	upstreamv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	wasmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/wasm/v3"
	ratelimit "github.com/envoyproxy/ratelimit/src/settings"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
	networking "istio.io/api/networking/v1alpha3"
	sigsyaml "sigs.k8s.io/yaml"
)

// composedFleet is the fleet's compose file as docker compose reads it.
func composedFleet(t *testing.T) *types.Project {
	t.Helper()
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "fleet",
		ConfigFiles: types.ToConfigFiles([]string{"fleet/compose.yaml"}),
		Environment: types.Mapping{"FLEET_SECRET": "a secret of this test, 32 characters"},
	})
	require.NoError(t, err)
	require.Len(t, project.Services, 9)
	return project
}

func TestFleetsComposeMountsWhatThereIs(t *testing.T) {
	for name, service := range composedFleet(t).Services {
		require.NotEmpty(t, service.Volumes, name)
		for _, v := range service.Volumes {
			assert.FileExists(t, v.Source, name)
			assert.True(t, v.ReadOnly, "%s: %s", name, v.Source)
		}
		for _, port := range service.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, "%s: port %s is open to other machines", name, port.Published)
		}
		assert.True(t, service.ReadOnly && len(service.CapDrop) > 0, "%s may do too much", name)
		_, tag, tagged := strings.Cut(service.Image, ":")
		assert.True(t, tagged && tag != "latest", "%s: which version is %s?", name, service.Image)
	}
}

// Without the secret that all proxies share, nothing starts.
func TestFleetsComposeNeedsASecret(t *testing.T) {
	_, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: "fleet", ConfigFiles: types.ToConfigFiles([]string{"fleet/compose.yaml"}), Environment: types.Mapping{},
	})
	assert.ErrorContains(t, err, "FLEET_SECRET")
}

// fleetEnvoy is fleet/envoy.yaml.
func fleetEnvoy(t *testing.T) *bootstrapv3.Bootstrap {
	t.Helper()
	text, err := os.ReadFile("fleet/envoy.yaml")
	require.NoError(t, err)
	return fromYAML(t, string(text))
}

// editFilter changes the first HTTP filter of a bootstrap, which is Gatewarden.
func editFilter(t *testing.T, b *bootstrapv3.Bootstrap, edit func(filter *wasmfilterv3.Wasm)) {
	t.Helper()
	manager, filter := &hcmv3.HttpConnectionManager{}, &wasmfilterv3.Wasm{}
	network := b.StaticResources.Listeners[0].FilterChains[0].Filters[0]
	require.NoError(t, network.GetTypedConfig().UnmarshalTo(manager))
	require.NoError(t, manager.HttpFilters[0].GetTypedConfig().UnmarshalTo(filter))
	edit(filter)
	require.NoError(t, manager.HttpFilters[0].GetTypedConfig().MarshalFrom(filter))
	require.NoError(t, network.GetTypedConfig().MarshalFrom(manager))
}

// fleetSettings is the part of the filter's configuration that other files must agree
// with.
type fleetSettings struct {
	Cluster   string `json:"cluster"`
	SecretEnv string `json:"secret_env"`
}

// cutFleet takes out of a bootstrap what a fleet adds to it, and returns that. It leaves the
// filter's configuration without spaces.
func cutFleet(t *testing.T, b *bootstrapv3.Bootstrap) (settings fleetSettings, cluster *clusterv3.Cluster, variables []string) {
	t.Helper()
	if clusters := b.StaticResources.Clusters; len(clusters) > 1 {
		cluster, b.StaticResources.Clusters = clusters[1], clusters[:1]
	}
	editFilter(t, b, func(filter *wasmfilterv3.Wasm) {
		vm := filter.Config.Vm.(*wasmv3.PluginConfig_VmConfig).VmConfig
		variables, vm.EnvironmentVariables = vm.EnvironmentVariables.GetHostEnvKeys(), nil
		text := &wrapperspb.StringValue{}
		require.NoError(t, filter.Config.Configuration.UnmarshalTo(text))
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text.Value), &members))
		if members["fleet"] != nil {
			require.NoError(t, json.Unmarshal(members["fleet"], &settings))
			delete(members, "fleet")
		}
		rest, err := json.Marshal(members)
		require.NoError(t, err)
		require.NoError(t, filter.Config.Configuration.MarshalFrom(wrapperspb.String(string(rest))))
	})
	return settings, cluster, variables
}

// The fleet's Envoy is the repository's, and what the fleet adds agrees with itself.
func TestFleetsEnvoyIsTheExample(t *testing.T) {
	fleet := fleetEnvoy(t)
	settings, cluster, variables := cutFleet(t, fleet)
	assert.Equal(t, cluster.Name, settings.Cluster)
	assert.Equal(t, []string{settings.SecretEnv}, variables)
	assertCallable(t, cluster)

	text, err := os.ReadFile("../envoy.yaml")
	require.NoError(t, err)
	example := fromYAML(t, string(text))
	cutFleet(t, example) // it has none
	assert.Empty(t, diff(t, example, fleet), "fleet/envoy.yaml and envoy.yaml are not the same")
}

// diff is empty if two messages are equal, and otherwise both as text.
func diff(t *testing.T, want, got proto.Message) string {
	t.Helper()
	if proto.Equal(want, got) {
		return ""
	}
	return protojson.Format(want) + "\n" + protojson.Format(got)
}

// assertCallable wants a cluster that gRPC works with.
func assertCallable(t *testing.T, cluster *clusterv3.Cluster) {
	t.Helper()
	options := &upstreamv3.HttpProtocolOptions{}
	packed := cluster.TypedExtensionProtocolOptions["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
	require.NotNil(t, packed, "%s speaks HTTP/1.1", cluster.Name)
	require.NoError(t, packed.UnmarshalTo(options))
	require.NotNil(t, options.GetExplicitHttpConfig().GetHttp2ProtocolOptions(), "%s speaks HTTP/1.1", cluster.Name)
	assert.NotNil(t, options.GetExplicitHttpConfig().GetHttp2ProtocolOptions().ConnectionKeepalive)
	assert.Equal(t, cluster.Name, cluster.LoadAssignment.ClusterName)
}

// endpoint is the only address of a cluster.
func endpoint(cluster *clusterv3.Cluster) (host string, port int) {
	socket := cluster.LoadAssignment.Endpoints[0].LbEndpoints[0].GetEndpoint().Address.GetSocketAddress()
	return socket.Address, int(socket.GetPortValue())
}

// The command of the containers makes a configuration that Envoy takes, with the
// addresses of the other containers and nothing else changed.
func TestFleetsEnvoysStart(t *testing.T) {
	project := composedFleet(t)
	service := project.Services["envoy-1"]
	assert.Equal(t, service.Command, project.Services["envoy-2"].Command)
	assert.Equal(t, service.Environment, project.Services["envoy-2"].Environment)
	assert.NotNil(t, service.Environment["FLEET_SECRET"])
	dir := t.TempDir()
	install(t, service, dir)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tmp"), 0o700))
	command := exec.Command("sh", "-ec", strings.ReplaceAll(service.Command[0], "/tmp/", dir+"/tmp/"))
	command.Dir = filepath.Join(dir, service.WorkingDir)
	command.Env = append(os.Environ(), "PATH="+validating(t)+":"+os.Getenv("PATH"), "FLEET_SECRET="+strings.Repeat("x", 32))
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)

	text, err := os.ReadFile(filepath.Join(dir, "tmp", "envoy.yaml"))
	require.NoError(t, err)
	started := fromYAML(t, string(text))
	for _, cluster := range started.StaticResources.Clusters {
		host, _ := endpoint(cluster)
		assert.Contains(t, project.Services, host, "no container is called so")
	}
	socket := started.StaticResources.Listeners[0].Address.GetSocketAddress()
	assert.Equal(t, "0.0.0.0", socket.Address)
	socket.Address = "127.0.0.1"
	of := started.StaticResources.Clusters[0]
	of.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STATIC}
	of.LoadAssignment.Endpoints[0].LbEndpoints[0].GetEndpoint().Address.GetSocketAddress().Address = "127.0.0.1"
	assert.Empty(t, diff(t, fleetEnvoy(t), started), "more was changed")
}

// The cluster in Istio's manifest is that of envoy.yaml at another address, and that is
// the address of the Service.
func TestFleetsClusterInIstio(t *testing.T) {
	istioUnderstands(t, "fleet/istio.yaml")
	objects := manifest(t, "fleet/istio.yaml")
	require.Len(t, objects, 2)
	filter := &networking.EnvoyFilter{}
	require.NoError(t, protojson.Unmarshal(objects[1].spec(t), filter))
	value, err := filter.ConfigPatches[0].Patch.Value.MarshalJSON()
	require.NoError(t, err)
	cluster := &clusterv3.Cluster{}
	require.NoError(t, protojson.Unmarshal(value, cluster))
	assertCallable(t, cluster)
	assert.Equal(t, settingsInIstio(t).Cluster, cluster.Name)

	host, port := endpoint(cluster)
	service := kubernetesObjects(t).services["ratelimit"]
	require.NotNil(t, service)
	assert.Equal(t, "ratelimit."+service.Namespace+".svc.cluster.local", host)
	assert.EqualValues(t, service.Spec.Ports[0].Port, port)
	_, plain, _ := cutFleet(t, fleetEnvoy(t))
	plain.LoadAssignment.Endpoints[0].LbEndpoints[0].GetEndpoint().Address.GetSocketAddress().Address = host
	assert.Empty(t, diff(t, plain, cluster), "fleet/istio.yaml and fleet/envoy.yaml differ in more than the address")
}

// settingsInIstio is the fleet in the configuration of fleet/istio.yaml. All that it
// reads of the environment is what fleet/values.yaml puts there.
func settingsInIstio(t *testing.T) fleetSettings {
	t.Helper()
	var extension struct {
		Wasm struct {
			VMConfig struct {
				Env []struct{ Name, ValueFrom string }
			}
			PluginConfig struct{ Fleet fleetSettings }
		}
	}
	require.NoError(t, sigsyaml.Unmarshal(manifest(t, "fleet/istio.yaml")[0].spec(t), &extension))
	settings := extension.Wasm.PluginConfig.Fleet
	require.Len(t, extension.Wasm.VMConfig.Env, 1)
	assert.Equal(t, settings.SecretEnv, extension.Wasm.VMConfig.Env[0].Name)
	assert.Equal(t, "HOST", extension.Wasm.VMConfig.Env[0].ValueFrom)
	text, err := os.ReadFile("fleet/values.yaml")
	require.NoError(t, err)
	var values struct {
		EnvVarFrom []struct {
			Name      string
			ValueFrom struct{ SecretKeyRef struct{ Name, Key string } }
		} `json:"envVarFrom"`
	}
	require.NoError(t, sigsyaml.UnmarshalStrict(text, &values))
	require.Len(t, values.EnvVarFrom, 1)
	assert.Equal(t, settings.SecretEnv, values.EnvVarFrom[0].Name)
	assertSecretIsMade(t, "istio-system", values.EnvVarFrom[0].ValueFrom.SecretKeyRef.Name, values.EnvVarFrom[0].ValueFrom.SecretKeyRef.Key)
	return settings
}

// assertSecretIsMade wants the guide to say how a Secret is made.
func assertSecretIsMade(t *testing.T, namespace, name, key string) {
	t.Helper()
	guide, err := os.ReadFile("fleet/README.md")
	require.NoError(t, err)
	assert.Contains(t, string(guide), "kubectl -n "+namespace+" create secret generic "+name+" --from-literal="+key+"=")
}

// serviceSettings are the settings of the rate limit service that an environment makes,
// each of which must be one that it knows.
func serviceSettings(t *testing.T, environment map[string]string) ratelimit.Settings {
	t.Helper()
	known := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[ratelimit.Settings]()) {
		known[field.Tag.Get("envconfig")] = true
	}
	for name, value := range environment {
		assert.True(t, known[name], "the service has no setting %s", name)
		t.Setenv(name, value)
	}
	return ratelimit.NewSettings()
}

// assertFailoverPair wants the service to read its domain file at path, and to find its
// Redis through sentinels that there are.
func assertFailoverPair(t *testing.T, s ratelimit.Settings, file string, members func(name string, port int) bool) {
	t.Helper()
	assert.Equal(t, path.Join(s.RuntimePath, s.RuntimeSubdirectory, s.RuntimeAppDirectory, "domain.yaml"), file)
	assert.False(t, s.RuntimeWatchRoot)
	assert.True(t, s.RuntimeIgnoreDotFiles)
	assert.Equal(t, "SENTINEL", s.RedisType)
	words := strings.Split(s.RedisUrl, ",")
	require.Len(t, words, 4)
	script, err := os.ReadFile("fleet/redis.sh")
	require.NoError(t, err)
	assert.Contains(t, string(script), "sentinel monitor "+words[0]+" ")
	for _, word := range words[1:] {
		host, port, _ := strings.Cut(word, ":")
		assert.Equal(t, "26379", port)
		assert.True(t, members(host, 26379), "nothing is called %s", host)
	}
}

func TestFleetsServiceInCompose(t *testing.T) {
	project := composedFleet(t)
	service := project.Services["ratelimit"]
	environment := map[string]string{}
	for name, value := range service.Environment {
		environment[name] = *value
	}
	assertFailoverPair(t, serviceSettings(t, environment), service.Volumes[0].Target, func(name string, _ int) bool {
		member := project.Services[name]
		self := member.Environment["SELF"]
		return len(member.Command) == 1 && member.Command[0] == "sentinel" && self != nil && *self == name
	})
	for name, member := range project.Services {
		if first := member.Environment["FIRST"]; first != nil {
			assert.Contains(t, project.Services, *first, name)
			for _, sentinel := range strings.Fields(*member.Environment["SENTINELS"]) {
				assert.Equal(t, "sentinel", project.Services[sentinel].Command[0], name)
			}
		}
	}
}
