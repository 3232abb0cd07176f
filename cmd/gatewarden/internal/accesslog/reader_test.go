package accesslog

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
)

func lineAt(ms int, path string) string {
	return fmt.Sprintf(`{"time":%d,"method":"GET","path":"%s","status":200}`, 1_000_000_000_000+ms, path) + "\n"
}

// readAll reads logs to their end.
func readAll(t *testing.T, files ...File) ([]string, *Reader, error) {
	t.Helper()
	r := parserWith(t, 0).Open(t.Context(), files)
	defer r.Close()
	var paths []string
	for {
		records, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return paths, r, nil
		}
		if err != nil {
			return paths, r, err
		}
		for _, record := range records {
			paths = append(paths, record.Path)
		}
	}
}

func numbered(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(lineAt(i, fmt.Sprintf("/%d", i)))
	}
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t *testing.T, text string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// bzipped is one line, compressed by bzip2: Go can only read that.
const bzipped = "QlpoOTFBWSZTWclXr1kAAB1fgABQEATwEAKABAA2Ys4aIABUQgAAAGhAhBmpkxMaakGTuNfa5egtLwUGkj50UACxWet1UHC2+vjNivvDjtIr/F3JFOFCQyVevWQ="

func TestBzip2(t *testing.T) {
	packed, err := base64.StdEncoding.DecodeString(bzipped)
	if err != nil {
		t.Fatal(err)
	}
	if paths, _, err := readAll(t, File{"a.bz2", bytes.NewReader(packed)}); err != nil || len(paths) != 1 || paths[0] != "/bzip2" {
		t.Errorf("%v, %v", paths, err)
	}
}

// Whatever a log is compressed with and in however many files it is, in whatever
// order: what comes out is in the order of the times. Three files are several chunks
// each.
func TestReader(t *testing.T) {
	const n = 9000
	for name, pack := range map[string]func(*testing.T, string) string{
		"plain": func(_ *testing.T, text string) string { return text }, "gzip": gzipped, "zstd": zstandard,
	} {
		t.Run(name, func(t *testing.T) {
			var odd, even strings.Builder
			for i := 6000; i < n; i++ {
				to := &odd
				if i%2 == 0 {
					to = &even
				}
				to.WriteString(lineAt(i, fmt.Sprintf("/%d", i)))
			}
			paths, r, err := readAll(t,
				File{"2", strings.NewReader(pack(t, odd.String()))},
				File{"3", strings.NewReader(pack(t, numbered(0, 6000)))},
				File{"4", strings.NewReader(pack(t, strings.TrimSuffix(even.String(), "\n")))})
			if err != nil || len(paths) != n {
				t.Fatalf("%d of %d, %v", len(paths), n, err)
			}
			for i, path := range paths {
				if path != fmt.Sprintf("/%d", i) {
					t.Fatalf("%s is number %d", path, i)
				}
			}
			if c := r.Counts(); c != (Counts{Lines: n, Requests: n}) {
				t.Errorf("%+v", c)
			}
		})
	}
}

// Unreadable lines have the number that an editor shows, in every chunk.
func TestReaderTellsWhere(t *testing.T) {
	var b strings.Builder
	wrong := map[int]bool{3: true, 2000: true, 7000: true}
	for i := 1; i <= 7000; i++ {
		switch {
		case wrong[i]:
			b.WriteString("{\n")
		case i == 4:
			b.WriteString("\n")
		case i == 6000:
			b.WriteString(strings.Repeat("x", maxLine+chunkSize) + "\n")
		default:
			b.WriteString(lineAt(i, "/"))
		}
	}
	_, r, err := readAll(t, File{"a.log", strings.NewReader(b.String())})
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Counts(); c != (Counts{Lines: 7000, Requests: 6995, Unreadable: 4, Other: 1}) {
		t.Errorf("%+v", c)
	}
	const broken, long = "it begins like JSON, and breaks off behind column 1", "it is longer than a line of a log can be"
	want := []Problem{{"a.log", 3, broken}, {"a.log", 2000, broken}, {"a.log", 6000, long}, {"a.log", 7000, broken}}
	if got := r.Problems(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReaderReportsWhatCannotBeRead(t *testing.T) {
	for _, row := range []struct {
		name string
		in   io.Reader
		want string
	}{
		{"a broken disk", io.MultiReader(strings.NewReader(numbered(0, 3)), iotest.ErrReader(errors.New("no disk"))), "a.log: no disk"},
		{"half a gzip", strings.NewReader(gzipped(t, numbered(0, 1000))[:500]), "a.log: unexpected EOF"},
		{"xz", strings.NewReader("\xfd7zXZ\x00..."), "a.log: " + errXZ.Error()},
	} {
		if _, _, err := readAll(t, File{"a.log", row.in}); err == nil || err.Error() != row.want {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// A reader that stops does not block the others.
func TestReaderStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	in, _ := io.Pipe() // never says anything
	r := parserWith(t, 0).Open(ctx, []File{{"-", in}})
	defer r.Close()
	stop()
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
