package mcpreaders

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// programs are the commands of the readers in other languages.
func programs(t *testing.T) [][]string {
	t.Helper()
	installed, err := filepath.Abs("../../.tools/mcpclients")
	require.NoError(t, err)
	const remedy = "run scripts/install-mcp-clients at the top of the repository"
	node, python := filepath.Join(installed, "node"), filepath.Join(installed, "python", "bin", "python")
	require.DirExists(t, filepath.Join(node, "node_modules", "@modelcontextprotocol"), remedy)
	require.FileExists(t, python, remedy)
	return [][]string{{"node", "reader.mjs", node}, {python, "reader.py"}}
}

// reading is what the readers of a program make of a body. A reader that is missing refuses it.
type reading map[string][]call

// UnmarshalJSON reads a program's line.
func (r *reading) UnmarshalJSON(line []byte) error {
	var lists map[string][][5]string
	if err := json.Unmarshal(line, &lists); err != nil {
		return err
	}
	*r = reading{}
	for name, list := range lists {
		calls := []call{}
		for _, v := range list {
			calls = append(calls, call{v[0], v[1], v[2], v[3], v[4]})
		}
		(*r)[name] = calls
	}
	return nil
}

// ask lets a program read all bodies.
func ask(command []string, bodies [][]byte) ([]reading, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		w := bufio.NewWriter(in)
		for _, body := range bodies {
			_ = binary.Write(w, binary.BigEndian, uint32(len(body)))
			_, _ = w.Write(body) // a program that has ended is missed below
		}
		_ = w.Flush()
		_ = in.Close()
	}()
	var all []reading
	for decoder := json.NewDecoder(out); decoder.More(); {
		var r reading
		if err := decoder.Decode(&r); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%q: %w", command, err)
	}
	if len(all) != len(bodies) {
		return nil, fmt.Errorf("%q read %d of %d bodies", command, len(all), len(bodies))
	}
	return all, nil
}
