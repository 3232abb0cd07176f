package config

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// MCP says what the calls of an MCP server need and cost. With it, the filter reads the
// body of each request before it decides.
type MCP struct {
	// Surfaces of the kind mcp that it applies to, by name. Empty means all of them, the
	// default.
	Surfaces []string
	// MaxBody is the size in bytes of the largest request, 1024 to 1048576. A larger one
	// is refused. Default: 262144. Danger: Envoy refuses what exceeds its own buffer
	// before the filter sees it.
	MaxBody int
	// RejectFormat is the form in which a client is told that its plan, its budget or the
	// capacity is used up.
	RejectFormat RejectFormat
	// Origins are those whose pages may call the server. Empty means no page may; nil, the
	// default, that Origin is not looked at.
	Origins []string
	// Annotate tells what each tool costs, in lists of tools. Default: false.
	Annotate bool
	// Tiers are the tiers of callers, the lowest first. A tier that is not listed is
	// below them. At most 16; default: none.
	Tiers []string
	// Risks are the scopes that a tool of each risk needs. Default: none for
	// RiskReadOnly, generate for the others.
	Risks [NumRisks][]string
	// Methods need scopes, by name. At most 64; default: none.
	Methods []MCPMethod
	// Tools that the server has, at most 1024. Default: none.
	Tools []Tool
	// OtherTools are all that Tools does not list. Default: as Tool, and their risk is
	// RiskDestructive if a tool has a risk or scopes. Danger: a server's new tool is
	// one of them until it is listed.
	OtherTools Tool
}

// RejectFormat is the form of a refusal of an MCP request. What concerns the credential, its
// scopes, or failed authentications is always told by the HTTP status. Default:
// RejectAuto.
type RejectFormat uint8

// The forms.
const (
	// RejectAuto chooses the form that the client shows to its user.
	RejectAuto RejectFormat = iota
	// RejectHTTP is an HTTP status of 400 and above, with a JSON-RPC error.
	RejectHTTP
	// RejectJSONRPC is a JSON-RPC error with the status 200. Danger: what counts
	// statuses does not see the refusal.
	RejectJSONRPC
	// RejectToolError is the result of a tool that failed, which the model sees, with the
	// status 200. Other requests than calls of tools get RejectJSONRPC.
	RejectToolError
)

// MCPMethod is what a method of the protocol needs.
type MCPMethod struct {
	// Method as the protocol writes it, for example resources/read. Required, unique.
	Method string
	// Scopes that the caller needs, all of them. Required.
	Scopes []string
}

// Tool is what calls of a tool need and cost.
type Tool struct {
	// Name of the tool as the server writes it. Required, unique; not for OtherTools.
	Name string
	// Risk says how much the tool can do. Default: that of OtherTools, unless Scopes is
	// set.
	Risk Risk
	// Scopes that the caller needs, beside those of the risk. Default: none, or those of
	// OtherTools if the tool has no risk either.
	Scopes []string
	// Tier is the lowest tier whose callers may use the tool. Default: none, every
	// caller.
	Tier string
	// Cost of a call in credits, up to 1000000. Default: 0, and the call touches no
	// budget.
	Cost uint32
	// Arguments change the cost. At most 8; default: none.
	Arguments []ToolArgument
}

// Risk says how much a tool can do.
type Risk uint8

// The risks. RiskUnset is that of a tool without one.
const (
	RiskReadOnly Risk = iota
	RiskLocalMutation
	RiskExternalMutation
	RiskDestructive
	NumRisks
	RiskUnset
)

// ToolArgument is how an argument of a call changes its cost, and who may use which of its
// values.
type ToolArgument struct {
	// Way leads to the argument through nested objects, from the outside in. Required.
	Way []string
	// Values that multiply the cost or need a tier, in the order of their texts. At most
	// 64.
	Values []ArgumentValue
	// MaxCount is the largest count that the cost is multiplied by, if the argument is a
	// count: 2 to 1000000, and 0 if it is none. Danger: the service has to refuse
	// larger ones.
	MaxCount uint32
	// Other is the factor for a value that is not listed, or that is not a count.
	// Default: the largest factor.
	Other uint32
	// Absent is the factor without the argument. Default: 1.
	Absent uint32
}

// ArgumentValue is a value of an argument. A number is written as in JSON.
type ArgumentValue struct {
	Value string
	// Times is the factor of the cost, up to 1000000; 1 by default.
	Times uint32
	// Tier is the lowest tier whose callers may use the value; "" for all.
	Tier string
}

const (
	maxToolName  = 256
	maxTools     = 1024
	maxMethod    = 64
	maxArguments = 8
	maxValues    = 64
	maxWay       = 16
	minMCPBody   = 1 << 10
	maxMCPBody   = 1 << 20
)

var risks = []string{
	RiskReadOnly: "READ_ONLY", RiskLocalMutation: "LOCAL_MUTATION", RiskExternalMutation: "EXTERNAL_MUTATION", RiskDestructive: "DESTRUCTIVE",
}

var rejectFormats = []string{RejectAuto: "auto", RejectHTTP: "http", RejectJSONRPC: "jsonrpc", RejectToolError: "tool_error"}

var oneMCP MCP

var mcpFields = table[MCP]{&oneMCP, []field[MCP]{
	{key: "surfaces", as: &textList{into: &oneMCP.Surfaces, each: anyText, empty: "leave it out for all surfaces of the kind mcp"}},
	{key: "max_body", as: &integer{&oneMCP.MaxBody, minMCPBody, maxMCPBody}},
	{key: "reject_format", as: &oneOf{(*uint8)(&oneMCP.RejectFormat), rejectFormats}},
	{key: "origins", as: &list{&oneMCP.Origins, readOriginList}},
	{key: "annotate", as: &boolean{&oneMCP.Annotate}},
	// The tiers come before the tools, which name them.
	{key: "tiers", as: &list{&oneMCP.Tiers, readTiers}},
	{key: "risks", object: of(&riskFields), read: func(v *value, m *MCP) { readObject(v, &riskFields, &m.Risks) }},
	{key: "methods", list: of(&mcpMethodFields), read: readMCPMethods},
	{key: "tools", list: of(&toolFields), read: readTools},
	{key: "other_tools", object: of(&otherToolFields), read: func(v *value, m *MCP) {
		readTool(v, &otherToolFields, m, &m.OtherTools)
	}},
}}

// riskScopes are the scopes that a tool of each risk needs.
type riskScopes = [NumRisks][]string

var oneRiskScopes riskScopes

var riskFields = table[riskScopes]{&oneRiskScopes, []field[riskScopes]{
	{key: "READ_ONLY", as: &list{&oneRiskScopes[RiskReadOnly], readNeeded}},
	{key: "LOCAL_MUTATION", as: &list{&oneRiskScopes[RiskLocalMutation], readNeeded}},
	{key: "EXTERNAL_MUTATION", as: &list{&oneRiskScopes[RiskExternalMutation], readNeeded}},
	{key: "DESTRUCTIVE", as: &list{&oneRiskScopes[RiskDestructive], readNeeded}},
}}

var oneMCPMethod MCPMethod

var mcpMethodFields = table[MCPMethod]{&oneMCPMethod, []field[MCPMethod]{
	{key: "method", required: `write for example "resources/read"`, as: &textAs{&oneMCPMethod.Method, readPlain, "resources/read"}},
	{key: "scopes", required: `write for example ["mcp:query"]`, read: func(v *value, m *MCPMethod) {
		v.refuseEmpty("remove the method, which needs no scopes then")
		m.Scopes = readNeeded(v)
	}},
}}

// toolDraft is a tool while it is read.
type toolDraft struct {
	Tool
	tiers []string
}

var oneToolDraft toolDraft

var toolFields = table[toolDraft]{&oneToolDraft, []field[toolDraft]{
	// The name comes first: other_tools has all fields but it.
	{key: "name", required: `write for example "search"`, as: &text{&oneToolDraft.Name, readToolName}},
	{key: "risk", as: &oneOf{(*uint8)(&oneToolDraft.Risk), risks}},
	{key: "scopes", read: func(v *value, t *toolDraft) {
		if t.Scopes = readNeeded(v); t.Scopes == nil {
			t.Scopes = []string{}
		}
	}},
	{key: "tier", read: func(v *value, t *toolDraft) { t.Tier = t.readTier(v) }},
	{key: "cost", as: &count{&oneToolDraft.Cost, 0, maxCost}},
	{key: "arguments", list: of(&argumentFields), read: func(v *value, t *toolDraft) {
		v.refuseEmpty("leave it out if no argument changes the cost")
		for _, item := range v.items(maxArguments) {
			a := argumentDraft{ToolArgument: ToolArgument{Other: unread, Absent: 1}, tool: t}
			a.read(item)
			if t.has(a.Way) {
				item.repeated("the argument")
			}
			move(extend(&t.Arguments), &a.ToolArgument)
		}
	}},
}}

var otherToolFields = table[toolDraft]{&oneToolDraft, toolFields.rows[1:]}

// argumentDraft is an argument while it is read.
type argumentDraft struct {
	ToolArgument
	tool *toolDraft
}

var oneArgumentDraft argumentDraft

var argumentFields = table[argumentDraft]{&oneArgumentDraft, []field[argumentDraft]{
	{key: "argument", required: `write for example "quality", or ["options", "quality"] within an object`, as: &list{&oneArgumentDraft.Way, readWay}},
	{key: "times", read: readTimes},
	{key: "tiers", read: readValueTiers},
	{key: "max_count", as: &count{&oneArgumentDraft.MaxCount, 2, maxCost}},
	{key: "other", as: &count{&oneArgumentDraft.Other, 0, maxCost}},
	{key: "absent", as: &count{&oneArgumentDraft.Absent, 0, maxCost}},
}}

func defaultMCP() *MCP {
	m := &MCP{MaxBody: 256 << 10, OtherTools: Tool{Risk: RiskUnset}}
	for _, risk := range [...]Risk{RiskLocalMutation, RiskExternalMutation, RiskDestructive} {
		m.Risks[risk] = []string{"generate"}
	}
	return m
}

func readMCP(v *value) *MCP {
	m := defaultMCP()
	readObject(v, &mcpFields, m)
	m.completeTools()
	return m
}

// completeTools gives the tools what they do not say themselves.
func (m *MCP) completeTools() {
	scoped := false
	for i := range m.Tools {
		scoped = scoped || m.Tools[i].Risk != RiskUnset || m.Tools[i].Scopes != nil
	}
	if scoped && m.OtherTools.isUnscoped() {
		m.OtherTools.Risk = RiskDestructive
	}
	for i := range m.Tools {
		if t := &m.Tools[i]; t.isUnscoped() {
			t.Risk, t.Scopes = m.OtherTools.Risk, m.OtherTools.Scopes
		}
	}
}

// isUnscoped tells whether the configuration says nothing of what a caller needs.
func (t *Tool) isUnscoped() bool { return t.Risk == RiskUnset && t.Scopes == nil }

// ToolScopes returns the scopes that a caller of the tool needs.
func (m *MCP) ToolScopes(t *Tool) []string {
	if t.Risk >= NumRisks {
		return t.Scopes
	}
	all := m.Risks[t.Risk]
	for _, s := range t.Scopes {
		if indexOf(all, s) < 0 {
			all = append(all[:len(all):len(all)], s)
		}
	}
	return all
}

func readTiers(v *value) []string {
	v.refuseEmpty("leave it out for no tiers")
	list := v.texts(tierName, "")
	if len(list) > 16 {
		v.tooMany(len(list), 16)
	}
	return list
}

func tierName(v *value, text, _ string) string {
	if text == "" || len(text) > maxTier {
		v.bad("is not a tier's name; write 1 to 64 characters")
		return ""
	}
	return text
}

func readMCPMethods(v *value, m *MCP) {
	var names []string
	for i, item := range makeRoom(&m.Methods, v.items(maxMethod)) {
		method := &m.Methods[i]
		readObject(item, &mcpMethodFields, method)
		if method.Method != "" && indexOf(names, method.Method) >= 0 {
			item.repeated(quote(method.Method))
		}
		names = append(names, method.Method)
	}
}

func readTools(v *value, m *MCP) {
	var names []string
	for i, item := range makeRoom(&m.Tools, v.items(maxTools)) {
		t := &m.Tools[i]
		readTool(item, &toolFields, m, t)
		if t.Name != "" && indexOf(names, t.Name) >= 0 {
			item.repeated(quote(t.Name))
		}
		names = append(names, t.Name)
	}
}

func readTool(v *value, fields *table[toolDraft], m *MCP, into *Tool) {
	t := toolDraft{Tool: Tool{Risk: RiskUnset}, tiers: m.Tiers}
	readObject(v, fields, &t)
	t.checkArguments(v)
	move(into, &t.Tool)
}

func readToolName(v *value) string {
	text, ok := v.text(`a tool's name, for example "search"`)
	if ok && (text == "" || len(text) > maxToolName) {
		v.bad("%q is not a tool's name; write 1 to 256 characters", text)
		return ""
	}
	return text
}

// readTier reads a tier that has to be one of mcp.tiers. It gives a list that could not be
// read the benefit of the doubt.
func (t *toolDraft) readTier(v *value) string {
	text, ok := v.text("one of mcp.tiers")
	if !ok || indexOf(t.tiers, text) >= 0 || indexOf(t.tiers, "") >= 0 {
		return text
	}
	v.bad("%q is not one of mcp.tiers; %s", text, choices(text, t.tiers, "tiers"))
	return ""
}

const argumentExample = `for example "quality" or ["options", "quality"]`

// readWay reads the names that lead to an argument. A single one may stand without a list.
func readWay(v *value) (way []string) {
	if v.json.Type == gjson.String {
		return []string{wayPart(v)}
	}
	if !v.json.IsArray() {
		v.wrongType("an argument's name, or a list of the names that lead to it, " + argumentExample)
		return nil
	}
	v.refuseEmpty("write " + argumentExample)
	for _, item := range v.items(maxWay) {
		way = append(way, wayPart(item))
	}
	return way
}

func wayPart(v *value) string {
	text, ok := v.text("an argument's name as a string")
	if ok && !isPlain(text) {
		v.bad("%q is not an argument's name; write "+argumentExample, text)
	}
	return text
}

// unread marks a factor that is not written.
const unread = 1<<32 - 1

func (a *argumentDraft) read(v *value) {
	readObject(v, &argumentFields, a)
	if v.isObject() {
		times, tiers, count := v.has("times"), v.has("tiers"), v.has("max_count")
		switch {
		case count && (times || tiers):
			v.bad("has a max_count and values; keep one of them")
		case !count && !times && !tiers:
			v.bad(`has no effect; write for example "times": {"premium": 3}, or "max_count": 10`)
		case len(a.Values) > maxValues:
			v.bad("has %s values; write at most %s", strconv.Itoa(len(a.Values)), strconv.Itoa(maxValues))
		}
	}
	if a.Other == unread {
		a.Other = max(a.MaxCount, 1)
		for i := range a.Values {
			a.Other = max(a.Other, a.Values[i].Times)
		}
	}
}

// valueOf returns the value of an argument with this text, a new one if there is none. It
// keeps the values in the order of their texts: that of keys in a JSON object means
// nothing.
func (a *argumentDraft) valueOf(text string) *ArgumentValue {
	at := 0
	for at < len(a.Values) && a.Values[at].Value < text {
		at++
	}
	if at == len(a.Values) || a.Values[at].Value != text {
		extend(&a.Values)
		copy(a.Values[at+1:], a.Values[at:])
		a.Values[at] = ArgumentValue{Value: text, Times: 1}
	}
	return &a.Values[at]
}

func readTimes(v *value, a *argumentDraft) {
	readByValue(v, `an object with a factor for each value, for example {"premium": 3}`, func(item *value, text string) {
		readInteger(item, &a.valueOf(text).Times, 0, maxCost)
	})
}

func readValueTiers(v *value, a *argumentDraft) {
	readByValue(v, `an object with the lowest tier for each value, for example {"ultra": "pro"}`, func(item *value, text string) {
		a.valueOf(text).Tier = a.tool.readTier(item)
	})
}

// readByValue reads an object whose keys are values of an argument.
func readByValue(v *value, right string, read func(item *value, text string)) {
	if !v.json.IsObject() {
		v.wrongType("%s", right)
		return
	}
	var seen []string
	for _, item := range v.each() {
		if indexOf(seen, item.key) >= 0 {
			item.bad("is written twice; keep one of them")
			continue
		}
		seen = append(seen, item.key)
		read(item, item.key)
	}
	if len(seen) == 0 {
		v.bad("is empty; write %s", right)
	}
}

// checkMCP refuses surfaces of another kind, and scopes and tiers that no caller can have.
func (d *draft) checkMCP(out *violations) {
	m := d.MCP
	names, known := d.surfaceNames()
	for i, name := range m.Surfaces {
		path := location{"mcp.surfaces", i, ""}
		switch at := indexOf(names, name); {
		case known && at < 0:
			out.unknown(path, name, names, "surface")
		case at >= 0 && d.Surfaces[at].Kind != KindMCP && d.Surfaces[at].Kind != kindUnknown:
			out.add(path, "%q is not of the kind mcp; name one that is, or change its kind", name)
		}
	}
	if len(m.Surfaces) == 0 && !d.hasMCP() {
		out.add(at("mcp"), `has no effect: no surface is of the kind mcp; add one, for example {"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]}`)
	}
	if m.Annotate && !m.hasPrices() && !m.NeedsTiers() {
		out.add(at("mcp.annotate"), "has no effect: no tool has a cost or a tier; give one a cost, or remove it")
	}
	if m.NeedsTiers() && !d.tellsTiers() {
		out.add(at("mcp"), "has tools for certain tiers, but no identity source provides any; add tier or default_tier to one")
	}
	if m.NeedsScopes() && !d.tellsScopes() {
		out.add(at("mcp"), "has tools or methods that need scopes, but no identity source provides any; add scopes to one, or write \"scopes\": [] for tools that need none")
	}
}

// AppliesTo tells whether the requests of a surface are read. m may be nil.
func (m *MCP) AppliesTo(s *Surface) bool {
	return m != nil && s.Kind == KindMCP && s.IsAmong(m.Surfaces)
}

// NeedsScopes tells whether a tool or a method needs scopes.
func (m *MCP) NeedsScopes() bool {
	for i := range m.Methods {
		if len(m.Methods[i].Scopes) > 0 {
			return true
		}
	}
	for i := range m.Tools {
		if len(m.ToolScopes(&m.Tools[i])) > 0 {
			return true
		}
	}
	return len(m.ToolScopes(&m.OtherTools)) > 0
}
