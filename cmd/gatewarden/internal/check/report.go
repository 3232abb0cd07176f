package check

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteText writes the result for people, in colour if asked to.
func (r *Result) WriteText(out io.Writer, colour bool) error {
	w := &textWriter{out: out, colour: colour}
	group, why := "", ""
	for _, f := range r.Findings {
		if g := groupOf(f); g != group {
			w.printf("%s\n\n", w.bold(g))
			group, why = g, ""
		}
		w.finding(f, f.Why != why)
		why = f.Why
	}
	for _, file := range r.Empty {
		w.printf("%s: no instance of Gatewarden is in it\n", Printable(file))
	}
	w.printf("%s checked, %s: %s\n", count(r.Files, "file"), count(r.Instances, "instance"), r.summary())
	return w.err
}

func groupOf(f Finding) string {
	if f.Where == "" {
		return Printable(f.File)
	}
	return Printable(f.File + ": " + f.Where)
}

func (r *Result) summary() string {
	errors, warnings := r.Count(Error), r.Count(Warning)
	switch {
	case errors+warnings == 0:
		return "nothing found"
	case warnings == 0:
		return count(errors, "error")
	case errors == 0:
		return count(warnings, "warning")
	}
	return count(errors, "error") + ", " + count(warnings, "warning")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

type textWriter struct {
	out    io.Writer
	colour bool
	err    error
}

func (w *textWriter) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format, args...)
	}
}

func (w *textWriter) bold(s string) string { return w.in("1", s) }

func (w *textWriter) in(code, s string) string {
	if !w.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (w *textWriter) finding(f Finding, withWhy bool) {
	severity := w.in("1;31", string(Error))
	if f.Severity == Warning {
		severity = w.in("1;33", string(Warning))
	}
	w.printf("  %s:%d: %s: %s\n", Printable(f.File), f.Line, severity, w.bold(Printable(said(f))))
	if withWhy && f.Why != "" {
		w.printf("    why: %s\n", Printable(f.Why))
	}
	if f.Remedy != "" {
		w.printf("    do:  %s\n", Printable(f.Remedy))
	}
	w.printf("\n")
}

// said is what is wrong, with its path.
func said(f Finding) string {
	if f.Path == "" {
		return f.Message
	}
	return f.Path + ": " + f.Message
}

// Printable keeps what comes from a file from steering the terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}

// WriteJSON writes the result for programs.
func (r *Result) WriteJSON(out io.Writer) error {
	findings := r.Findings
	if findings == nil {
		findings = []Finding{}
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Files     int       `json:"files"`
		Instances int       `json:"instances"`
		Errors    int       `json:"errors"`
		Warnings  int       `json:"warnings"`
		Findings  []Finding `json:"findings"`
	}{r.Files, r.Instances, r.Count(Error), r.Count(Warning), findings})
}

// WriteGitHub writes the findings as annotations, which GitHub Actions shows beside
// the lines that they are about.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func (r *Result) WriteGitHub(out io.Writer) error {
	for _, f := range r.Findings {
		text := said(f) + "\n" + f.Why + "\nDo: " + f.Remedy
		if f.Where != "" {
			text = f.Where + "\n" + text
		}
		if _, err := fmt.Fprintf(out, "::%s file=%s,line=%d,title=%s::%s\n", f.Severity,
			escapeProperty(f.File), f.Line, escapeProperty("gatewarden "+f.Rule), escapeData(text)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%s checked, %s: %s\n", count(r.Files, "file"), count(r.Instances, "instance"), r.summary())
	return err
}

func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(s))
}
