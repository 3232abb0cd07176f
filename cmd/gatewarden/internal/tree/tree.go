// Package tree reads YAML and JSON of any shape, so that each value knows its line. A
// missing value is a Node, too, so that a path through several keys needs no checks in
// between.
package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Node is a value in a file. The zero Node is one that is not there.
type Node struct {
	yaml *yaml.Node
	text *text
}

// text is where the lines of a tree are counted.
type text struct {
	// before is how many lines of the file stand before the text.
	before int
	// fixed is the line of everything in a text whose lines are not those of the file;
	// 0 otherwise.
	fixed int
}

// Parse reads a file of JSON, or of YAML with one or more documents.
func Parse(file []byte) ([]Node, error) { return parse(file, &text{}) }

// Inside reads a file that is the text of a node, as Kubernetes' ConfigMaps have
// them.
func (n Node) Inside() ([]Node, error) {
	t := &text{before: n.Line()}
	// Only in a literal block is each line of the text a line of the file.
	if n.resolved().Style&yaml.LiteralStyle == 0 {
		t = &text{fixed: n.Line()}
	}
	return parse([]byte(n.Text()), t)
}

func parse(file []byte, t *text) ([]Node, error) {
	if trimmed := bytes.TrimSpace(file); len(trimmed) > 0 && trimmed[0] == '{' {
		// YAML is not quite a superset of JSON: it lacks some escapes.
		if root, err := readJSON(file); err == nil {
			return []Node{{root, t}}, nil
		}
	}
	var documents []Node
	for decoder := yaml.NewDecoder(bytes.NewReader(file)); ; {
		var document yaml.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, err
		case len(document.Content) > 0:
			documents = append(documents, Node{document.Content[0], t})
		}
	}
}

// readJSON builds the tree that YAML would have, with the lines.
func readJSON(file []byte) (*yaml.Node, error) {
	if !json.Valid(file) {
		return nil, errors.New("not JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.UseNumber()
	lines := &lineCounter{file: file, line: 1}
	return readValue(decoder, lines)
}

func readValue(decoder *json.Decoder, lines *lineCounter) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Line: lines.at(decoder.InputOffset())}
	switch v := token.(type) {
	case json.Delim:
		node.Kind, node.Style, node.Column = yaml.MappingNode, yaml.FlowStyle, lines.column()
		if v == '[' {
			node.Kind = yaml.SequenceNode
		}
		for decoder.More() {
			child, err := readValue(decoder, lines)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		_, err = decoder.Token() // the closing bracket
	case string:
		node.Tag, node.Style, node.Value = "!!str", yaml.DoubleQuotedStyle, v
	case json.Number:
		node.Value = v.String()
	case bool:
		node.Value = strconv.FormatBool(v)
	case nil:
		node.Tag, node.Value = "!!null", "null"
	}
	return node, err
}

// lineCounter turns growing offsets into lines.
type lineCounter struct {
	file []byte
	done int64
	line int
}

func (c *lineCounter) at(offset int64) int {
	c.line += bytes.Count(c.file[c.done:offset], []byte{'\n'})
	c.done = offset
	return c.line
}

// column is that of the character before the last offset.
func (c *lineCounter) column() int {
	begin := bytes.LastIndexByte(c.file[:c.done], '\n') + 1
	return utf8.RuneCount(c.file[begin:c.done])
}

// resolved returns the node itself, or the target of its alias; never nil.
func (n Node) resolved() *yaml.Node {
	switch {
	case n.yaml == nil:
		return &yaml.Node{}
	case n.yaml.Kind == yaml.AliasNode:
		return n.yaml.Alias
	}
	return n.yaml
}

// LineOfText is the line of the file on which the number-th line of a scalar's text
// stands.
func (n Node) LineOfText(number int) int {
	if n.yaml == nil || n.text.fixed > 0 || n.resolved().Style&yaml.LiteralStyle == 0 {
		return n.Line()
	}
	return n.Line() + number
}

// Exists tells whether there is something, be it null.
func (n Node) Exists() bool { return n.yaml != nil }

// IsObject tells whether n has keys.
func (n Node) IsObject() bool { return n.resolved().Kind == yaml.MappingNode }

// IsList tells whether n has items.
func (n Node) IsList() bool { return n.resolved().Kind == yaml.SequenceNode }

// Same tells whether both are the same place of the same file, be it by an alias.
func (n Node) Same(other Node) bool {
	return n.yaml == other.yaml || n.yaml != nil && other.yaml != nil && n.resolved() == other.resolved()
}

// Flow returns where the bracket of a list or an object stands that is written with
// brackets, or shortly before it the anchor or tag of that, as a line and a column in
// characters. It reports false for block style.
func (n Node) Flow() (line, column int, ok bool) {
	r := n.resolved()
	return Node{r, n.text}.Line(), r.Column, r.Style&yaml.FlowStyle != 0
}

// Movable tells whether the lines of n are those of the file, so that text can be put
// before and behind them.
func (n Node) Movable() bool { return n.yaml != nil && n.text.fixed == 0 }

// IsText tells whether n is in the text of another node.
func (n Node) IsText() bool { return n.text != nil && (n.text.before > 0 || n.text.fixed > 0) }

// Source returns the target of an alias, and any other node itself.
func (n Node) Source() Node {
	if n.yaml == nil {
		return n
	}
	return Node{n.resolved(), n.text}
}

// Key returns the key itself by which At finds a value.
func (n Node) Key(key string) Node {
	content := n.resolved().Content
	for i := 0; n.IsObject() && i+1 < len(content); i += 2 {
		if k := (Node{content[i], n.text}); k.Text() == key || k.Text() == camel(key) {
			return k
		}
	}
	return Node{}
}

// Line returns the line of the file, 0 for a missing value.
func (n Node) Line() int {
	switch {
	case n.yaml == nil:
		return 0
	case n.text.fixed > 0:
		return n.text.fixed
	}
	return n.text.before + n.yaml.Line
}

// Text is the text of a scalar, "" for others.
func (n Node) Text() string {
	if r := n.resolved(); r.Kind == yaml.ScalarNode && r.ShortTag() != "!!null" {
		return r.Value
	}
	return ""
}

// True tells whether n is the boolean true.
func (n Node) True() bool {
	value, ok := n.boolean()
	return ok && value
}

// boolean reads the words that YAML 1.1 knows, as Envoy and Kubernetes do.
func (n Node) boolean() (value, ok bool) {
	r := n.resolved()
	if r.Kind != yaml.ScalarNode || r.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return false, false
	}
	switch strings.ToLower(r.Value) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// Number returns a whole number, which may be in quotes.
func (n Node) Number() (value int64, ok bool) {
	value, err := strconv.ParseInt(n.Text(), 0, 64)
	return value, err == nil
}

// Items are those of a list.
func (n Node) Items() []Node {
	if !n.IsList() {
		return nil
	}
	var items []Node
	for _, item := range n.resolved().Content {
		items = append(items, Node{item, n.text})
	}
	return items
}

// Member is one key of an object and its value.
type Member struct {
	Key   string
	Value Node
}

// Members are those of an object, in their order.
func (n Node) Members() []Member {
	if !n.IsObject() {
		return nil
	}
	var members []Member
	content := n.resolved().Content
	for i := 0; i+1 < len(content); i += 2 {
		members = append(members, Member{Node{content[i], n.text}.Text(), Node{content[i+1], n.text}})
	}
	return members
}

// At follows keys from object to object. A key in snake_case also finds the
// camelCase that Envoy takes for the same field.
func (n Node) At(keys ...string) Node {
	for _, key := range keys {
		found := Node{}
		for _, member := range n.Members() {
			if member.Key == key || member.Key == camel(key) {
				found = member.Value
				break
			}
		}
		n = found
	}
	return n
}

func camel(key string) string {
	words := strings.Split(key, "_")
	for i, word := range words {
		if i > 0 && word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

// Item is the i-th of a list.
func (n Node) Item(i int) Node {
	items := n.Items()
	if i < 0 || i >= len(items) {
		return Node{}
	}
	return items[i]
}

// maxJSON bounds what aliases of aliases can grow to.
const maxJSON = 4 << 20

// JSON is the node as Kubernetes turns YAML into JSON, but for the order and number
// of keys, which stay as they are written.
func (n Node) JSON() ([]byte, error) {
	var out bytes.Buffer
	if err := n.writeJSON(&out, 0); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (n Node) writeJSON(out *bytes.Buffer, depth int) error {
	if depth > 100 || out.Len() > maxJSON {
		return fmt.Errorf("line %d: the value is nested too deeply or too large", n.Line())
	}
	switch {
	case n.IsObject():
		open := byte('{')
		for _, member := range n.Members() {
			out.WriteByte(open)
			open = ','
			writeString(out, member.Key)
			out.WriteByte(':')
			if err := member.Value.writeJSON(out, depth+1); err != nil {
				return err
			}
		}
		closeWith(out, open, "{}")
	case n.IsList():
		open := byte('[')
		for _, item := range n.Items() {
			out.WriteByte(open)
			open = ','
			if err := item.writeJSON(out, depth+1); err != nil {
				return err
			}
		}
		closeWith(out, open, "[]")
	default:
		n.writeScalar(out)
	}
	return nil
}

func closeWith(out *bytes.Buffer, open byte, brackets string) {
	if open != ',' {
		out.WriteByte(brackets[0])
	}
	out.WriteByte(brackets[1])
}

func (n Node) writeScalar(out *bytes.Buffer) {
	r := n.resolved()
	value, isBoolean := n.boolean()
	number := json.Number(r.Value)
	_, err := number.Float64()
	tag := r.ShortTag()
	switch {
	case isBoolean:
		out.WriteString(strconv.FormatBool(value))
	case tag == "!!null":
		out.WriteString("null")
	case err == nil && (tag == "!!int" || tag == "!!float") && json.Valid([]byte(r.Value)):
		out.WriteString(r.Value)
	default:
		writeString(out, r.Value)
	}
}

func writeString(out *bytes.Buffer, s string) {
	encoded, _ := json.Marshal(s) // a string always can be
	out.Write(encoded)
}
