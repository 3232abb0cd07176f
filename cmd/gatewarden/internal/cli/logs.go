package cli

import (
	"io"
	"os"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
)

// openLogs opens the logs; size is their total size, 0 if it is not known.
func openLogs(names []string, in io.Reader) (files []accesslog.File, size int64, err error) {
	known := true
	for _, name := range names {
		if name == "-" {
			files, known = append(files, accesslog.File{Name: "-", Reader: in}), false
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			closeLogs(files)
			return nil, 0, err
		}
		files = append(files, accesslog.File{Name: name, Reader: file})
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		} else {
			known = false
		}
	}
	if !known {
		size = 0
	}
	return files, size, nil
}

func closeLogs(files []accesslog.File) {
	for _, f := range files {
		if c, ok := f.Reader.(*os.File); ok && f.Name != "-" {
			_ = c.Close() // it was only read
		}
	}
}
