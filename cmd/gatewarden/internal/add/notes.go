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

// Note is one thing that was done, left out or left open.
type Note struct {
	// Line is that of the file, before anything was added; 0 for what concerns all of it.
	Line int
	// Where names a listener, or is empty.
	Where string
	// Severity is empty for what nobody has to decide.
	Severity check.Severity
	Text     string
	// Choices are what to choose from.
	Choices []Choice
	// harden marks the note to which findings about spellings are added.
	harden bool
}

// Choice is one answer to a question.
type Choice struct {
	// When says when it is right, Write what to write then.
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
		n.Text = "shares a chain with listener " + with.name + " by an alias, so that it gets the filter with it; " + l.reason
	case !l.hasHTTP() && len(others) > 0:
		n.Text = "is left as it is: it has no HTTP (" + strings.Join(unique(others), ", ") + "), which the filter cannot see"
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

// sharing returns a listener that is to have the filter and whose filters are those of
// another, too, or nil.
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

// noteDefaults says what the default configuration guards: a service that has other
// paths would be guarded nowhere.
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
	p.note(Note{Text: "the default configuration guards " + andList(paths) + "; where credentials go to other paths, write one with these and name it by --config"})
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
		p.note(Note{Text: "TCP and QUIC count together: their filters have the same vm_id, so that a client that changes the protocol stays locked out"})
	}
	if len(ports) < 2 || len(p.Listeners) > 0 || len(p.editor.inserts) == 0 {
		return
	}
	p.note(Note{
		Text:    "the file does not tell which of the listeners " + andList(names) + " serve clients from outside, so that each gets the filter",
		Choices: choices,
	})
}

func andList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// noteDynamic says what is to be done with listeners that stand elsewhere.
func (p *plan) noteDynamic() {
	for _, source := range p.dynamic {
		n := Note{Line: source.node.Line()}
		if len(p.chosen) == 0 {
			n.Severity = check.Warning
		}
		n.Text = "Envoy gets listeners from a control plane: the filter has to be put in there; for Istio and Envoy Gateway, --for prints what to apply"
		if source.path != "" {
			n.Text = "Envoy reads listeners from " + source.path + ": run \"gatewarden add\" on that file, too"
		}
		p.note(n)
	}
}

// refusing are filters that refuse requests themselves, by the last part of their
// package.
var refusing = []string{"jwt_authn", "ext_authz", "oauth2", "basic_auth", "api_key_auth", "rbac", "ext_proc", "lua", "wasm"}

// before names the filters that the new one comes before and whose refusals count.
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

// noteCORS tells pages' authors where the filter's own refusals get their headers from.
func (p *plan) noteCORS(l *listener, filters tree.Node) {
	for _, filter := range filters.Items() {
		if strings.HasSuffix(instances.TypeOf(filter), ".Cors") {
			p.note(Note{Line: filter.Line(), Where: l.name, Text: "has a CORS filter, which comes behind: pages read the filter's own 429 by its setting cors.origins, which allows every origin, without credentials, unless it names some"})
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

// noteAccessLog says what an access log lacks for "gatewarden simulate". Logs of other
// kinds than a file or a stream are nothing that it could read.
func (p *plan) noteAccessLog(l *listener, manager tree.Node) {
	loggers := manager.At("access_log").Items()
	if len(loggers) == 0 {
		p.note(Note{Line: manager.Line(), Where: l.name, Text: "has no access log, from which \"gatewarden simulate\" tells whom a limit would lock out: envoy.yaml has one to copy"})
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
		p.note(Note{Line: logger.Line(), Where: l.name, Text: "logs text: for \"gatewarden simulate\", a json_format with the fields of envoy.yaml tells more, such as the client's address and the reason of a refusal"})
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
			Choices: []Choice{{When: "\"gatewarden simulate\" is to read it", Write: lines}}})
	}
}

// findings are what check says of the result. Who says where a client comes from becomes
// a question with its answers.
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
	const so = ", so that a client says in X-Forwarded-For who it is, and each guess comes from a new address"
	if stated := strings.Contains(p.editor.line(f.Line), "emote"); stated {
		n.Text = "use_remote_address is false" + so + ", unless only proxies that you trust can connect. Write what is true in its place"
	} else {
		n.Text = "use_remote_address is not there" + so + ". Add what is true, here or by --trusted-hops"
		direct, behind = direct+" (--trusted-hops 0)", behind+" (--trusted-hops N)"
	}
	n.Choices = []Choice{
		{When: direct, Write: []string{"use_remote_address: true"}},
		{When: behind, Write: []string{"use_remote_address: true", "xff_num_trusted_hops: N"}},
	}
	p.note(n)
}

// askHarden offers what check misses in an HTTP connection manager, all of it at once.
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
		Text:    "a path or a header can be spelt in several ways, of which the filter guards all, but the routes and the service may each read another one. docs/security.md has the reasons",
		Choices: []Choice{{When: "the service needs none of these spellings (--harden)", Write: []string{write}}},
	})
}
