package envoy

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// image is the one of Envoy's project.
var image = "envoyproxy/envoy:v" + Version

func (f Finder) fromDocker(ctx context.Context) (Binary, error) {
	// The container shares the host's network, so that Envoy and its clients
	// see each other's loopback addresses. Only Linux has that.
	if runtime.GOOS != "linux" {
		return Binary{}, absent("docker is used on Linux only")
	}
	docker, err := exec.LookPath("docker")
	if err != nil {
		return Binary{}, absent("there is no docker on the PATH")
	}
	quick, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(quick, docker, "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		return Binary{}, absent("docker has no working engine: %s", lastLine(out))
	}
	if exec.CommandContext(quick, docker, "image", "inspect", image).Run() != nil {
		f.logf("pulling the image %s (once)", image)
		pull := exec.CommandContext(ctx, docker, "pull", "--quiet", image)
		if out, err := pull.CombinedOutput(); err != nil {
			return Binary{}, absent("docker cannot pull %s: %s", image, lastLine(out))
		}
	}
	return Binary{Source: "docker image " + image, Path: docker, Image: image}, nil
}

// command is the command line that starts Envoy with args. dir is where Envoy
// finds its files and writes its own; files are what else it reads.
func (b Binary) command(dir string, files []string, args []string) *exec.Cmd {
	if b.Image == "" {
		return exec.Command(b.Path, args...)
	}
	// In the foreground, docker passes our signals on to Envoy: stopping the
	// client stops the container.
	run := []string{"run", "--rm", "--network", "host", "--entrypoint", "envoy",
		"--user", strconv.Itoa(os.Getuid()) + ":" + strconv.Itoa(os.Getgid()),
		"--volume", dir + ":" + dir}
	for _, file := range files {
		if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
			continue
		}
		run = append(run, "--volume", file+":"+file+":ro")
	}
	run = append(run, b.Image)
	return exec.Command(b.Path, append(run, args...)...)
}
