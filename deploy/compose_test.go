package deploy

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// composed is the compose file as docker compose reads it, with all profiles.
func composed(t *testing.T) *types.Project {
	t.Helper()
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "compose",
		ConfigFiles: types.ToConfigFiles([]string{"compose/compose.yaml"}),
	}, loader.WithProfiles([]string{"watch"}))
	require.NoError(t, err)
	require.Len(t, project.Services, 4)
	return project
}

func TestComposeMountsWhatThereIs(t *testing.T) {
	for name, service := range composed(t).Services {
		require.NotEmpty(t, service.Volumes, name)
		for _, v := range service.Volumes {
			assert.FileExists(t, v.Source, name)
			assert.True(t, v.ReadOnly, "%s: %s", name, v.Source)
		}
		if name != "envoy" {
			assert.Equal(t, "service:envoy", service.NetworkMode, name)
		}
		for _, port := range service.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, "%s: port %s is open to other machines", name, port.Published)
		}
		_, tag, tagged := strings.Cut(service.Image, ":")
		assert.True(t, tagged && tag != "latest", "%s: which version is %s?", name, service.Image)
	}
}

// install lays out the files that are mounted into a container below dir.
func install(t *testing.T, service types.ServiceConfig, dir string) {
	t.Helper()
	for _, v := range service.Volumes {
		text, err := os.ReadFile(v.Source)
		require.NoError(t, err)
		to := filepath.Join(dir, v.Target)
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		require.NoError(t, os.WriteFile(to, text, 0o600))
	}
}

// validating is a folder with a command envoy that only says whether the real one
// would take the configuration.
func validating(t *testing.T) string {
	t.Helper()
	binary, err := findEnvoy()
	require.NoError(t, err)
	dir := t.TempDir()
	script := "#!/bin/sh\nexec " + binary + " --mode validate \"$@\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "envoy"), []byte(script), 0o700))
	return dir
}

// The command of the container, run as it stands, makes a configuration that Envoy
// takes, and opens the listener and nothing else.
func TestComposesEnvoyStarts(t *testing.T) {
	service := composed(t).Services["envoy"]
	dir := t.TempDir()
	install(t, service, dir)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tmp"), 0o700))
	require.Equal(t, types.ShellCommand{"sh", "-ec"}, service.Entrypoint)
	command := exec.Command("sh", "-ec", strings.ReplaceAll(service.Command[0], "/tmp/", dir+"/tmp/"))
	command.Dir = filepath.Join(dir, service.WorkingDir)
	command.Env = append(os.Environ(), "PATH="+validating(t)+":"+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)

	read := func(path string) string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	opened := fromYAML(t, read(filepath.Join(dir, "tmp", "envoy.yaml")))
	socket := opened.StaticResources.Listeners[0].Address.GetSocketAddress()
	assert.Equal(t, "0.0.0.0", socket.Address)
	socket.Address = "127.0.0.1"
	assert.True(t, proto.Equal(fromYAML(t, read("../envoy.yaml")), opened), "more was changed")
}

func TestComposesServiceIsAPlaceholder(t *testing.T) {
	text, err := os.ReadFile("compose/service.yaml")
	require.NoError(t, err)
	bootstrap := fromYAML(t, strings.Replace(string(text), "port_value: 8080", "port_value: 0", 1))
	proto.Merge(bootstrap, fromYAML(t, "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}"))
	envoy := startEnvoy(t, bootstrap)
	address := envoy.listener(t, "service")
	assert.Equal(t, http.StatusUnauthorized, guess(t, address))
	assert.Equal(t, http.StatusOK, guess(t, address, "Authorization", "Bearer demo-token"))
}

func TestComposesPrometheusTakesItsConfiguration(t *testing.T) {
	dir := t.TempDir()
	install(t, composed(t).Services["prometheus"], dir)
	promtool(t, "check", "config", filepath.Join(dir, "etc", "prometheus", "prometheus.yml"))
}
