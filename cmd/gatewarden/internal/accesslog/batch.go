package accesslog

import "strings"

// Batch is what a piece of a file says.
type Batch struct {
	Records []Record
	Counts
	// Problems are the first unreadable lines.
	Problems []Problem
}

// Counts are numbers of lines.
type Counts struct {
	Lines int `json:"lines"`
	// Requests are the lines that were read.
	Requests int `json:"requests"`
	// Unreadable are those that could not.
	Unreadable int `json:"unreadable"`
	// Other are empty lines, and those of other logs in the same file.
	Other int `json:"other"`
	// NoRequest are those about connections that brought no request.
	NoRequest int `json:"no_request"`
}

func (c *Counts) add(more Counts) {
	c.Lines += more.Lines
	c.Requests += more.Requests
	c.Unreadable += more.Unreadable
	c.Other += more.Other
	c.NoRequest += more.NoRequest
}

// Problem is a line that could not be read.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// maxProblems is how many are kept.
const maxProblems = 5

// parseChunk reads the lines of a chunk.
func (p *Parser) parseChunk(file string, c chunk) *Batch {
	b := &Batch{Records: make([]Record, 0, strings.Count(c.text, "\n")+1)}
	for _, line := range c.long {
		b.Lines++
		b.refuse(Problem{file, line, "it is longer than a line of a log can be"})
	}
	for number := c.line; c.text != ""; number++ {
		var line string
		line, c.text, _ = strings.Cut(c.text, "\n")
		b.Lines++
		b.Records = b.Records[:len(b.Records)+1]
		is, problem := p.parse(line, &b.Records[len(b.Records)-1])
		if is == isRecord {
			b.Requests++
			continue
		}
		b.Records = b.Records[:len(b.Records)-1]
		switch is {
		case isOther:
			b.Other++
		case isNoRequest:
			b.NoRequest++
		default:
			b.refuse(Problem{file, number, problem})
		}
	}
	return b
}

func (b *Batch) refuse(p Problem) {
	b.Unreadable++
	if len(b.Problems) < maxProblems {
		b.Problems = append(b.Problems, p)
	}
}
