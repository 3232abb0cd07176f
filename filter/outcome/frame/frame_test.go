package frame

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/rand"
	"strings"
	"testing"
)

func framed(flags byte, payload string) string {
	return string(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(payload)))) + payload
}

func message(n int) string { return framed(0, strings.Repeat("\x80", n)) }

func trailers(lines ...string) string { return framed(0x80, strings.Join(lines, "\r\n")+"\r\n") }

func end(json string) string { return framed(0x02, json) }

// read feeds pieces to a Reader, skipping what it can.
func read(f Format, pieces ...string) *Reader {
	r := &Reader{}
	r.Begin(f)
	for _, piece := range pieces {
		if !r.Skip(len(piece)) && r.Feed([]byte(piece)) {
			break
		}
	}
	return r
}

// cut cuts a body into pieces at random places.
func cut(random *rand.Rand, body string) (pieces []string) {
	for body != "" {
		n := 1 + random.Intn(min(len(body), 1+random.Intn(40)))
		pieces, body = append(pieces, body[:n]), body[n:]
	}
	return pieces
}

// text is a body in base64, padded wherever the server flushes.
func text(random *rand.Rand, body string) string {
	var b strings.Builder
	for _, piece := range cut(random, body) {
		b.WriteString(base64.StdEncoding.EncodeToString([]byte(piece)))
	}
	return b.String()
}

var webRows = []struct {
	name, body string
	want       Ending
}{
	{"nothing", "", Unknown},
	{"a message only", message(9), Unknown},
	{"success", message(9) + trailers("grpc-status: 0"), Succeeded},
	{"success without a message", trailers("grpc-status:0"), Succeeded},
	{"unauthenticated", trailers("grpc-status: 16", "grpc-message: no"), Unauthenticated},
	{"behind a message", message(300) + trailers("grpc-message: no", "grpc-status:16"), Unauthenticated},
	{"behind empty messages", message(0) + message(0) + trailers("grpc-status:16"), Unauthenticated},
	{"as it is not written", trailers("Grpc-Status:\t16 "), Unauthenticated},
	{"without a line's end", framed(0x80, "grpc-status: 16"), Unauthenticated},
	{"with bare line feeds", framed(0x80, "a: b\ngrpc-status: 16\n"), Unauthenticated},
	{"another status", trailers("grpc-status: 7"), Otherwise},
	{"a longer one", trailers("grpc-status: 160"), Otherwise},
	{"a shorter one", trailers("grpc-status: 1"), Otherwise},
	{"none", trailers("grpc-status: "), Unknown},
	{"another name", trailers("xgrpc-status: 16", "grpc-statusx: 16", "grpc-statu: 16", "grpc-status : 16"), Unknown},
	{"in a value", trailers("grpc-message: grpc-status: 16"), Unknown},
	{"in a message", framed(0, "grpc-status: 16\r\n") + trailers("grpc-status: 0"), Succeeded},
	{"a message that looks like the last frame", framed(0, trailers("grpc-status: 16")) + trailers("grpc-status: 0"), Succeeded},
	{"the first of two", trailers("grpc-status: 16", "grpc-status: 0"), Unauthenticated},
	{"nothing counts behind the last frame", trailers("grpc-status: 0") + trailers("grpc-status: 16"), Succeeded},
	{"an empty last frame", framed(0x80, "") + trailers("grpc-status: 16"), Unknown},
	{"a line behind an empty last frame", framed(0x80, "") + "grpc-status: 16\r\n", Unknown},
	{"compressed", framed(0x81, "grpc-status: 16\r\n"), Unknown},
	{"a compressed message", framed(1, "grpc-status: 16\r\n") + trailers("grpc-status: 0"), Succeeded},
	{"cut off", trailers("grpc-status: 16")[:19], Unknown},
	{"a head that is cut off", "\x80\x00\x00", Unknown},
	{"far behind", framed(0x80, strings.Repeat("a: b\r\n", maxLast/6)+"grpc-status: 16\r\n"), Unknown},
	{"not so far behind", framed(0x80, strings.Repeat("a: b\r\n", maxLast/6-9)+"grpc-status: 16\r\n"), Unauthenticated},
	{"a length that is not true", "\x80\xff\xff\xff\xffgrpc-status: 16\r\n", Unauthenticated},
}

func TestWeb(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for _, row := range webRows {
		if got := read(Web, row.body).Ending(); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
		for range 20 {
			if got := read(Web, cut(random, row.body)...).Ending(); got != row.want {
				t.Errorf("%s in pieces: %d, want %d", row.name, got, row.want)
			}
			encoded := text(random, row.body)
			for _, pieces := range [][]string{{encoded}, cut(random, encoded)} {
				// A last quantum may lack a part of what is read.
				if got := read(WebText, pieces...).Ending(); got != row.want {
					t.Errorf("%s as text in %d pieces: %d, want %d", row.name, len(pieces), got, row.want)
				}
			}
		}
	}
}

func TestText(t *testing.T) {
	for body, want := range map[string]Ending{
		base64.StdEncoding.EncodeToString([]byte(trailers("grpc-status: 16"))):               Unauthenticated,
		base64.URLEncoding.EncodeToString([]byte(message(99) + trailers("grpc-status: 16"))): Unauthenticated,
		"!" + base64.StdEncoding.EncodeToString([]byte(trailers("grpc-status: 16"))):         Unknown,
		"gA==" + base64.StdEncoding.EncodeToString([]byte(trailers("grpc-status: 16")[1:])):  Unauthenticated,
		"gAA=" + base64.StdEncoding.EncodeToString([]byte(trailers("grpc-status: 16")[2:])):  Unauthenticated,
		"g===" + base64.StdEncoding.EncodeToString([]byte(trailers("grpc-status: 16")[1:])):  Unknown,
		"gA=A" + base64.StdEncoding.EncodeToString([]byte(trailers("grpc-status: 16")[1:])):  Unknown,
		trailers("grpc-status: 16"): Unknown,
	} {
		if got := read(WebText, body).Ending(); got != want {
			t.Errorf("%q: %d, want %d", body, got, want)
		}
	}
}

var connectRows = []struct {
	json string
	want Ending
}{
	{`{}`, Succeeded},
	{` { "metadata" : {"error": ["unauthenticated"], "code": ["unauthenticated"]} } `, Succeeded},
	{`{"error":null}`, Succeeded},
	{`{"metadata":{"error":{"code":"unauthenticated"}}}`, Succeeded},
	{`{"code":"unauthenticated"}`, Succeeded},
	{`{"x":"error","code":"unauthenticated"}`, Succeeded},
	{`{"error":{"code":"unauthenticated","message":"no"}}`, Unauthenticated},
	{"{\n\t\"error\" : {\r\n \"message\" : \"a\\\"}{\", \"code\" : \"unauthenticated\" } }", Unauthenticated},
	{`{"metadata":{"a":["b","c"]},"error":{"details":[{"type":"x","code":"y"}],"code":"unauthenticated"}}`, Unauthenticated},
	{`{"error":{"code":"unauthenticated"`, Unauthenticated}, // more cannot change it
	{`{"error":{"code":"permission_denied","message":"unauthenticated"}}`, Otherwise},
	{`{"error":{"code":"xunauthenticated"}}`, Otherwise},
	{`{"error":{"code":"unauthenticatedx"}}`, Otherwise},
	{`{"error":{"code":"unauthenticate"}}`, Otherwise},
	{`{"error":{"code":"unauthenticate\u0064"}}`, Otherwise},
	{`{"error":{"x":"code","y":"unauthenticated"}}`, Otherwise},
	{`{"error":{"details":[{"code":"unauthenticated"}]}}`, Otherwise},
	{`{"error":{"details":{"code":"unauthenticated"}}}`, Otherwise},
	{`{"error":[{"code":"unauthenticated"}]}`, Otherwise},
	{`{"error":["code","unauthenticated"]}`, Otherwise},
	{`{"error":"unauthenticated"}`, Otherwise},
	{`{"error":{}}`, Otherwise},
	{`{"error":true}`, Otherwise},
	{`{"error":1}`, Otherwise},
	{`{"error":{"code":16},"code":"unauthenticated"}`, Otherwise},
	{`{"error":{"code":null,"a":"unauthenticated"}}`, Otherwise},
	{`[{"error":{"code":"unauthenticated"}}]`, Unknown},
	{`"error"`, Unknown},
	{`{"metadata":{}`, Unknown},
	{`{"error":{"code":"unauthenticated`, Unknown},
	{``, Unknown},
	{`]`, Unknown},
}

func TestConnect(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for _, row := range connectRows {
		for _, body := range []string{end(row.json), message(7) + message(0) + end(row.json)} {
			if got := read(Connect, body).Ending(); got != row.want {
				t.Errorf("%s: %d, want %d", row.json, got, row.want)
			}
			if got := read(Connect, cut(random, body)...).Ending(); got != row.want {
				t.Errorf("%s in pieces: %d, want %d", row.json, got, row.want)
			}
		}
	}
	for _, body := range []string{
		message(9), framed(0x03, `{"error":{"code":"unauthenticated"}}`), framed(0x80, `{"error":{"code":"unauthenticated"}}`),
		framed(0, `{"error":{"code":"unauthenticated"}}`), end(`{"a":"` + strings.Repeat("x", maxLast) + `","error":{"code":"unauthenticated"}}`),
	} {
		if got := read(Connect, body).Ending(); got != Unknown {
			t.Errorf("%.40q: %d", body, got)
		}
	}
}

// TestConnectReadsLikeJSON holds random messages against Go's own reader.
func TestConnectReadsLikeJSON(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	var value func(depth int) any
	value = func(depth int) any {
		words := []string{"error", "code", "unauthenticated", "not_found", "x"}
		switch kind := random.Intn(6); {
		case kind < 3 && depth < 4:
			object := map[string]any{}
			for range random.Intn(3) {
				object[words[random.Intn(len(words))]] = value(depth + 1)
			}
			return object
		case kind == 3 && depth < 4:
			return []any{value(depth + 1), value(depth + 1)}
		case kind == 4:
			return []any{nil, true, 1.5}[random.Intn(3)]
		}
		return words[random.Intn(len(words))]
	}
	seen := map[Ending]int{}
	for range 20_000 {
		object := map[string]any{"metadata": value(1)}
		if random.Intn(3) > 0 {
			object["error"] = value(1)
		}
		want := Succeeded
		if is := object["error"]; is != nil {
			want = Otherwise
			if inner, ok := is.(map[string]any); ok && inner["code"] == "unauthenticated" {
				want = Unauthenticated
			}
		}
		body, _ := json.Marshal(object)
		if got := read(Connect, cut(random, end(string(body)))...).Ending(); got != want {
			t.Fatalf("%s: %d, want %d", body, got, want)
		}
		seen[want]++
	}
	if len(seen) != 3 {
		t.Errorf("%v", seen)
	}
}

// A long message is passed without a look at it.
func TestSkip(t *testing.T) {
	var r Reader
	r.Begin(Web)
	r.Feed([]byte("\x00\x00\x00\x00\x0aab"))
	for _, row := range []struct {
		size int
		want bool
	}{{9, false}, {0, true}, {7, true}, {1, true}, {1, false}} {
		if got := r.Skip(row.size); got != row.want {
			t.Errorf("%d bytes: %v", row.size, got)
		}
	}
	r.Feed([]byte(trailers("grpc-status: 16")))
	if r.Ending() != Unauthenticated || r.Skip(1) {
		t.Error("what comes behind the message is not read")
	}
	r.Begin(WebText)
	if r.Feed([]byte("AAAAAA+A")); r.Skip(1) {
		t.Error("text cannot be counted without a look")
	}
}

func TestEndsBare(t *testing.T) {
	for body, want := range map[string]bool{
		"": false, "\x80\x00\x00\x00": false, "\x80\x00\x00\x00\x01": true, "\x80\x00\x00\x00\x09grpc": true,
		message(1): false, message(1) + "\x80\x00\x00\x00\x09": false,
	} {
		r := read(Web, body)
		if r.EndsBare() != want || r.Begun() != (body != "") {
			t.Errorf("%q: %v, begun %v", body, r.EndsBare(), r.Begun())
		}
	}
}

func TestFormatOf(t *testing.T) {
	for mediaType, want := range map[string]Format{
		"": None, "application/grpc": None, "application/grpc+proto": None, "application/json": None, "application/connect": None,
		"application/grpc-web": Web, "application/grpc-web+proto": Web, "Application/GRPC-Web; charset=x": Web,
		"application/grpc-web-text": WebText, "APPLICATION/grpc-web-text+proto": WebText,
		"application/connect+proto": Connect, "application/connect+json; charset=utf-8": Connect,
	} {
		if got := FormatOf(mediaType); got != want {
			t.Errorf("%q: %d, want %d", mediaType, got, want)
		}
	}
}

// A Reader that reads nothing tells nothing.
func TestNone(t *testing.T) {
	r := read(None, trailers("grpc-status: 16"))
	if r.Ending() != Unknown || r.Format() != None || !r.Feed([]byte("x")) {
		t.Errorf("%+v", r)
	}
}

// Reading allocates nothing.
func TestReaderAllocatesNothing(t *testing.T) {
	body := []byte(message(100) + trailers("a: b", "grpc-status: 0"))
	encoded := []byte(base64.StdEncoding.EncodeToString(body))
	ending := []byte(message(100) + end(`{"error":{"code":"not_found"}}`))
	var r Reader
	if n := testing.AllocsPerRun(100, func() {
		for f, b := range [...][]byte{Web: body, WebText: encoded, Connect: ending} {
			r.Begin(Format(f))
			r.Feed(b)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzReader holds a body in any pieces to the same body in one, and to its text.
func FuzzReader(f *testing.F) {
	for _, row := range webRows {
		f.Add([]byte(row.body), uint8(Web), int64(1))
	}
	for _, row := range connectRows {
		f.Add([]byte(end(row.json)), uint8(Connect), int64(2))
	}
	f.Add([]byte("gAAAABNncnBjLXN0YXR1czogMTYNCg=="), uint8(WebText), int64(3))
	f.Fuzz(func(t *testing.T, body []byte, format uint8, seed int64) {
		random, as := rand.New(rand.NewSource(seed)), Format(format%4)
		whole, pieces := read(as, string(body)), read(as, cut(random, string(body))...)
		if whole.Ending() != pieces.Ending() || whole.EndsBare() != pieces.EndsBare() {
			t.Errorf("%d bytes: %d at once, %d in pieces", len(body), whole.Ending(), pieces.Ending())
		}
		if as != Web {
			return
		}
		if encoded := read(WebText, cut(random, text(random, string(body)))...); encoded.Ending() != whole.Ending() {
			t.Errorf("%d bytes: %d, as text %d", len(body), whole.Ending(), encoded.Ending())
		}
	})
}

func BenchmarkReader(b *testing.B) {
	body := []byte(message(64<<10) + trailers("grpc-status: 0"))
	encoded := []byte(base64.StdEncoding.EncodeToString(body))
	for f, body := range map[Format][]byte{Web: body, WebText: encoded} {
		b.Run([]string{Web: "binary", WebText: "text"}[f], func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for range b.N {
				var r Reader
				r.Begin(f)
				r.Feed(body)
			}
		})
	}
}
