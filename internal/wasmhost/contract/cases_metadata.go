package contract

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/wasmhost/contract/script"
)

// MetadataFilter is the name under which Metadata is left behind.
const MetadataFilter = "contract.metadata"

// Metadata is what another filter has determined about each request.
var Metadata = map[string]any{
	"text": "alice", "space": "read write", "empty": "", "accent": "é", "zero": "a\x00b", "eight": "12345678",
	"integer": 42.0, "fraction": -1.5, "large": 9007199254740993.0, "yes": true, "no": false, "null": nil,
	"list": []any{"a", "b c", ""}, "mixed": []any{"a", 1.0, true}, "lists": []any{[]any{"a"}}, "nulls": []any{"a", nil},
	"none": []any{}, "nothing": map[string]any{}, "object": map[string]any{"a": "x"},
	"deep": map[string]any{"a b": map[string]any{"https://c.d/e": []any{"f"}}},
}

// metadata are the steps that read paths of Metadata.
func metadata(paths ...string) []script.Step {
	var steps []script.Step
	for _, path := range paths {
		parts := append([]string{"text", "metadata", "filter_metadata", MetadataFilter}, strings.Split(path, "|")...)
		steps = append(steps, in("request", "property", parts...))
	}
	return steps
}

func metadataCases() []Case {
	return []Case{
		one("metadata: strings as they are", get, report(
			`request property metadata.filter_metadata.contract.metadata.text OK "alice"`,
			`request property metadata.filter_metadata.contract.metadata.space OK "read write"`,
			`request property metadata.filter_metadata.contract.metadata.empty OK ""`,
			`request property metadata.filter_metadata.contract.metadata.accent OK "é"`,
			`request property metadata.filter_metadata.contract.metadata.zero OK "a\x00b"`,
			`request property metadata.filter_metadata.contract.metadata.eight OK "12345678"`,
		), metadata("text", "space", "empty", "accent", "zero", "eight")...),
		one("metadata: numbers and booleans by their size", get, report(
			`request property metadata.filter_metadata.contract.metadata.integer OK "\x00\x00\x00\x00\x00\x00E@"`,
			`request property metadata.filter_metadata.contract.metadata.fraction OK "\x00\x00\x00\x00\x00\x00\xf8\xbf"`,
			`request property metadata.filter_metadata.contract.metadata.large OK "\x00\x00\x00\x00\x00\x00@C"`,
			`request property metadata.filter_metadata.contract.metadata.yes OK "\x01"`,
			`request property metadata.filter_metadata.contract.metadata.no OK "\x00"`,
		), metadata("integer", "fraction", "large", "yes", "no")...),
		one("metadata: null has no form", get, report(
			`request property metadata.filter_metadata.contract.metadata.null SerializationFailure ""`,
			`request property metadata.filter_metadata.contract.metadata.nulls SerializationFailure ""`,
			`request property metadata.filter_metadata.contract.metadata.nulls.0 OK "a"`,
			`request property metadata.filter_metadata.contract.metadata.nulls.1 SerializationFailure ""`,
		), metadata("null", "nulls", "nulls|0", "nulls|1")...),
		one("metadata: a list is names without values, and can be asked by position", get, report(
			`request property metadata.filter_metadata.contract.metadata.list OK "\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00a\x00\x00b c\x00\x00\x00\x00"`,
			`request property metadata.filter_metadata.contract.metadata.list.0 OK "a"`,
			`request property metadata.filter_metadata.contract.metadata.list.1 OK "b c"`,
			`request property metadata.filter_metadata.contract.metadata.list.2 OK ""`,
			`request property metadata.filter_metadata.contract.metadata.list.3 NotFound ""`,
			`request property metadata.filter_metadata.contract.metadata.list.-1 NotFound ""`,
			`request property metadata.filter_metadata.contract.metadata.list.x NotFound ""`,
			`request property metadata.filter_metadata.contract.metadata.mixed OK "\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\b\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a\x00\x00\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x01\x00\x00"`,
			`request property metadata.filter_metadata.contract.metadata.mixed.1 OK "\x00\x00\x00\x00\x00\x00\xf0?"`,
			`request property metadata.filter_metadata.contract.metadata.lists OK "\x01\x00\x00\x00\x0f\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a\x00\x00\x00\x00"`,
			`request property metadata.filter_metadata.contract.metadata.lists.0 OK "\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a\x00\x00"`,
			`request property metadata.filter_metadata.contract.metadata.lists.0.0 OK "a"`,
			`request property metadata.filter_metadata.contract.metadata.none OK "\x00\x00\x00\x00"`,
			`request property metadata.filter_metadata.contract.metadata.none.0 NotFound ""`,
		), metadata("list", "list|0", "list|1", "list|2", "list|3", "list|-1", "list|x", "mixed", "mixed|1", "lists", "lists|0", "lists|0|0", "none", "none|0")...),
		one("metadata: an object is pairs, and can be asked by key", get, report(
			`request property metadata.filter_metadata.contract.metadata.nothing OK "\x00\x00\x00\x00"`,
			`request property metadata.filter_metadata.contract.metadata.object OK "\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00a\x00x\x00"`,
			`request property metadata.filter_metadata.contract.metadata.object.a OK "x"`,
			`request property metadata.filter_metadata.contract.metadata.object.0 NotFound ""`,
			`request property metadata.filter_metadata.contract.metadata.deep.a b.https://c.d/e OK "\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00f\x00\x00"`,
			`request property metadata.filter_metadata.contract.metadata.deep.a b.https://c.d/e.0 OK "f"`,
		), metadata("nothing", "object", "object|a", "object|0", "deep|a b|https://c.d/e", "deep|a b|https://c.d/e|0")...),
		one("metadata: what is not there", get, report(
			`request property metadata.filter_metadata.contract.metadata.text.0 NotFound ""`,
			`request property metadata.filter_metadata.contract.metadata.absent NotFound ""`,
			`request property metadata.filter_metadata.contract.metadata.absent.x NotFound ""`,
			`request property metadata.filter_metadata.contract.metadata..text NotFound ""`,
		), metadata("text|0", "absent", "absent|x", "|text")...),
		one("metadata: another filter's", get, report(
			`request property metadata.filter_metadata.absent.x NotFound ""`,
		), in("request", "property", "text", "metadata", "filter_metadata", "absent", "x")),
	}
}
