package add

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
)

// Note reports one thing that was done, skipped or left to decide.
type Note struct {
	// Line is the line in the original file; 0 if the note is about the whole file.
	Line int
	// Where names a listener, or is empty.
	Where string
	// Severity is empty if there is nothing to decide.
	Severity check.Severity
	Text     string
	// Choices are the answers to choose from.
	Choices []Choice
	// harden marks the note to which findings about spellings are added.
	harden bool
}

// Choice is one answer to a question.
type Choice struct {
	// When says when the answer is right, Write what to write then.
	When  string
	Write []string
}

func (p *plan) note(n Note) { p.notes = append(p.notes, n) }

// noteSkipped says why a listener does not get the filter.
func (p *plan) noteSkipped(l *listener) {
	n := Note{Line: l.node.Line(), Where: l.name}
	var others []string
	for _, c := range l.chains {
		others = append(others, c.others...)
	}
	switch with := p.sharing(l); {
	case with != nil:
		n.Text = "shares a chain with listener " + with.name + " by an alias, so it gets the filter too; " + l.reason
	case !l.hasHTTP() && len(others) > 0:
		n.Text = "is left as it is: its traffic is not HTTP (" + strings.Join(unique(others), ", ") + "), and the filter sees only HTTP"
	case !l.hasHTTP():
		return
	case len(p.Listeners) > 0:
		n.Text = "is left as it is: --listener does not name it"
	case l.reason == "it is the operations endpoint":
		n.Text = "is left as it is: " + l.reason
	default:
		n.Text = "is left as it is: " + l.reason + "; if clients come through it, add --listener " + l.flag()
	}
	p.note(n)
}

// sharing returns a chosen listener that shares its list of filters with l, or nil.
func (p *plan) sharing(l *listener) *listener {
	for _, other := range p.chosen {
		for _, a := range other.chains {
			for _, b := range l.chains {
				if filters := a.manager.At("http_filters"); filters.Exists() && filters.Same(b.manager.At("http_filters")) {
					return other
				}
			}
		}
	}
	return nil
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// noteDefaults says what the default configuration guards: it does not guard a service
// with other paths.
func (p *plan) noteDefaults() {
	if len(p.Config) > 0 || p.added == 0 {
		return
	}
	c, err := config.Parse(nil, nil)
	if err != nil {
		return
	}
	var paths []string
	for _, surface := range c.Surfaces {
		for _, match := range surface.Match {
			paths = append(paths, strings.TrimSpace(strings.Join(match.Methods, " ")+" "+match.Path))
		}
	}
	p.note(Note{Text: "the default configuration guards " + andList(paths) + "; if clients send credentials to other paths, write a configuration for those and name it by --config"})
}

// noteSeveral asks which of several listeners serve clients.
func (p *plan) noteSeveral() {
	ports := map[string]bool{}
	var choices []Choice
	var names []string
	quic := false
	for _, l := range p.chosen {
		if !l.hasHTTP() {
			continue
		}
		ports[l.node.At("address", "socket_address", "port_value").Text()] = true
		names = append(names, l.name)
		quic = quic || l.node.At("udp_listener_config", "quic_options").Exists()
		choices = append(choices, Choice{When: "only listener " + l.name + " serves clients", Write: []string{"--listener " + l.flag()}})
	}
	if quic && len(names) > 1 && len(p.editor.inserts) > 0 {
		p.note(Note{Text: "TCP and QUIC count together: their filters have the same vm_id, so a client that changes the protocol stays locked out"})
	}
	if len(ports) < 2 || len(p.Listeners) > 0 || len(p.editor.inserts) == 0 {
		return
	}
	p.note(Note{
		Text:    "each of the listeners " + andList(names) + " gets the filter, because the file does not say which of them serve clients",
		Choices: choices,
	})
}

func andList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// noteDynamic says what to do with listeners that the file does not contain.
func (p *plan) noteDynamic() {
	for _, source := range p.dynamic {
		n := Note{Line: source.node.Line()}
		if len(p.chosen) == 0 {
			n.Severity = check.Warning
		}
		n.Text = "Envoy gets listeners from a control plane: add the filter there; for Istio and Envoy Gateway, --for prints the manifests"
		if source.path != "" {
			n.Text = "Envoy reads listeners from " + source.path + ": run \"gatewarden add\" on that file, too"
		}
		p.note(n)
	}
}

// refusing are filters that refuse requests themselves, by the last part of their
// package.
var refusing = []string{"jwt_authn", "ext_authz", "oauth2", "basic_auth", "api_key_auth", "rbac", "ext_proc", "lua", "wasm"}

// before names the filters behind the new one whose refusals count.
func (p *plan) before(filters tree.Node) string {
	var names []string
	for _, filter := range filters.Items() {
		parts := strings.Split(instances.TypeOf(filter), ".")
		if len(parts) > 3 && slices.Contains(refusing, parts[len(parts)-3]) {
			names = append(names, parts[len(parts)-3])
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", before " + andList(unique(names)) + ", whose refusals it sees"
}

// noteCORS says which setting makes the filter's own refusals readable for pages.
func (p *plan) noteCORS(l *listener, filters tree.Node) {
	for _, filter := range filters.Items() {
		if strings.HasSuffix(instances.TypeOf(filter), ".Cors") {
			p.note(Note{Line: filter.Line(), Where: l.name, Text: "has a CORS filter behind the filter: for the filter's own 429, set cors.origins in its configuration; by default every origin may read it, without credentials"})
			return
		}
	}
}

// wanted are the fields of an access log that simulate and people on call read.
var wanted = []struct{ field, operator, other string }{
	{"time", "%START_TIME%", "%START_TIME("},
	{"client", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "%DOWNSTREAM_REMOTE_ADDRESS%"},
	{"method", "%REQ(:METHOD)%", "%REQUEST_HEADER(:METHOD)%"},
	{"path", "%PATH(NQ)%", ":PATH"},
	{"status", "%RESPONSE_CODE%", ""},
	{"details", "%RESPONSE_CODE_DETAILS%", ""},
	{"reason", "%FILTER_STATE(wasm.gatewarden.reason:PLAIN)%", ""},
	{"failure", "%FILTER_STATE(wasm.gatewarden.failure:PLAIN)%", ""},
}

// noteAccessLog says what an access log lacks for "gatewarden simulate", which can read
// only files and streams.
func (p *plan) noteAccessLog(l *listener, manager tree.Node) {
	loggers := manager.At("access_log").Items()
	if len(loggers) == 0 {
		p.note(Note{Line: manager.Line(), Where: l.name, Text: "has no access log, which \"gatewarden simulate\" needs: envoy.yaml has one to copy"})
		return
	}
	for _, logger := range loggers {
		kind, settings := instances.Message(logger.At("typed_config"))
		if !strings.HasSuffix(kind, "AccessLog") || strings.Contains(kind, "Grpc") || strings.Contains(kind, "OpenTelemetry") {
			continue
		}
		format := settings.At("log_format", "json_format")
		if !format.Exists() {
			format = settings.At("json_format")
		}
		if format.Exists() {
			p.noteFields(l, logger, format)
			continue
		}
		p.note(Note{Line: logger.Line(), Where: l.name, Text: "logs text: for \"gatewarden simulate\", a json_format with the fields of envoy.yaml has more, such as the client's address and the reason for a refusal"})
	}
}

func (p *plan) noteFields(l *listener, logger, format tree.Node) {
	var has strings.Builder
	for _, member := range format.Members() {
		has.WriteString(strings.ToUpper(member.Value.Text()) + "\n")
	}
	var lines []string
	for _, w := range wanted {
		if !strings.Contains(has.String(), strings.ToUpper(w.operator)) && (w.other == "" || !strings.Contains(has.String(), w.other)) {
			lines = append(lines, fmt.Sprintf("%s: %q", w.field, w.operator))
		}
	}
	if len(lines) > 0 {
		p.note(Note{Line: logger.Line(), Where: l.name, Text: "has an access log that stays as it is",
			Choices: []Choice{{When: "you want \"gatewarden simulate\" to read it", Write: lines}}})
	}
}

// findings returns what check finds in the result. The finding about the client's address
// becomes a question with its answers.
func (p *plan) findings(result []byte) []check.Finding {
	var checked, own check.Result
	checked.File("", result, nil)
	if p.ConfigName != "" && len(p.Config) > 0 {
		own.File(p.ConfigName, p.Config, nil)
	}
	var list []check.Finding
	for _, f := range checked.Findings {
		f.Line = p.editor.lineBefore(f.Line)
		switch {
		case slices.ContainsFunc(own.Findings, func(o check.Finding) bool { return o.Path == f.Path && o.Message == f.Message }):
			// Said with the lines of its own file.
		case f.Rule == "client-address" && strings.HasSuffix(f.Path, "use_remote_address"):
			p.ask(f)
		case (f.Rule == "path-normalisation" || f.Rule == "header-underscores") && !p.Harden:
			p.askHarden(f)
		default:
			list = append(list, f)
		}
	}
	return append(list, own.Findings...)
}

func (p *plan) ask(f check.Finding) {
	n := Note{Line: f.Line, Where: f.Where, Severity: check.Error}
	direct, behind := "clients connect to this Envoy themselves", "N proxies in front append to X-Forwarded-For"
	const so = ", so clients set their own address in X-Forwarded-For, and each guess can come from a new client"
	if stated := strings.Contains(p.editor.line(f.Line), "emote"); stated {
		n.Text = "use_remote_address is false" + so + ", unless only proxies that you trust can connect. Replace it with what fits"
	} else {
		n.Text = "use_remote_address is missing" + so + ". Add what fits, here or by --trusted-hops"
		direct, behind = direct+" (--trusted-hops 0)", behind+" (--trusted-hops N)"
	}
	n.Choices = []Choice{
		{When: direct, Write: []string{"use_remote_address: true"}},
		{When: behind, Write: []string{"use_remote_address: true", "xff_num_trusted_hops: N"}},
	}
	p.note(n)
}

// askHarden offers all hardening settings that an HTTP connection manager lacks, in one
// note.
func (p *plan) askHarden(f check.Finding) {
	last := &p.notes[len(p.notes)-1]
	write := strings.TrimPrefix(f.Remedy, "write ")
	write, _, _ = strings.Cut(write, ",")
	near := p.editor.line(f.Line-1) + p.editor.line(f.Line)
	if f.Rule == "header-underscores" && !strings.Contains(near, "common_http_protocol_options") {
		write = "common_http_protocol_options: {" + write + "}"
	}
	if last.harden && last.Line == f.Line && last.Where == f.Where {
		last.Choices[0].Write = append(last.Choices[0].Write, write)
		return
	}
	p.note(Note{
		Line: f.Line, Where: f.Where, Severity: check.Warning, harden: true,
		Text:    "paths and headers can be spelt in several ways. The filter guards each spelling, but Envoy's routes and the service may read it differently. docs/security.md has the reasons",
		Choices: []Choice{{When: "the service needs none of these spellings (--harden)", Write: []string{write}}},
	})
}
