// Package add adds the filter to the text of a configuration of Envoy, and changes no
// other line of it.
package add

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
)

// Options say what to add.
type Options struct {
	// Config is the filter's own configuration, or empty for the default.
	Config []byte
	// ConfigName is the name of its file, for messages.
	ConfigName string
	// Wasm is the path of the module, as Envoy sees it; empty for DefaultWasm.
	Wasm string
	// Listeners are the names or addresses of the listeners to guard; if empty, all that
	// serve clients.
	Listeners []string
	// TrustedHops is the number of proxies in front that append to X-Forwarded-For;
	// negative if it is not known.
	TrustedHops int
	// Harden adds the settings that leave one spelling of each path and header.
	Harden bool
	// Admin makes the configuration of an operations endpoint; nil for none.
	Admin func() (string, error)
}

// DefaultWasm is the default path of the module.
const DefaultWasm = "/etc/envoy/gatewarden.wasm"

// Result is a configuration with the filter in it.
type Result struct {
	Text []byte
	// Notes report what was done, skipped or left to decide.
	Notes []Note
	// Findings are what check finds in the result, with the lines of the original file.
	// Those about Options.Config have its name and lines.
	Findings []check.Finding
	// Added tells whether the result differs from the file.
	Added bool
}

// The errors for files that the filter cannot be added to.
var (
	ErrForeign = errors.New("is not a configuration of Envoy: name one that has static_resources, " +
		"or a file with listeners; for Kubernetes, write --for istio or --for envoy-gateway")
	ErrNoHTTP = errors.New("has no HTTP connection manager: Gatewarden reads HTTP, " +
		"so it belongs in the proxy that ends TLS and forwards requests, not bytes")
)

var errNotPlain = errors.New("the configuration changes when it is embedded in YAML: write it without control characters and Unicode line separators")

// File adds the filter to a configuration.
func File(text []byte, o Options) (*Result, error) {
	p, err := newPlan(text, o)
	if err != nil {
		return nil, err
	}
	if err := p.run(); err != nil {
		return nil, err
	}
	result := p.editor.result()
	if err := p.verify(result); err != nil {
		return nil, err
	}
	findings := p.findings(result)
	return &Result{Text: result, Notes: p.notes, Findings: findings, Added: len(p.editor.inserts) > 0}, nil
}

// plan is the work on one file.
type plan struct {
	Options
	*survey
	editor *editor
	chosen []*listener
	// config is the filter's configuration: Options.Config, or that of an instance in the
	// file. stop is its allow_on_headers_stop_iteration.
	config string
	stop   bool
	module module
	// added is the number of chains that get the filter.
	added int
	notes []Note
}

func newPlan(text []byte, o Options) (*plan, error) {
	file, err := instances.Read(text, nil)
	if err != nil {
		return nil, err
	}
	p := &plan{Options: o, survey: read(file), editor: newEditor(text)}
	if len(p.listeners) == 0 && len(p.bootstraps) == 0 {
		return nil, ErrForeign
	}
	if p.chosen, err = p.choose(o.Listeners); err != nil {
		return nil, err
	}
	if len(p.chosen) == 0 && len(p.dynamic) == 0 {
		return nil, p.nobody()
	}
	p.module = module{vmID: "gatewarden", wasm: o.Wasm}
	if o.Wasm == "" {
		p.module.wasm = DefaultWasm
	}
	p.likeOthers()
	return p, p.readConfig()
}

// likeOthers takes vm_id, module and configuration from an instance in the file, so that
// new instances share its counters.
func (p *plan) likeOthers() {
	for _, i := range p.file.Instances {
		if i.Kind != instances.Envoy {
			continue
		}
		vm := i.Plugin.At("vm_config")
		if id := vm.At("vm_id").Text(); id != "" {
			p.module.vmID = id
		}
		if i.HasKey("admin") {
			continue
		}
		if path := vm.At("code", "local", "filename").Text(); path != "" && p.Wasm == "" {
			p.module.wasm = path
		}
		if len(p.Config) == 0 && i.Config != nil {
			p.Config = i.Text
		}
		return
	}
}

// readConfig makes the text of the filter's configuration.
func (p *plan) readConfig() (err error) {
	p.config, p.stop, err = Configuration(p.Config)
	return err
}

// Configuration is the text of a configuration for the filter. stop tells whether Envoy is to
// hold headers for it, which it is unless the text says that Envoy does not.
func Configuration(own []byte) (text string, stop bool, err error) {
	text = strings.TrimSpace(strings.ReplaceAll(string(own), "\r\n", "\n"))
	if text == "" {
		text = "{}"
	}
	c, err := config.Parse([]byte(text), nil)
	if err != nil {
		return "", false, err
	}
	return text, c.HeadersStopIteration != config.StopIterationMissing, nil
}

func (p *plan) run() error {
	guarded := false
	var why Note
	for _, l := range p.listeners {
		if !slices.Contains(p.chosen, l) {
			p.noteSkipped(l)
			continue
		}
		for _, c := range l.chains {
			did, err := p.chain(l, c)
			if err != nil {
				return err
			}
			if guarded = guarded || did; !guarded {
				why = p.notes[len(p.notes)-1]
			}
		}
	}
	p.noteDefaults()
	p.noteSeveral()
	p.noteDynamic()
	if !guarded && len(p.chosen) > 0 {
		return fmt.Errorf("line %d: no chain can have the filter: listener %s %s", why.Line, why.Where, why.Text)
	}
	for _, bootstrap := range p.bootstraps {
		if err := p.statsTags(bootstrap); err != nil {
			return err
		}
	}
	if len(p.bootstraps) == 0 {
		p.note(Note{Text: "this file has listeners only: run this also on the file with static_resources or dynamic_resources, which needs the stats_tags for the labels of the metrics"})
	}
	return p.operations()
}

// chain adds the filter to one chain, and tells whether the chain has it now.
func (p *plan) chain(l *listener, c chain) (bool, error) {
	if !c.manager.Exists() {
		p.note(Note{Line: c.node.Line(), Where: l.name, Text: "has a chain that is not HTTP (" + strings.Join(c.others, ", ") + "), and the filter sees only HTTP"})
		return false, nil
	}
	filters := c.manager.At("http_filters")
	if len(filters.Items()) == 0 {
		p.note(Note{Line: c.manager.Line(), Where: l.name, Severity: check.Warning, Text: "has no list of http_filters; write one that ends with envoy.filters.http.router, and run this again"})
		return false, nil
	}
	if there := p.guard(c.manager); there.Exists() {
		p.note(Note{Line: there.Line(), Where: l.name, Text: "has the filter already"})
		return true, p.manager(c.manager)
	}
	item := filterItem(p.module, "gatewarden", p.config, p.stop)
	if err := p.editor.first(c.manager.Key("http_filters"), filters, item); err != nil {
		return false, err
	}
	p.added++
	p.note(Note{Line: c.manager.Line(), Where: l.name, Text: "gets the filter, first in http_filters" + p.before(filters)})
	p.noteAccessLog(l, c.manager)
	p.noteCORS(l, filters)
	return true, p.manager(c.manager)
}

// manager adds the settings that the options ask for and the HTTP connection manager
// lacks.
func (p *plan) manager(manager tree.Node) error {
	var members strings.Builder
	if err := p.remoteAddress(&members, manager); err != nil {
		return err
	}
	if p.Harden {
		for _, s := range spellings {
			addField(&members, manager, s.field, s.value)
		}
		if err := p.underscores(manager.At("common_http_protocol_options")); err != nil {
			return err
		}
	}
	if members.Len() > 0 {
		return p.editor.before(manager, "http_filters", snippet(members.String()))
	}
	return nil
}

// remoteAddress adds use_remote_address, unless the manager has it.
func (p *plan) remoteAddress(members *strings.Builder, manager tree.Node) error {
	const hops = "xff_num_trusted_hops"
	if p.TrustedHops < 0 {
		return nil
	}
	if there, ok := manager.At(hops).Number(); ok && int(there) != p.TrustedHops {
		return fmt.Errorf("line %d: %s is %d there, and --trusted-hops says %d: change one of them", manager.At(hops).Line(), hops, there, p.TrustedHops)
	}
	if there := manager.At("original_ip_detection_extensions"); len(there.Items()) > 0 {
		return fmt.Errorf("line %d: original_ip_detection_extensions already determine the client's address, and Envoy refuses use_remote_address beside them: leave --trusted-hops out", there.Line())
	}
	addField(members, manager, "use_remote_address", "true")
	if p.TrustedHops > 0 {
		addField(members, manager, hops, fmt.Sprint(p.TrustedHops))
	}
	return nil
}

// addField adds a field, unless the object has it.
func addField(members *strings.Builder, object tree.Node, field, value string) {
	if !object.At(field).Exists() {
		members.WriteString(field + ": " + value + "\n")
	}
}

// spellings are the settings that leave one spelling of each path and header. envoy.yaml
// has the reasons.
var spellings = []struct{ field, value string }{
	{"normalize_path", "true"},
	{"merge_slashes", "true"},
	{"path_with_escaped_slashes_action", "REJECT_REQUEST"},
	{"common_http_protocol_options", "{headers_with_underscores_action: REJECT_REQUEST}"},
}

// underscores adds the action for underscores to existing options.
func (p *plan) underscores(options tree.Node) error {
	const field = "headers_with_underscores_action"
	members := options.Members()
	if len(members) == 0 || options.At(field).Exists() {
		return nil
	}
	return p.editor.before(options, members[0].Key, snippet(field+": REJECT_REQUEST\n"))
}

// statsTags adds the rules that turn parts of the metrics' names into labels.
func (p *plan) statsTags(bootstrap tree.Node) error {
	stats := bootstrap.At("stats_config")
	there := stats.At("stats_tags")
	items := tagItems(func(name, regex string) bool {
		for _, tag := range there.Items() {
			if tag.At("tag_name").Text() == name && tag.At("regex").Text() == regex {
				return true
			}
		}
		return false
	})
	switch members := stats.Members(); {
	case items == "":
		return nil
	case len(there.Items()) > 0:
		return p.editor.first(stats.Key("stats_tags"), there, items)
	case there.Exists():
		return cannotEdit(stats.Key("stats_tags"), "it is empty")
	case len(members) > 0:
		return p.editor.before(stats, members[0].Key, snippet("stats_tags:\n"+indent(items)))
	case stats.Exists():
		return cannotEdit(bootstrap.Key("stats_config"), "it is empty")
	}
	key := "static_resources"
	if !bootstrap.At(key).Exists() {
		key = "dynamic_resources"
	}
	whole := "stats_config:\n" + indent("stats_tags:\n"+snippet(indent(items)))
	return p.editor.before(bootstrap, key, snippet(tagsComment+whole))
}

// indent moves each line of a snippet to the right.
func indent(s snippet) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(string(s), "\n"), "\n", "\n  ") + "\n"
}

const tagsComment = `# These rules turn parts of the names of Gatewarden's metrics into labels, as in
# gatewarden_requests_total{surface="rest",outcome="passed"}.
`

// operations adds the listener of the operations endpoint.
func (p *plan) operations() error {
	if p.Admin == nil {
		return nil
	}
	for _, l := range p.listeners {
		if p.operates(l) {
			p.note(Note{Line: l.node.Line(), Where: l.name, Text: "is an operations endpoint already"})
			return nil
		}
	}
	if len(p.lists) == 0 {
		return errors.New("--operations needs a list of listeners to add to: name the file that has one")
	}
	admin, err := p.Admin()
	if err != nil {
		return err
	}
	into, port := p.lists[0], p.freePort()
	p.note(Note{Line: into.key.Line(), Text: fmt.Sprintf("the operations endpoint gets a listener on 127.0.0.1:%d, and the vm_id of the filter, to share its counters", port)})
	return p.editor.first(into.key, into.items, operationsListener(p.module, port, admin, into.typed))
}

// freePort returns the first port from 9902 that no listener or admin endpoint uses.
func (p *plan) freePort() int {
	taken := map[string]bool{}
	for _, l := range p.listeners {
		taken[l.node.At("address", "socket_address", "port_value").Text()] = true
	}
	for _, b := range p.bootstraps {
		taken[b.At("admin", "address", "socket_address", "port_value").Text()] = true
	}
	port := 9902
	for taken[fmt.Sprint(port)] {
		port++
	}
	return port
}

// verify reads the result as anybody would: each chain has to have the filter now, with
// the configuration that it was to get.
func (p *plan) verify(result []byte) error {
	again := p.Options
	again.Admin = nil
	q, err := newPlan(result, again)
	if err == nil {
		q.module, q.config, q.stop = p.module, p.config, p.stop
		err = q.run()
	}
	switch {
	case err != nil:
		return fmt.Errorf("the filter cannot be added to a file of this form (%w): add the lines of envoy.yaml by hand", err)
	case len(q.editor.inserts) > 0:
		return errors.New("the filter cannot be added to a file of this form: add the lines of envoy.yaml by hand")
	}
	added := 0
	for _, i := range q.file.Instances {
		if i.Config != nil && i.Place == 0 && strings.TrimSpace(string(i.Text)) == p.config {
			added++
		}
	}
	if added < p.added {
		return errNotPlain
	}
	return nil
}
