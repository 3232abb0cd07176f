package mcpreaders

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// attack is a body that tries to have a priced call read by the server and not by the filter.
type attack struct {
	name, body string
	// refused tells that the filter has to refuse it.
	refused bool
}

// The parts of attacks.
const (
	ultra = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"image_generate","arguments":{"quality":"ultra","count":10}}}`
	ping  = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
)

// with returns the priced call with one part of it in other words.
func with(old, replacement string) string {
	if !strings.Contains(ultra, old) {
		panic(old)
	}
	return strings.Replace(ultra, old, replacement, 1)
}

const accepted, refused = false, true

func attacks() []attack {
	list := []attack{
		{"the call itself", ultra, accepted},
		{"a free one", ping, accepted},
		{"a batch", "[" + ping + "," + with(`"id":1`, `"id":2`) + "]", accepted},
		{"a batch of one", "[" + ultra + "]", accepted},
		{"a notification", with(`"id":1,`, ``), accepted},
		{"a batch with a response", `[{"jsonrpc":"2.0","id":9,"result":{"method":"tools/call"}},` + ultra + "]", accepted},

		{"escapes in the method", with(`tools/call`, `\u0074ools\/call`), accepted},
		{"escapes in the tool", with(`image_generate`, `\u0069mage\u005Fgenerate`), accepted},
		{"escapes in a name", with(`"method"`, `"\u006dethod"`), accepted},
		{"escapes in an argument's name", with(`"quality"`, `"qualit\u0079"`), accepted},
		{"escapes in an argument", with(`"ultra"`, `"\u0075ltra"`), accepted},
		{"a surrogate pair", with(`image_generate`, `\ud83d\ude00`), accepted},
		{"a lone surrogate in the tool", with(`image_generate`, `image_generate\ud83d`), refused},
		{"surrogates in the wrong order", with(`image_generate`, `\ude00\ud83d`), refused},
		{"a lone surrogate in the method", with(`tools/call`, `tools/call\ud83d`), refused},
		{"a lone surrogate in an id", with(`"id":1`, `"id":"\udc00"`), refused},
		{"a lone surrogate in an argument", with(`ultra`, `ultra\ud83d`), accepted},
		{"a lone surrogate in an argument's name", with(`"quality":`, `"q":"\ud83d","quality":`), accepted},
		{"a replacement character", with(`image_generate`, "image\ufffdgenerate"), accepted},
		{"NUL in the tool", with(`image_generate`, `image_generate\u0000`), accepted},

		{"the method twice", with(`"method"`, `"method":"ping","method"`), refused},
		{"the method twice, the other order", with(`"params"`, `"method":"ping","params"`), refused},
		{"the method twice, escaped", with(`"params"`, `"m\u0065thod":"ping","params"`), refused},
		{"the parameters twice", with(`"params"`, `"params":{"name":"search"},"params"`), refused},
		{"the tool twice", with(`"name"`, `"name":"search","name"`), refused},
		{"the arguments twice", with(`"arguments"`, `"arguments":{},"arguments"`), refused},
		{"an argument twice", with(`"quality"`, `"quality":"standard","quality"`), refused},
		{"another argument twice", with(`"quality"`, `"x":1,"x":2,"quality"`), accepted},
		{"the id twice", with(`"method"`, `"id":2,"method"`), refused},
		{"the version twice", with(`"method"`, `"jsonrpc":"2.0","method"`), accepted},

		{"the method in other letters", strings.Replace(ping, `}`, `,"Method":"tools/call","Params":{"name":"image_generate"}}`, 1), refused},
		{"all in other letters", `{"jsonrpc":"2.0","id":1,"METHOD":"tools/call","PARAMS":{"NAME":"image_generate"}}`, refused},
		{"a long s", with(`"params"`, `"param\u017f"`), refused},
		{"a Kelvin sign", with(`"params"`, "\"\u212a\":1,\"params\""), accepted},
		{"an argument in other letters", with(`"quality"`, `"Quality"`), refused},
		{"an argument in both", with(`"quality"`, `"QUALITY":"standard","quality"`), refused},
		{"the tool in other letters", with(`image_generate`, `Image_Generate`), accepted},
		{"the method's value in other letters", with(`tools/call`, `Tools/Call`), accepted},
		{"a space behind the method", with(`tools/call`, `tools/call `), accepted},

		{"a prototype for the arguments", with(`{"quality":"ultra","count":10}`, `{"__proto__":{"quality":"ultra","count":10}}`), refused},
		{"a prototype for the parameters", with(`"arguments":{`, `"__proto__":{"arguments":{"quality":"ultra"}},"x":{`), refused},
		{"a prototype for the message", strings.Replace(ping, `"method":"ping"`, `"__proto__":{"method":"tools/call","params":{"name":"image_generate"}}`, 1), refused},
		{"a prototype for a notification", `{"jsonrpc":"2.0","__proto__":{"id":1},"method":"tools/call","params":{"name":"search"}}`, refused},
		{"a prototype, escaped", with(`{"quality":"ultra"`, `{"\u005f_proto__":{"quality":"ultra"}`), refused},
		{"a prototype elsewhere", with(`"quality"`, `"x":{"__proto__":{"quality":"ultra"}},"quality"`), accepted},

		{"parameters as an array", with(`{"name":"image_generate","arguments":{"quality":"ultra","count":10}}`, `["image_generate",{"quality":"ultra"}]`), refused},
		{"parameters as text", with(`{"name":"image_generate","arguments":{"quality":"ultra","count":10}}`, `"{\"name\":\"image_generate\"}"`), refused},
		{"no parameters", with(`,"params":{"name":"image_generate","arguments":{"quality":"ultra","count":10}}`, ``), refused},
		{"arguments as text", with(`{"quality":"ultra","count":10}`, `"{\"quality\":\"ultra\"}"`), accepted},
		{"arguments as an array", with(`{"quality":"ultra","count":10}`, `["ultra"]`), accepted},
		{"an argument as an array", with(`"ultra"`, `["ultra"]`), accepted},
		{"a count as text", with(`10}`, `"10"}`), accepted},
		{"a count with an exponent", with(`10}`, `1e1}`), accepted},
		{"a count of a fraction", with(`10}`, `9.5}`), accepted},
		{"a count near a whole number", with(`10}`, `0.99999999999999999999}`), accepted},
		{"a count below zero", with(`10}`, `-10}`), accepted},
		{"a count of truth", with(`10}`, `true}`), accepted},
		{"a huge count", with(`10}`, `1e400}`), accepted},
		{"a long count", with(`10}`, strings.Repeat("9", 400)+`}`), accepted},
		{"no count", with(`10}`, `null}`), accepted},

		{"the same id twice", "[" + ultra + "," + with(`image_generate`, `search`) + "]", refused},
		{"the same id in two spellings", "[" + ultra + "," + with(`"id":1`, `"id":1.0`) + "]", refused},
		{"ids that are the same for Go's SDK", "[" + ultra + "," + with(`"id":1`, `"id":1.9`) + "]", refused},
		{"ids that are the same in floating point", "[" + with(`"id":1`, `"id":9007199254740993`) + "," + with(`"id":1`, `"id":9007199254740992`) + "]", refused},
		{"the same id as text, escaped", "[" + with(`"id":1`, `"id":"a"`) + "," + with(`"id":1`, `"id":"\u0061"`) + "]", refused},
		{"an id as text and as a number", "[" + ultra + "," + with(`"id":1`, `"id":"1"`) + "]", accepted},
		{"an id that is null", with(`"id":1`, `"id":null`), refused},
		{"an id that is true", with(`"id":1`, `"id":true`), refused},

		{"a nested batch", "[[" + ultra + "]]", refused},
		{"an empty batch", "[]", refused},
		{"a batch with null", "[null," + ultra + "]", refused},
		{"a response that is a call", strings.Replace(ultra, `"id":1`, `"id":1,"result":{}`, 1), refused},

		{"two documents", ping + ultra, refused},
		{"two documents in lines", ping + "\n" + ultra, refused},
		{"two documents and a NUL", ping + "\x00" + ultra, refused},
		{"a comma behind", ultra + ",", refused},
		{"a byte order mark", "\ufeff" + ultra, refused},
		{"a comment", "/* " + ping + " */" + ultra, refused},
		{"a comment to the end of the line", "// " + ping + "\n" + ultra, refused},
		{"a comment inside", with(`"params"`, `/* */"params"`), refused},
		{"NaN", with(`10}`, `NaN}`), refused},
		{"infinity", with(`10}`, `-Infinity}`), refused},
		{"a trailing comma", with(`10}`, `10,}`), refused},
		{"single quotes", strings.ReplaceAll(ultra, `"`, `'`), refused},
		{"names without quotes", with(`"method"`, `method`), refused},
		{"a plus sign", with(`10}`, `+10}`), refused},
		{"hexadecimal", with(`10}`, `0x0a}`), refused},
		{"a leading zero", with(`10}`, `010}`), refused},
		{"an escape of JSON5", with(`ultra`, `\x75ltra`), refused},
		{"an escape cut short", with(`ultra`, `ultra\u00`), refused},
		{"a line feed in a text", with(`ultra`, "ult\nra"), refused},
		{"a NUL in a text", with(`image_generate`, "image_generate\x00"), refused},
		{"white space of JSON", strings.NewReplacer(":", " \t\r\n: ", ",", "\n,\t").Replace(ultra), accepted},
		{"a form feed", with(`"params"`, "\f\"params\""), refused},
		{"a space of Unicode", with(`"params"`, "\u00a0\"params\""), refused},
		{"a line separator", with(`"params"`, "\u2028\"params\""), refused},

		{"bytes that are no UTF-8", with(`image_generate`, "image_generate\xff"), refused},
		{"an overlong letter", with(`image_generate`, "\xc1\xa9mage_generate"), refused},
		{"a surrogate in UTF-8", with(`image_generate`, "\xed\xa0\x80"), refused},
		{"UTF-16, little end first", inUTF16(ultra, binary.LittleEndian), refused},
		{"UTF-16, big end first", inUTF16(ultra, binary.BigEndian), refused},
		{"UTF-16 with a mark", inUTF16("\ufeff"+ultra, binary.LittleEndian), refused},
		{"UTF-32", inUTF32(ultra), refused},
		{"UTF-7", strings.ReplaceAll(ultra, `"`, "+ACI-"), refused},

		{"deep arguments", with(`"ultra"`, nested(50)), accepted},
		{"arguments too deep", with(`"ultra"`, nested(100)), refused},
		{"arguments far too deep", with(`"ultra"`, nested(20_000)), refused},
		{"nothing", "", refused},
		{"a text", `"tools/call"`, refused},
	}
	for _, n := range []int{100, 101} {
		var batch []string
		for i := range n {
			batch = append(batch, with(`"id":1`, fmt.Sprintf(`"id":%d`, i)))
		}
		list = append(list, attack{fmt.Sprintf("a batch of %d", n), "[" + strings.Join(batch, ",") + "]", n > 100})
	}
	return list
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func inUTF16(s string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

func inUTF32(s string) string {
	var out []byte
	for _, r := range s {
		out = binary.LittleEndian.AppendUint32(out, uint32(r))
	}
	return string(out)
}
