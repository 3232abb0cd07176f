package sse

import (
	"bufio"
	"strings"
	"testing"
)

// events reads a stream.
func events(text string) (list []string) {
	var r Reader
	current := ""
	for i := range len(text) {
		switch r.Next(text[i]) {
		case Data:
			current += text[i : i+1]
		case MoreData:
			current += "\n"
		case End:
			list = append(list, current)
			current = ""
		}
	}
	return list
}

func TestEvents(t *testing.T) {
	for _, row := range []struct {
		text string
		want string
	}{
		{"data: a\n\n", "a"},
		{"data:a\n\n", "a"},
		{"data:  a \n\n", " a "},
		{"data: a\r\n\r\n", "a"},
		{"data: a\r\r", "a"},
		{"data: a\r\n\ndata: b\n\r\n", "a|b"},
		{"event: message\nid: 1\ndata: {\"a\":1}\nretry: 5\n\n", `{"a":1}`},
		{"data: a\ndata: b\n\n", "a\nb"},
		{"data:\n\n", ""},
		{"data\n\ndata: b\n\n", "b"},
		{": comment\n\n\n\ndata: a\n\n", "a"},
		{":data: x\n\ndatax: y\n\ndat: z\n\nDATA: u\n\ndata: a\n\n", "a"},
		{"\xef\xbb\xbfdata: a\n\n", "a"},
		{"data: a", ""},
		{"data: a\n", ""},
		{"data: a:b: c\n\n", "a:b: c"},
	} {
		if got := strings.Join(events(row.text), "|"); got != row.want {
			t.Errorf("%q: %q, want %q", row.text, got, row.want)
		}
	}
}

// plain reads a whole stream the slow way. A line "data" without a colon has an empty value,
// which no message is: neither reader counts it.
func plain(text string) (list []string) {
	text = strings.TrimPrefix(text, "\xef\xbb\xbf")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var data []string
	scanner := bufio.NewScanner(strings.NewReader(text))
	scanner.Buffer(nil, 1<<20)
	ends := strings.Count(text, "\n")
	for scanner.Scan() && ends > 0 {
		ends--
		line := scanner.Text()
		value, isData := strings.CutPrefix(line, "data:")
		switch {
		case isData:
			data = append(data, strings.TrimPrefix(value, " "))
		case line == "" && data != nil:
			list = append(list, strings.Join(data, "\n"))
			data = nil
		}
	}
	return list
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{"data: a\n\n", "data: a\r\ndata:b\r\r\n", ": x\n\ndata:  \n\n", "\xef\xbbdata: a\n\n", "data\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, want := events(text), plain(text)
		if strings.Join(got, "|") != strings.Join(want, "|") || len(got) != len(want) {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
	})
}
