package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// DomainName is the domain of all variants.
const DomainName = "gatewarden"

// Limit is a limit of the rate limit service.
type Limit struct {
	Rule     string
	Requests uint32
	Unit     string // second, minute, hour, day
}

// domainFile is what the service reads.
type domainFile struct {
	Domain      string       `yaml:"domain"`
	Descriptors []descriptor `yaml:"descriptors"`
}

type descriptor struct {
	Key         string       `yaml:"key"`
	Value       string       `yaml:"value,omitempty"`
	RateLimit   *rateLimit   `yaml:"rate_limit,omitempty"`
	Descriptors []descriptor `yaml:"descriptors,omitempty"`
}

type rateLimit struct {
	Unit     string `yaml:"unit"`
	Requests uint32 `yaml:"requests_per_unit"`
}

// domain is the domain file for variants as "gatewarden fleet" prints it, with further
// limits. Variants that have a limit of the same name must agree.
func domain(ctx context.Context, root, dir string, variants []Variant, more []Limit) ([]byte, error) {
	file := domainFile{Domain: DomainName}
	seen := map[string]bool{}
	for _, v := range variants {
		if v.Config == noFilter || v.Shares != "" {
			continue
		}
		printed, err := limitsOf(ctx, root, dir, v)
		if err != nil {
			return nil, err
		}
		for _, d := range printed.Descriptors {
			if !seen[d.Value] {
				seen[d.Value] = true
				file.Descriptors = append(file.Descriptors, d)
			}
		}
	}
	for _, l := range more {
		file.Descriptors = append(file.Descriptors, descriptor{
			Key: "rule", Value: l.Rule, Descriptors: []descriptor{{Key: "key", RateLimit: &rateLimit{l.Unit, l.Requests}}},
		})
	}
	return yaml.Marshal(file)
}

// limitsOf reads what the command prints for a variant.
func limitsOf(ctx context.Context, root, dir string, v Variant) (printed domainFile, err error) {
	out, err := printLimits(ctx, root, dir, v.Config)
	if err != nil {
		return printed, fmt.Errorf("variant %s: %w", v.Name, err)
	}
	return printed, yaml.Unmarshal(out, &printed)
}

// printLimits runs "gatewarden fleet" for a configuration, which it writes into dir.
func printLimits(ctx context.Context, root, dir, config string) ([]byte, error) {
	file := filepath.Join(dir, "configuration.json")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	var said bytes.Buffer
	command := exec.CommandContext(ctx, filepath.Join(root, "build", "gatewarden"), "fleet", file)
	command.Stderr = &said
	out, err := command.Output()
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: run %q at the top of the repository", err, "make cli")
	}
	if err != nil {
		return nil, fmt.Errorf("gatewarden fleet: %w\n%s", err, said.String())
	}
	return out, nil
}
