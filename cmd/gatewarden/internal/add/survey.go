package add

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
)

// survey has the parts of a file that matter for adding the filter.
type survey struct {
	file      *instances.File
	listeners []*listener
	// bootstraps are whole configurations of Envoy, lists those that listeners stand in.
	bootstraps []tree.Node
	lists      []list
	// dynamic are where Envoy gets its other listeners from.
	dynamic []source
}

// list is a list of listeners and its key. In a list of resources, each listener names
// its type.
type list struct {
	key, items tree.Node
	typed      bool
}

// source is a file or a control plane that Envoy gets listeners from.
type source struct {
	node tree.Node
	path string
}

// listener is one listener, with the reason if it does not serve other machines.
type listener struct {
	node   tree.Node
	name   string // with quotes, or its address
	reach  reach
	reason string
	chains []chain
}

// reach says who can connect to a listener.
type reach uint8

const (
	outside  reach = iota // other machines, as far as the file tells
	local                 // this machine
	unserved              // no client whose credentials matter
)

// chain is one filter chain of a listener.
type chain struct {
	node tree.Node
	// manager is its HTTP connection manager; if it has none, others names its filters.
	manager tree.Node
	others  []string
}

// read finds the listeners of a file.
func read(file *instances.File) *survey {
	s := &survey{file: file, bootstraps: file.Bootstraps}
	for _, document := range file.Documents {
		s.document(document)
	}
	for _, bootstrap := range s.bootstraps {
		static := bootstrap.At("static_resources")
		s.listenersIn(static, "listeners", false)
		if lds := bootstrap.At("dynamic_resources", "lds_config"); lds.Exists() {
			path := lds.At("path_config_source", "path").Text() + lds.At("path").Text()
			s.dynamic = append(s.dynamic, source{lds, path})
		}
	}
	return s
}

// document collects the listeners of a file for Envoy's listener discovery, or of a file
// with a single listener. Whole configurations are in the file's Bootstraps.
func (s *survey) document(document tree.Node) {
	switch {
	case document.At("static_resources").Exists() || document.At("dynamic_resources").Exists() || document.At("apiVersion").Exists():
	case document.At("resources").IsList():
		s.listenersIn(document, "resources", true)
	case isListener(document):
		s.listener(document)
	}
}

func (s *survey) listenersIn(object tree.Node, key string, typed bool) {
	items := object.At(key)
	found := false
	for _, item := range items.Items() {
		if !typed || isListener(item) {
			s.listener(item)
			found = true
		}
	}
	if found {
		s.lists = append(s.lists, list{object.Key(key), items, typed})
	}
}

func isListener(n tree.Node) bool {
	kind, _ := instances.Message(n)
	return strings.HasSuffix(kind, ".Listener") || kind == "" && n.At("filter_chains").Exists()
}

func (s *survey) listener(n tree.Node) {
	l := &listener{node: n, name: fmt.Sprintf("%q", n.At("name").Text())}
	if n.At("name").Text() == "" {
		l.name = "on " + addressOf(n)
	}
	l.reach, l.reason = reachOf(n)
	for _, node := range append(several(n.At("filter_chains")), n.At("default_filter_chain")) {
		if node.Exists() {
			l.chains = append(l.chains, chainOf(node))
		}
	}
	if s.operates(l) {
		l.reach, l.reason = unserved, "it is the operations endpoint"
	}
	s.listeners = append(s.listeners, l)
}

// several returns the items of a list. Envoy reads a single value as a list of one.
func several(n tree.Node) []tree.Node {
	if n.IsObject() {
		return []tree.Node{n}
	}
	return n.Items()
}

// addressOf returns a listener's address for messages, as host:port.
func addressOf(n tree.Node) string {
	socket := n.At("address", "socket_address")
	if pipe := n.At("address", "pipe", "path").Text(); pipe != "" {
		return pipe
	}
	return socket.At("address").Text() + ":" + socket.At("port_value").Text()
}

func reachOf(n tree.Node) (reach, string) {
	switch address := n.At("address"); {
	case n.At("internal_listener").Exists() || address.At("envoy_internal_address").Exists():
		return unserved, "it is an internal listener, which only this Envoy connects to"
	case n.At("api_listener").Exists():
		return unserved, "it is an API listener, which takes no connections"
	case n.At("traffic_direction").Text() == "OUTBOUND":
		return unserved, "its traffic_direction is OUTBOUND: it carries this machine's own requests"
	case !check.IsLocal(address):
		return outside, ""
	}
	for _, more := range n.At("additional_addresses").Items() {
		if !check.IsLocal(more.At("address")) {
			return outside, ""
		}
	}
	return local, "only this machine reaches " + addressOf(n)
}

func chainOf(node tree.Node) chain {
	c := chain{node: node}
	for _, filter := range several(node.At("filters")) {
		kind, body := instances.Message(filter.At("typed_config"))
		if strings.HasSuffix(kind, ".HttpConnectionManager") {
			return chain{node: node, manager: body}
		}
		if filter.At("config_discovery").Exists() {
			kind = "config_discovery"
		}
		c.others = append(c.others, kind[strings.LastIndexByte(kind, '.')+1:])
	}
	return c
}

// operates tells whether a listener has an operations endpoint.
func (s *survey) operates(l *listener) bool {
	for _, i := range s.file.Instances {
		if i.HasKey("admin") && i.Listener.Same(l.node) {
			return true
		}
	}
	return false
}

// hasHTTP tells whether a chain has an HTTP connection manager.
func (l *listener) hasHTTP() bool {
	for _, c := range l.chains {
		if c.manager.Exists() {
			return true
		}
	}
	return false
}

// guard returns the manager's instance of the filter, or a reference to one that is
// configured elsewhere. It is absent if the manager has none.
func (s *survey) guard(manager tree.Node) tree.Node {
	for _, i := range s.file.Instances {
		if i.Manager.Same(manager) && !i.HasKey("admin") {
			return i.Plugin
		}
	}
	for _, filter := range manager.At("http_filters").Items() {
		if filter.At("config_discovery").Exists() && strings.Contains(strings.ToLower(filter.At("name").Text()), "gatewarden") {
			return filter
		}
	}
	return tree.Node{}
}

// choose returns the listeners to guard: those that are named, or those that other
// machines reach, or, if there are none, those that this machine reaches.
func (s *survey) choose(named []string) ([]*listener, error) {
	if len(named) > 0 {
		return s.byName(named)
	}
	for _, wanted := range []reach{outside, local} {
		var chosen []*listener
		for _, l := range s.listeners {
			if l.reach == wanted && l.hasHTTP() {
				chosen = append(chosen, l)
			}
		}
		if len(chosen) > 0 {
			return chosen, nil
		}
	}
	return nil, nil
}

// nobody returns the error that says why there is no listener to guard.
func (s *survey) nobody() error {
	for _, l := range s.listeners {
		if l.hasHTTP() && l.reach == unserved {
			return fmt.Errorf("line %d: no listener seems to serve clients: listener %s is left out because %s; if clients come through it, add --listener %s",
				l.node.Line(), l.name, l.reason, l.flag())
		}
	}
	return ErrNoHTTP
}

func (s *survey) byName(named []string) ([]*listener, error) {
	var chosen []*listener
	for _, name := range named {
		found := false
		var known []string
		for _, l := range s.listeners {
			known = append(known, l.flag())
			if l.node.At("name").Text() == name || addressOf(l.node) == name {
				chosen, found = append(chosen, l), true
			}
		}
		if !found {
			return nil, fmt.Errorf("--listener %s: the file has no such listener; it has %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// flag returns the value of --listener that names the listener.
func (l *listener) flag() string {
	if name := l.node.At("name").Text(); name != "" {
		return name
	}
	return addressOf(l.node)
}
