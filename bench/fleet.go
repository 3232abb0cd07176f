package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// The path of a fleet: a client that does not fail, at one of its proxies.

// fleetModes are those of docs/fleet.md.
var fleetModes = []string{"async", "first", "sync"}

// fleetConfig counts failures with other proxies.
func fleetConfig(mode string) string {
	return configured(lockoutMembers, fmt.Sprintf(
		`"fleet": {"cluster": %q, "secret": "for-benchmarks-alone-for-benchmarks", "timeout": "1s", "rules": [{"rule": "lockouts", "mode": %q}]}`,
		proxy.RateLimitCluster, mode))
}

// The metrics by which the fleet's proxies prove that they asked, and that they did not
// go on without an answer.
const (
	askedCounter  = "wasmcustom.gatewarden_fleet_calls_total.kind.ask.outcome.answered"
	fallbackAlone = "wasmcustom.gatewarden_fleet_fallbacks_total.decision.local"
)

// fleetGroups need Redis.
func (b *bench) fleetGroups() []group {
	if b.tools.ratelimit == "" {
		return nil
	}
	rounds, each := b.few()
	compiler := b.compilers[0]
	service := b.rateLimit(perClient, plenty)
	service.told = []quota{perClient}
	members := []variant{b.bareEnvoy(), b.floor(compiler), service, b.gatewarden(lockout, "no fleet", compiler, lockoutConfig)}
	for _, mode := range fleetModes {
		members = append(members, b.inFleet(mode, compiler))
	}
	return []group{{name: "fleet", workers: 1, rounds: rounds, each: each, paced: b.pacing(), members: members}}
}

// inFleet is Gatewarden with a service and a Redis of its own.
func (b *bench) inFleet(mode, compiler string) variant {
	config := fleetConfig(mode)
	v := b.gatewarden(mode, mode, compiler, config)
	v.zero = []string{fallbackAlone}
	if mode == "sync" {
		v.counters = append(v.counters, counterOf(askedCounter))
	}
	v.start = func(workers int) (*proxy.Server, error) {
		limits, err := b.fleetLimits(context.Background(), config)
		if err != nil {
			return nil, err
		}
		return b.withService(b.envoy(workers, b.wasm(guests.Gatewarden, compiler, config)), limits).Start()
	}
	return v
}

// fleetLimits is the service's file, as "gatewarden fleet" prints it.
func (b *bench) fleetLimits(ctx context.Context, config string) (string, error) {
	command, err := b.commandLine(ctx)
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, "fleet.json")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return "", err
	}
	limits, err := exec.CommandContext(ctx, command, "fleet", file).Output()
	if err != nil {
		return "", fmt.Errorf("gatewarden fleet: %w", err)
	}
	return string(limits), nil
}

// commandLine builds gatewarden, once.
func (b *bench) commandLine(ctx context.Context) (string, error) {
	file := filepath.Join(b.dir, "gatewarden")
	if exists(file) {
		return file, nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", file, ".")
	build.Dir = filepath.Join(b.tools.root, "cmd", "gatewarden")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("gatewarden: %w\n%s", err, out)
	}
	return file, nil
}
