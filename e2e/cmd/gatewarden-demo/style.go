package main

import (
	"io"
	"os"
	"strings"
)

// width is what lines are kept to, where they can be divided.
const width = 80

// style marks text for people at a terminal.
type style struct{ on bool }

// styleOf returns a style without colours if out is not a terminal, or if the user does
// not want them (https://no-color.org).
func styleOf(out io.Writer) style {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return style{}
	}
	info, err := file.Stat()
	return style{on: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (s style) bold(text string) string  { return s.mark("1", text) }
func (s style) green(text string) string { return s.mark("32", text) }
func (s style) red(text string) string   { return s.mark("31", text) }

func (s style) mark(code, text string) string {
	if !s.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// foldCommand divides a shell command before options and addresses, so that it still
// can be pasted. The lines below the first begin with indent and two spaces more.
func foldCommand(command, indent string) string {
	return fold(command, " \\\n"+indent+"  ", width-len(indent)-4, []string{" -", " http", " 'http", " |"})
}

// foldText divides a text at spaces and behind commas.
func foldText(text, indent string) string {
	return fold(text, "\n"+indent, width-len(indent), []string{" ", ","})
}

// fold breaks text into lines of at most that many bytes, at the last mark in each, or at
// the first mark behind it if there is none. A comma stays before the break, a space is
// dropped.
func fold(text, brk string, most int, marks []string) string {
	var out strings.Builder
	for len(text) > most {
		at := lastOf(text[:most], marks)
		if at <= 0 {
			at = firstOf(text, marks)
		}
		if at <= 0 {
			break
		}
		if text[at] == ',' {
			at++
		}
		out.WriteString(strings.TrimSuffix(text[:at], " "))
		if text = strings.TrimPrefix(text[at:], " "); text != "" {
			out.WriteString(brk)
		}
	}
	out.WriteString(text)
	return out.String()
}

func lastOf(text string, marks []string) int {
	at := -1
	for _, mark := range marks {
		at = max(at, strings.LastIndex(text, mark))
	}
	return at
}

func firstOf(text string, marks []string) int {
	at := -1
	for _, mark := range marks {
		if i := strings.Index(text, mark); i >= 0 && (at < 0 || i < at) {
			at = i
		}
	}
	return at
}
