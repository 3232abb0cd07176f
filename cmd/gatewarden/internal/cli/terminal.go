package cli

import (
	"io"
	"os"
)

// colourful tells whether what is written to out may have colours: on a terminal,
// unless the user wants none. https://no-color.org
func colourful(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
