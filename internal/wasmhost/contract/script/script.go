// Package script is the language in which the contract's rows tell the guest
// what to do. Both sides use it, so it stays small.
package script

import (
	"encoding/hex"
	"errors"
	"strings"
)

// Step is one operation that the guest carries out in a callback.
type Step struct {
	Phase string // "request", "request-body", "request-trailers", "response", "response-body", "response-trailers", "log"
	Op    string
	Args  []string
}

// Encode writes steps as the value of a request header.
func Encode(steps []Step) string {
	words := make([]string, len(steps))
	for i, s := range steps {
		fields := []string{s.Phase, s.Op}
		for _, arg := range s.Args {
			fields = append(fields, hex.EncodeToString([]byte(arg)))
		}
		words[i] = strings.Join(fields, ":")
	}
	return strings.Join(words, " ")
}

// Decode reads what Encode writes.
func Decode(s string) ([]Step, error) {
	var steps []Step
	for _, word := range strings.Fields(s) {
		fields := strings.Split(word, ":")
		if len(fields) < 2 {
			return nil, errors.New("script: step without an operation: " + word)
		}
		step := Step{Phase: fields[0], Op: fields[1]}
		for _, field := range fields[2:] {
			arg, err := hex.DecodeString(field)
			if err != nil {
				return nil, err
			}
			step.Args = append(step.Args, string(arg))
		}
		steps = append(steps, step)
	}
	return steps, nil
}
