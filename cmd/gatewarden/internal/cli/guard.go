package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
)

// guard is the instance of the filter in a file that is asked about: the number given,
// counted from 1, or with 0 the only one that guards anything.
func guard(cmd *cobra.Command, file string, env []string, number int) (*instances.Instance, error) {
	name := displayName(file)
	text, err := readFile(cmd, file)
	if err != nil {
		return nil, err
	}
	found, err := instances.Read(text, env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p, err := choose(found.Instances, number)
	if err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	if err := unusable(p, name); err != nil {
		return nil, err
	}
	if p.Config.Admin != nil {
		return nil, fmt.Errorf("%s has an operations endpoint there, which guards nothing: name another instance", name)
	}
	return p, nil
}

// unusable says why an instance in the file of this name has no configuration, or returns
// nil.
func unusable(p *instances.Instance, name string) error {
	switch {
	case p.Problem != "":
		return fmt.Errorf("%s:%d: %s", name, p.Line, p.Problem)
	case p.Config == nil:
		first := p.Refused.Violations[0]
		return fmt.Errorf("%s is refused by the filter: %s: %s; %q says all that is wrong",
			name, first.Path, first.Message, "gatewarden check")
	}
	return nil
}

// choose returns one of a file's instances. Operations endpoints guard nothing.
func choose(all []*instances.Instance, number int) (*instances.Instance, error) {
	if number > 0 && number <= len(all) {
		return all[number-1], nil
	}
	var names []string
	var only *instances.Instance
	for i, p := range all {
		if p.Config == nil || p.Config.Admin == nil {
			only = p
			names = append(names, fmt.Sprintf("%d (%s)", i+1, p.Where))
		}
	}
	switch {
	case only == nil:
		return nil, errors.New("has no instance of Gatewarden that guards anything: name another file")
	case number != 0 || len(names) > 1:
		return nil, fmt.Errorf("has the instances %s: say which with --instance", strings.Join(names, ", "))
	}
	return only, nil
}
