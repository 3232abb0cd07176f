package outcome

import (
	"encoding/json"
	"math/rand"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

var paths = [][]string{
	{"error"}, {"error", "code"}, {"errors", "0", "code"}, {"0"}, {"1", "error"}, {"error", "0"}, {"errors", "10"}, {"a", "b", "c", "d", "e", "f", "g", "h"},
	{"errors", "00"}, {"errors", "-1"}, {"error", "error"},
}

// values are those that random members have.
var values = []config.JSONValue{
	{Text: "invalid_grant", IsString: true}, {Text: "1"}, {Text: "true"}, {Text: "false"}, {Text: "null"}, {Text: "", IsString: true}, {Text: "1", IsString: true},
}

// readerOf returns a reader of all paths, and of no others.
func readerOf(paths ...[]string) *reader {
	var members []member
	for _, path := range paths {
		members = append(members, newMember(config.JSONCondition{Path: path, Values: values}))
	}
	r := new(reader)
	r.begin(members, 1<<len(members)-1, false)
	return r
}

// feedAll feeds a body in pieces.
func feedAll(r *reader, body string, size func() int) {
	for rest := body; rest != ""; {
		n := min(max(size(), 1), len(rest))
		r.feed([]byte(rest[:n]))
		rest = rest[n:]
	}
	r.end()
}

// lookUp returns the value at a path of a tree as values have it, and whether there is
// one. Positions are written without signs and zeros in front.
func lookUp(tree any, path []string) (config.JSONValue, bool) {
	for _, name := range path {
		switch at := tree.(type) {
		case map[string]any:
			next, found := at[name]
			if !found {
				return config.JSONValue{}, false
			}
			tree = next
		case []any:
			n, err := strconv.Atoi(name)
			if err != nil || n < 0 || n >= len(at) || strconv.Itoa(n) != name {
				return config.JSONValue{}, false
			}
			tree = at[n]
		default:
			return config.JSONValue{}, false
		}
	}
	switch v := tree.(type) {
	case string:
		return config.JSONValue{Text: v, IsString: true}, true
	case json.Number:
		return config.JSONValue{Text: v.String()}, true
	case bool:
		return config.JSONValue{Text: strconv.FormatBool(v)}, true
	case nil:
		return config.JSONValue{Text: "null"}, true
	}
	return config.JSONValue{}, true // an object or a list
}

// checkMembers compares with encoding/json if the body is an object or a list without
// members that are there twice, and holds pieces to the whole otherwise.
func checkMembers(t *testing.T, body string, size func() int) {
	t.Helper()
	r, whole := readerOf(paths...), readerOf(paths...)
	feedAll(r, body, size)
	feedAll(whole, body, func() int { return len(body) })
	if r.found != whole.found {
		t.Fatalf("%q has %v in one piece and %v in several", body, whole.found, r.found)
	}
	tree, ok := decodeOnce(body)
	if !ok {
		return
	}
	for i, path := range paths {
		v, found := lookUp(tree, path)
		want := slices.Index(values, v)
		if found && v == (config.JSONValue{}) {
			want = -1
		}
		if !found {
			want = -1
		}
		if got := r.has(i); got != want {
			t.Fatalf("%v of %q is %d, want %d", path, body, got, want)
		}
	}
}

// decodeOnce decodes a body that is JSON with no member twice.
func decodeOnce(body string) (tree any, ok bool) {
	trimmed := strings.TrimLeft(body, " \t\r\n")
	if len(body) > maxBody || !json.Valid([]byte(body)) || trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' || twice(body) {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	return tree, d.Decode(&tree) == nil
}

// twice tells whether a member of a valid JSON text is there twice.
func twice(body string) bool {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	type level struct {
		names map[string]bool // nil: a list
		value bool            // a value comes next
	}
	var stack []level
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		last := len(stack) - 1
		if name, isString := token.(string); isString && last >= 0 && stack[last].names != nil && !stack[last].value {
			if stack[last].names[name] {
				return true
			}
			stack[last].names[name], stack[last].value = true, true
			continue
		}
		if last >= 0 {
			stack[last].value = false
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{names: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:last]
		}
	}
}

// randomTree returns JSON whose members lead along the paths.
func randomTree(random *rand.Rand, depth int) string {
	pick := func(words ...string) string { return words[random.Intn(len(words))] }
	space := func() string { return pick("", "", "", " ", "\n", "\t ") }
	if depth == 0 || random.Intn(3) == 0 {
		return pick(`"invalid_grant"`, `"invalid\u005fgrant"`, "1", "true", "false", "null", `""`, `"1"`, "2", "1.0", `"x"`, `"\ud83d\ude00"`)
	}
	var b strings.Builder
	n := random.Intn(4)
	if random.Intn(8) == 0 {
		n = 12
	}
	if random.Intn(2) == 0 {
		for i := 0; i < n; i++ {
			b.WriteString(space() + randomTree(random, depth-1) + space() + ",")
		}
		return "[" + strings.TrimSuffix(b.String(), ",") + space() + "]"
	}
	names := []string{"error", "errors", "code", "0", "1", "a", "b", "c", "d", "e", "f", "g", "h", `\u0065rror2`, "10", "00", "-1"}
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i := 0; i < n; i++ {
		b.WriteString(space() + `"` + names[i] + `"` + space() + ":" + space() + randomTree(random, depth-1) + ",")
	}
	return "{" + strings.TrimSuffix(b.String(), ",") + space() + "}"
}

func TestMembersAreWhatJSONSays(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	compared := 0
	for i := 0; i < 20_000; i++ {
		body := randomTree(random, 5)
		if _, ok := decodeOnce(body); ok {
			compared++
		}
		size := func() int { return 1 + random.Intn(9) }
		checkMembers(t, body, size)
		mutated := []byte(body)
		mutated[random.Intn(len(mutated))] = `{}[]",:\ eru0`[random.Intn(13)]
		checkMembers(t, string(mutated), size)
	}
	if compared < 5000 {
		t.Errorf("only %d bodies were compared", compared)
	}
}

func TestDeepPaths(t *testing.T) {
	deep := paths[7]
	body := ""
	for _, name := range deep {
		body += `{"x":[[[{}]]],"` + name + `":`
	}
	r := readerOf(deep)
	feedAll(r, body+"1"+strings.Repeat("}", len(deep)), func() int { return 1 })
	if r.has(0) != 1 {
		t.Errorf("%d", r.has(0))
	}
	// Beyond the longest path nothing is told apart.
	r = readerOf(deep)
	feedAll(r, strings.Repeat(`{"a":`, 9)+`{"h":1}`+strings.Repeat("}", 9), func() int { return 1 })
	if r.has(0) >= 0 {
		t.Errorf("%d", r.has(0))
	}
}

// Of a member that is there twice, the first counts, and reading ends with the last one
// that is wanted.
func TestFirstMemberCounts(t *testing.T) {
	r := readerOf([]string{"error"})
	if !r.feed([]byte(`{"error":null,"error":1}`)) || r.has(0) != 4 {
		t.Errorf("%d", r.has(0))
	}
	r = readerOf([]string{"error"}, []string{"code"})
	if r.feed([]byte(`{"error":1,`)) || !r.feed([]byte(`"code":true`+",")) || r.has(0) != 1 || r.has(1) != 2 {
		t.Errorf("%d, %d", r.has(0), r.has(1))
	}
	// What is not wanted is not looked for.
	r.begin(r.members, 2, false)
	if !r.feed([]byte(`{"error":1,"code":1}`)) || r.has(0) >= 0 || r.has(1) != 1 {
		t.Errorf("%d, %d", r.has(0), r.has(1))
	}
}

// The last byte that is read is the one before the bound.
func TestBound(t *testing.T) {
	const end = `"error":1,`
	for _, more := range []int{0, 1} {
		r := readerOf([]string{"error"})
		body := "{" + strings.Repeat(" ", maxBody-1-len(end)+more) + end
		if r.feed([]byte(body)); (r.has(0) == 1) != (more == 0) || r.overrun != (more == 1) {
			t.Errorf("%d bytes: %d, %v", len(body), r.has(0), r.overrun)
		}
	}
}

func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{"errors":[{"code":1}]}`, `[1,{"error":true}]`, `{"error":{"code":"invalid_grant"}}`, `{"error":"\ud83d`, `{"error":1`, `[[[[[[[[[[`, `{"a":1,}`, "\xef\xbb\xbf{}"} {
		f.Add(seed, uint8(2))
	}
	f.Fuzz(func(t *testing.T, body string, size uint8) { checkMembers(t, body, func() int { return int(size) }) })
}

// readForm reads the parameter "error" of a form.
func readForm(body string, size int, codes ...string) string {
	r := tokenError(codes...)
	r.forms = true
	feedAll(r, body, func() int { return size })
	return code(r)
}

func TestForm(t *testing.T) {
	for _, row := range []struct{ body, want string }{
		{"error=invalid_grant", "invalid_grant"},
		{"error=invalid_grant&", "invalid_grant"},
		{"error=invalid_grant\r\n", "invalid_grant"},
		{"a=b&error=invalid_grant&error=slow_down", "invalid_grant"},
		{"a=b=c&&error=slow_down&error_description=x+y%21", "slow_down"},
		{"%65rror=invalid%5Fgrant", "invalid_grant"},
		{"error=%C3%A9", "é"},
		{"error=invalid_grant=", ""},
		{"error=invalid_grant%", ""},
		{"error=invalid_grant%2", ""},
		{"error=invalid_grant%zz", ""},
		{"error=invalid+grant", ""},
		{"error", ""},
		{"error&invalid_grant", ""},
		{"errors=invalid_grant", ""},
		{"Error=invalid_grant", ""},
		{"x=1 &error=invalid_grant", ""},
		{"<a href=?x&error=invalid_grant&", ""},
		{"x=1\n&error=invalid_grant", ""},
		{"error=invalid_grant<", ""},
		{"x\x00&error=invalid_grant", ""},
		{"Bad Request", ""},
		{"", ""},
		{strings.Repeat("x", 200) + "&error=y", "y"},
		{"error=" + strings.Repeat("x", 200), ""},
		{"error&error=x", "x"},
		{"error=&error=x", ""},
		{strings.Repeat("x", maxBody) + "&error=y", ""},
		{`{"error":"x"}`, "x"},
		{`[{"error":"x"}]`, ""},
		{`"error=x"`, ""},
	} {
		for _, size := range []int{1, 3, 1 << 20} {
			if got := readForm(row.body, size); got != row.want {
				t.Errorf("%.60q in chunks of %d has %q, want %q", row.body, size, got, row.want)
			}
		}
	}
	if got := scan("error=invalid_grant", 0); got != "" {
		t.Errorf("a form is read where none can be: %q", got)
	}
}

// FuzzForm: what is found is what net/url finds, except that a name without "=" says
// nothing here.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"error=invalid_grant", "a=b&error=%69nvalid_grant&error=x", "error=a%", "&=&error", "error=x\n", "error==", "%=&error=x", "error&error=x", " error=x"} {
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, body string, size uint8) {
		got := readForm(body, int(size))
		if whole := readForm(body, max(len(body), 1)); whole != got {
			t.Fatalf("%q has %q in one piece and %q in several", body, whole, got)
		}
		other := strings.ContainsFunc(body, func(c rune) bool { return c == '\r' || c == '\n' || c > '~' })
		body = strings.Trim(body, " \t")
		if got == "" || other || body[0] == '{' {
			return
		}
		parameters := slices.DeleteFunc(strings.Split(body, "&"), func(p string) bool { return !strings.Contains(p, "=") })
		form, err := url.ParseQuery(strings.Join(parameters, "&"))
		if err == nil && form.Get("error") != got {
			t.Fatalf("%q has %q, net/url finds %q", body, got, form.Get("error"))
		}
	})
}
