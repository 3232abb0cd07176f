// Package check says what is wrong or dangerous about the instances of the filter
// in a file, and about the Envoy around them.
package check

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
)

// Severity of a finding.
type Severity string

// The severities.
const (
	// Error: the filter would refuse it, or it undoes what the filter is there for.
	Error Severity = "error"
	// Warning: it works, and is dangerous.
	Warning Severity = "warning"
)

// Finding is one thing that is wrong.
type Finding struct {
	File string `json:"file"`
	Line int    `json:"line"`
	// Rule is the name of what was broken; it does not change with the texts.
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Where names the instance or the part of Envoy; "" for a file that holds one
	// configuration and nothing else.
	Where string `json:"where"`
	// Path leads to the field, within what Where names.
	Path string `json:"path"`
	// Message says what is wrong, Why it matters, Remedy what to write.
	Message string `json:"message"`
	Why     string `json:"why"`
	Remedy  string `json:"remedy"`
}

// Result is what was found in some files.
type Result struct {
	// Target is the Envoy that will run what is in them, nil if that is not known.
	Target           *Target
	Files, Instances int
	Findings         []Finding
	// Empty are the files in which there is no instance.
	Empty []string
}

// Count is the number of findings of a severity.
func (r *Result) Count(severity Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// File checks one more file. The variables are those of VMs, as NAME=value.
func (r *Result) File(name string, text []byte, environment []string) {
	r.Files++
	c := &checker{target: r.Target}
	read, err := instances.Read(text, environment)
	if err != nil {
		c.unreadable(err)
	} else {
		c.file = read
		r.Instances += len(read.Instances)
		c.run()
		if len(read.Instances) == 0 {
			r.Empty = append(r.Empty, name)
		}
	}
	sort.SliceStable(c.found, func(i, j int) bool { return c.found[i].Line < c.found[j].Line })
	for i := range c.found {
		c.found[i].File = name
	}
	r.Findings = append(r.Findings, c.found...)
}

// checker looks at one file.
type checker struct {
	target *Target
	file   *instances.File
	found  []Finding
}

func (c *checker) run() {
	c.envoy()
	for _, i := range c.file.Instances {
		c.configuration(i)
		c.fleet(i)
		if i.Kind != instances.Plain {
			c.around(i)
		}
	}
	for _, manager := range c.managers() {
		c.manager(manager)
	}
	for _, bootstrap := range c.file.Bootstraps {
		if len(c.file.Instances) > 0 {
			c.bootstrap(bootstrap)
		}
	}
}

// around checks how one instance is built into what is around it.
func (c *checker) around(i *instances.Instance) {
	c.failurePolicy(i)
	c.vmID(i)
	c.capabilities(i)
	c.stopIteration(i)
	c.buffer(i)
	if i.HasKey("admin") {
		c.operations(i)
		return
	}
	c.order(i)
}

// managers are the HTTP connection managers with a guarding instance, each once.
func (c *checker) managers() []*instances.Instance {
	var list []*instances.Instance
next:
	for _, i := range c.file.Instances {
		if !i.Manager.Exists() || i.HasKey("admin") {
			continue
		}
		for _, other := range list {
			if other.Manager.Same(i.Manager) {
				continue next
			}
		}
		list = append(list, i)
	}
	return list
}

// add notes what is wrong with a node, or, if it is not there, with the first of
// the others that is.
func (c *checker) add(f Finding, nodes ...tree.Node) {
	for _, n := range nodes {
		if f.Line == 0 {
			f.Line = n.Line()
		}
	}
	f.Line = max(f.Line, 1)
	c.found = append(c.found, f)
}

func (c *checker) unreadable(err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	var rest string
	if n, _ := fmt.Sscanf(message, "line %d: ", &line); n == 1 {
		_, rest, _ = strings.Cut(message, ": ")
		message = rest
	}
	c.add(Finding{
		Rule: "unreadable", Severity: Error, Line: line,
		Message: "the file is neither JSON nor YAML: " + message,
		Why:     "Envoy cannot read it either.",
		Remedy:  "correct it near this line; a plugin configuration is one JSON object",
	})
}

// configuration reports what the filter says about its configuration.
func (c *checker) configuration(i *instances.Instance) {
	base := Finding{
		Rule: "configuration-refused", Severity: Error, Where: i.Where, Line: i.Line,
		Why: "The filter refuses the configuration: Envoy does not start with it, or keeps the one it had.",
	}
	if i.Problem != "" {
		base.Path = "configuration"
		base.Message, base.Remedy = splitRemedy(i.Problem)
		c.add(base)
		return
	}
	if i.Refused != nil {
		for _, v := range i.Refused.Violations {
			f := base
			f.Line, f.Path = i.LineOf(v.Path), v.Path
			f.Message, f.Remedy = splitRemedy(v.Message)
			if v.Path == "configuration" {
				f.Line = i.LineOfText(v.Message)
			}
			c.add(f)
		}
		if i.Refused.More > 0 {
			base.Message = fmt.Sprintf("has %d more mistakes like these", i.Refused.More)
			base.Remedy = "correct these first"
			c.add(base)
		}
		return
	}
	for _, warning := range i.Config.Warnings() {
		path, message, _ := strings.Cut(warning, ": ")
		f := Finding{Rule: "configuration-dangerous", Severity: Warning, Where: i.Where, Path: path, Line: i.LineOf(path)}
		f.Message, f.Remedy = splitRemedy(message)
		f.Message, f.Why = splitWhy(f.Message)
		c.add(f)
	}
}

// splitRemedy takes apart the filter's own texts, which say after a semicolon what
// to do.
func splitRemedy(text string) (message, remedy string) {
	at := strings.LastIndex(text, "; ")
	if at < 0 {
		return text, ""
	}
	return text[:at], text[at+2:]
}

// splitWhy takes the consequence off a warning's text.
func splitWhy(text string) (message, why string) {
	message, why, found := strings.Cut(text, ", so that ")
	if !found {
		return text, ""
	}
	return message, strings.ToUpper(why[:1]) + why[1:] + "."
}

// ErrNothing says that no file has an instance of the filter.
var ErrNothing = errors.New("no instance of Gatewarden is in what was given; " +
	"name a plugin configuration, an Envoy configuration or a manifest that has one")
